"""The rules of complaint handling: pure functions `(case, facts, rules, now) → Change`.

`case` what a case is and what a change of it is · `opening` what becomes a case · `grading` how serious it is · `limits`
how long it may take · `provisional` when that hangs on holidays not yet published · `handling` what people do with it ·
`followup` what the second follow-up does to it · `escalation` when it is raised.
"""
