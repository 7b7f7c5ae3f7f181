"""The scheduler's rules: pure functions and frozen values, no I/O, no clock.

They stand on floors, each importing only those below it (the contract `floors` in pyproject.toml lists them).
At the bottom are values: `facts`, `customer` with what is `kept` of them and their `ledger` of contacts, and `task`; `when`
computes with time. `conditions` ask about a fact and its customer, `whom` says who is followed up, and `policy` is all that a
policy says. Above it `rule` is a compiled policy, `panel` those of an event type and `book` all that are active; `restraint`
and `steps` are the rules about one contact among others and about chains of them; how a contact is made is in `how` and
`choose`. `decide` answers for one fact and `batch` for many, one after the other; `occasion` is a moment at which one policy
wants a contact planned after its fact, and `later` finds such moments. `explain` says in Chinese what came of it,
`simulation` runs all of it without a platform, and `packs` reads what a policy owner wrote.
"""
