"""Whom a policy follows up: percentages, draws of closed periods with their reserves, quotas and ceilings."""
