"""The scheduler's rules: pure functions and frozen values, no I/O, no clock.

`facts`, `customer` and `task` are what the rules work on, `policy` is what a policy says, `rule` a compiled one, `panel`
those of an event type and `book` all that are active. `decide` answers for one fact and `batch` for many, one after the
other; `occasion` is a moment at which one policy wants a contact planned after its fact. The rules one by one are in
packages named after the chapters of the language (`docs/policies.md`): `conditions`, `whom`, `when`, `steps`, `restraint`;
how a contact is made is in `how` and `choose`. `packs` reads what a policy owner wrote, `explain` says in Chinese what came
of it, `simulation` runs all of it without a platform.
"""
