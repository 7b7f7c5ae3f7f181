"""The scheduler's rules: pure functions and frozen values, no I/O, no clock.

`yaml_file`, `section`, `policy_file`, `pack` read what a policy owner wrote; `pack_check` and `condition_check` doubt it,
`pack_schema` publishes its form. `policy`, `conditions`, `sampling`, `windows`, `caps`, `merge` are the rules one by one;
`book` compiles the active policies; `facts`, `customer`, `task` are what they work on; `decide`, `batch`, `contacts`
and `release` put them together. `chain` are the steps of a policy, `waiting` what its runs wait for, `outcome` what a
contact came to; `run` moves one run, `runs` all that an event concerns. `explain` says in Chinese what came of it.
`simulation` runs them without a platform: `scenario`, `scenario_file` and `rehearsal` are a pack's tests, `trial` the
figures of a trial run.
"""
