"""Conditions of policies: a tree or CEL over a fact, its customer, and what is remembered of the customer's past."""
