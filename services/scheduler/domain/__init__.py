"""The scheduler's rules: pure functions and frozen values, no I/O, no clock.

`section`, `policy_file`, `pack` read what a policy owner wrote; `policy`, `conditions`, `sampling`, `windows`, `caps`,
`merge` are the rules one by one; `book` compiles the active policies; `facts`, `customer`, `task` are what they work on;
`decide` and `release` put them together; `explain` says in Chinese what came of it.
"""
