"""Steps: the chain of contacts that one fact starts, and its runs."""
