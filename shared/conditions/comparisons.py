"""One value against what a condition asks of it: equality and order as whoever wrote it means them."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, get_args

from shared.patterns import PatternRefused, compile_pattern
from shared.zone import ORG_ZONE

Test = Callable[[Any], bool]
ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda actual, bound: actual > bound,
    "ge": lambda actual, bound: actual >= bound,
    "lt": lambda actual, bound: actual < bound,
    "le": lambda actual, bound: actual <= bound,
}
Operator = Literal["eq", "ne", "in", "not_in", "gt", "ge", "lt", "le", "exists", "contains", "matches"]
OPERATORS: tuple[Operator, ...] = get_args(Operator)


def comparison(op: str, expected: Any) -> Test:
    """`op` with its `expected` value, compiled."""
    if op in ORDERINGS:
        return _ordering(ORDERINGS[op], expected)
    if op == "matches":
        return _matching(expected)
    return {
        "eq": lambda actual: _same(actual, expected),
        "ne": lambda actual: not _same(actual, expected),
        "in": lambda actual: any(_same(actual, one) for one in expected),
        "not_in": lambda actual: not any(_same(actual, one) for one in expected),
        "exists": lambda actual: (actual is not None) is expected,
        "contains": lambda actual: _contains(actual, expected),
    }[op]


def _matching(pattern: str) -> Test:
    """Of an expression that RE2 does not carry out, accepted when another engine did: nothing matches it."""
    try:
        found = compile_pattern(pattern)
    except PatternRefused:
        return lambda actual: False
    return lambda actual: isinstance(actual, str) and found(actual)


def _contains(actual: Any, expected: Any) -> bool:
    """A list an item, a text a part of it; a number is no part of a text."""
    if isinstance(actual, str):
        return isinstance(expected, str) and expected in actual
    return isinstance(actual, list) and expected in actual


def _same(actual: Any, expected: Any) -> bool:
    """Equal as whoever wrote it means it: "20.0" is 20, but True is not 1."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return actual is expected
    if isinstance(expected, int | float) and isinstance(actual, str):
        return as_number(actual) == as_number(expected)
    return bool(actual == expected)


def _ordering(compare: Callable[[Any, Any], bool], expected: Any) -> Test:
    if isinstance(expected, str):
        moment = _moment(expected)
        return lambda actual: _ordered(compare, actual, moment if isinstance(actual, datetime) else expected)
    bound = as_number(expected)
    return lambda actual: _ordered(compare, as_number(actual), bound)


def _ordered(compare: Callable[[Any, Any], bool], actual: Any, bound: Any) -> bool:
    return actual is not None and type(actual) is type(bound) and compare(actual, bound)


def as_number(value: Any) -> Decimal | None:
    """Amounts travel as text ("1280.50"), so text counts as the number it spells."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=ORG_ZONE)
