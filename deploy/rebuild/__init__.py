"""Projections made anew from the events that every service has kept, beside those that are in use."""
