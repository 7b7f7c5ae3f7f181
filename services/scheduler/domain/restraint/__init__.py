"""Restraint: caps and the ledger they count by, pauses, merging, and what is asked again when a task falls due."""
