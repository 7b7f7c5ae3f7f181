"""Restraint: contacts merged into one, pauses, and what is asked again when a task falls due or waits to be made."""
