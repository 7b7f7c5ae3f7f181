"""Counting the funnel again: what the six databases hold against what the topics say, every mismatch named.

`kept` reads the databases, `heard` what the topics said, `topics` fetches them, `settle` waits for work in flight. `checks`
compares both without any I/O; `figures` and `notices` work out from the events alone what analytics and notifications
should have come to; `report` shows it.
"""
