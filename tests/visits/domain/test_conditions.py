"""Conditions on earlier answers: in the one language, and as they were written before."""

from typing import Any

import pytest

from services.visits.domain.conditions import Condition
from services.visits.domain.definition import kept_definition, modern_definition
from tests.visits.domain.builders import choice, question

ANSWERS = {"one": "a", "many": ["a", "b"], "rating": 3}


def leaf(field: str, op: str, value: Any = True) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


@pytest.mark.parametrize(
    ("tree", "holds"),
    [
        (leaf("one", "eq", "a"), True),
        (leaf("one", "eq", "b"), False),
        (leaf("one", "ne", "b"), True),
        (leaf("one", "in", ["b", "a"]), True),
        (leaf("one", "not_in", ["b"]), True),
        (leaf("many", "contains", "b"), True),
        (leaf("many", "contains", "c"), False),
        (leaf("rating", "lt", 4), True),
        (leaf("rating", "le", 3), True),
        (leaf("rating", "lt", 3), False),
        (leaf("rating", "gt", 2), True),
        (leaf("rating", "ge", 4), False),
        (leaf("one", "exists"), True),
        (leaf("silent", "exists", False), True),
        ({"not": leaf("one", "eq", "b")}, True),
        ({"all": [leaf("one", "eq", "a"), leaf("rating", "gt", 9)]}, False),
        ({"any": [leaf("one", "eq", "b"), leaf("rating", "gt", 2)]}, True),
    ],
)
def test_an_answer_is_compared(tree: dict[str, Any], holds: bool) -> None:
    assert Condition(tree).holds(ANSWERS) is holds


@pytest.mark.parametrize("op", ["eq", "lt", "ge", "contains", "exists"])
def test_without_an_answer_nothing_holds(op: str) -> None:
    assert not Condition(leaf("silent", op)).holds(ANSWERS)


def test_the_same_is_asked_of_questions_under_other_ids() -> None:
    tree = {"any": [leaf("a", "eq", "x"), {"not": leaf("b", "exists")}]}
    renamed = Condition(tree).renamed({"a": "a~2"})
    assert renamed.tree == {"any": [leaf("a~2", "eq", "x"), {"not": leaf("b", "exists")}]}
    assert [one["field"] for one in renamed.comparisons()] == ["a~2", "b"]


# how versions published before were written, what was meant, and for which answers it held
OLDER: list[tuple[dict[str, Any], dict[str, Any], list[Any], list[Any]]] = [
    ({"question": "one", "eq": "a"}, leaf("one", "eq", "a"), ["a"], ["b", None]),
    (
        {"question": "one", "ne": "a"},
        {"all": [{"field": "one", "op": "exists"}, leaf("one", "ne", "a")]},
        ["b"],
        ["a", None],
    ),
    ({"question": "one", "in": ["a", "c"]}, leaf("one", "in", ["a", "c"]), ["a", "c"], ["b", None]),
    ({"question": "rate", "lt": 3}, leaf("rate", "lt", 3), [1, 2], [3, 4, None]),
    ({"question": "rate", "gt": 3}, leaf("rate", "gt", 3), [4, 5], [3, None]),
    ({"question": "yes", "eq": True}, leaf("yes", "eq", "yes"), ["yes"], ["no", "unclear", None]),
    ({"question": "many", "eq": "a"}, leaf("many", "contains", "a"), [["a"], ["b", "a"]], [["b"], None]),
    (
        {"question": "many", "ne": "a"},
        {"all": [{"field": "many", "op": "exists"}, {"not": leaf("many", "contains", "a")}]},
        [["b"]],
        [["a", "b"], None],
    ),
    (
        {"question": "many", "in": ["a", "c"]},
        {"any": [leaf("many", "contains", "a"), leaf("many", "contains", "c")]},
        [["a"], ["b", "c"]],
        [["b"], None],
    ),
    (
        {"all": [{"any": [{"question": "one", "eq": "a"}]}, {"question": "rate", "gt": 1}]},
        {"all": [{"any": [leaf("one", "eq", "a")]}, leaf("rate", "gt", 1)]},
        [],
        [],
    ),
]


def _published(when: Any) -> dict[str, Any]:
    asked = [
        choice("one", "a", "b", "c"),
        question("rate", "rating"),
        question("yes"),
        choice("many", "a", "b", "c") | {"kind": "multiple"},
        question("last", "text", when=when),
    ]
    return {"id": "q", "title": "问卷", "questions": asked}


@pytest.mark.parametrize(("older", "tree", "held", "missed"), OLDER)
def test_a_version_published_before_asks_when_it_asked(
    older: dict[str, Any], tree: dict[str, Any], held: list[Any], missed: list[Any]
) -> None:
    raw = _published(older)
    assert modern_definition(raw)["questions"][4]["when"] == tree
    assert raw == _published(older), "what is stored stays as it is"
    condition = kept_definition(raw).questions[4].when
    assert condition is not None
    (field, *_) = [one["field"] for one in condition.comparisons()]
    assert [condition.holds({field: answer}) for answer in held] == [True] * len(held)
    assert [condition.holds({field: answer}) for answer in missed] == [False] * len(missed)
