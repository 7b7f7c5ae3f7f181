"""Steps: the chain of contacts that one fact starts, its runs, and what they wait for."""
