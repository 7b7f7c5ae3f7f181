"""The contact ledger: which contacts count, and the caps that they count for."""
