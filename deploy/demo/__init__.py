"""A generated month of a gas company, worked through the public interfaces; nothing in the services knows of it.

`population` makes customers, `month` the facts, `outcomes` what customers answer: pure and seeded. `post`, `agents` and `units`
are the robots that speak HTTP; `play` runs them on the platform's clock and `report` shows what came of it.
"""
