"""Conditions of questionnaires that were published before there was one language: `{question: a, eq: yes}`.

What is stored stays as it is: it is read in this way as long as a visit may have such a version, so with no end. In files the
old form is a mistake, which names the command that rewrites it.
"""

from collections.abc import Mapping
from typing import Any

from services.visits.domain.questionnaire import plain

QUESTION = "question"
OPERATORS = ("eq", "ne", "in", "lt", "gt")
Content = dict[str, Any]


def is_older(tree: Any) -> bool:
    """Whether any part of a condition of any form is written in the old way."""
    if isinstance(tree, list):
        return any(map(is_older, tree))
    if not isinstance(tree, Mapping):
        return False
    return QUESTION in tree or any(is_older(tree[key]) for key in ("all", "any") if key in tree)


def modern(tree: Any, several: set[str]) -> Any:
    """The condition in the language of today; what has another form stays as it is.

    `several` are the questions with several answers, each of which used to be compared.
    """
    if not isinstance(tree, Mapping):
        return tree
    if QUESTION not in tree:
        return {key: [modern(one, several) for one in below] if isinstance(below, list) else below
                for key, below in tree.items()}  # fmt: skip
    question = tree[QUESTION]
    operator = next((name for name in OPERATORS if name in tree), "")
    value = tree.get(operator)
    value = [plain(one) for one in value] if isinstance(value, list) else plain(value)
    return _contains(question, operator, value) if question in several else _compares(question, operator, value)


def _compares(question: Any, operator: str, value: Any) -> Content:
    leaf = {"field": question, "op": operator, "value": value}
    return leaf if operator != "ne" else {"all": [_answered(question), leaf]}


def _contains(question: Any, operator: str, value: Any) -> Content:
    values = value if isinstance(value, list) else [value]
    chosen: list[Content] = [{"field": question, "op": "contains", "value": one} for one in values]
    one_of = chosen[0] if len(chosen) == 1 else {"any": chosen}
    return {"all": [_answered(question), {"not": one_of}]} if operator == "ne" else one_of


def _answered(question: Any) -> Content:
    """An answer that is another needs to be there; in today's language none is another too."""
    return {"field": question, "op": "exists"}
