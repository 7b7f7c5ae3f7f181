"""All SQL: facts, figures, and what is asked of them."""

from services.analytics.store.facts import case_ids_of, lock_facts, save_facts
from services.analytics.store.figures import add_figures, save_branch_names
from services.analytics.store.reading import (
    Group,
    Sums,
    count_heads,
    list_branch_names,
    list_choices,
    sum_agents,
    sum_by_hour,
    sum_by_kind,
    sum_measures,
)
from services.analytics.store.timeline import erase_words, list_entries, save_entries

__all__ = [
    "Group",
    "Sums",
    "add_figures",
    "case_ids_of",
    "count_heads",
    "erase_words",
    "list_branch_names",
    "list_choices",
    "list_entries",
    "lock_facts",
    "save_branch_names",
    "save_entries",
    "save_facts",
    "sum_agents",
    "sum_by_hour",
    "sum_by_kind",
    "sum_measures",
]
