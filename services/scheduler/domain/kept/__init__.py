"""Kept of a customer: past events that conditions count, the story of their runs, and what the runs wait for."""
