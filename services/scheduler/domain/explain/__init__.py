"""Decisions, runs and the life of tasks in Chinese sentences, for whoever asks "why (not)?"."""
