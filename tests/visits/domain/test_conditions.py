"""Conditions on earlier answers."""

from typing import Any

import pytest

from services.visits.domain.conditions import AllOf, AnyOf, Comparison

ANSWERS = {"one": "a", "many": ["a", "b"], "rating": 3}


@pytest.mark.parametrize(
    ("question", "operator", "value", "holds"),
    [
        ("one", "eq", "a", True),
        ("one", "eq", "b", False),
        ("one", "ne", "b", True),
        ("one", "in", ("b", "a"), True),
        ("one", "in", ("b",), False),
        ("many", "eq", "b", True),
        ("many", "ne", "b", False),
        ("many", "ne", "c", True),
        ("many", "in", ("c", "b"), True),
        ("rating", "lt", 4, True),
        ("rating", "lt", 3, False),
        ("rating", "gt", 2, True),
        ("rating", "gt", 3, False),
    ],
)
def test_an_answer_is_compared(question: str, operator: Any, value: Any, holds: bool) -> None:
    assert Comparison(question, operator, value).holds(ANSWERS) is holds


@pytest.mark.parametrize("operator", ["eq", "ne", "in", "lt", "gt"])
def test_without_an_answer_nothing_holds(operator: Any) -> None:
    assert not Comparison("silent", operator, ()).holds(ANSWERS)


def test_all_and_any_combine() -> None:
    yes, no = Comparison("one", "eq", "a"), Comparison("one", "eq", "b")
    assert AllOf((yes, yes)).holds(ANSWERS)
    assert not AllOf((yes, no)).holds(ANSWERS)
    assert AnyOf((no, yes)).holds(ANSWERS)
    assert not AnyOf((no, no)).holds(ANSWERS)
    assert list(AllOf((yes, AnyOf((no, yes)))).comparisons()) == [yes, no, yes]
