"""Conditions as a structured tree, compiled once into closures; what fails is named with the value it had.

A tree is `{all: [...]}`, `{any: [...]}`, `{not: {...}}` or a leaf `{field, op, value}`. A field is a dotted path of the
event's data (`product.category`, `lines.0.sku`), `event.type|time|source`, or `customer.<attribute>` of the profile.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from services.scheduler.domain.facts import Fact
from shared.contracts.registry import short_name
from shared.zone import ORG_ZONE

Profile = Mapping[str, Any]
Getter = Callable[[Fact, Profile], Any]
Test = Callable[[Any], bool]


class Failure(NamedTuple):
    """The leaf that did not hold and the value it met; `op` is prefixed with `not ` below a `not`."""

    field: str
    op: str
    expected: Any
    actual: Any


Check = Callable[[Fact, Profile], Failure | None]
ORDERINGS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda actual, bound: actual > bound,
    "ge": lambda actual, bound: actual >= bound,
    "lt": lambda actual, bound: actual < bound,
    "le": lambda actual, bound: actual <= bound,
}
OPERATORS = ("eq", "ne", "in", "not_in", *ORDERINGS, "exists", "contains", "matches")
EVENT_FIELDS = ("type", "time", "source")
LONGEST_MATCHED = 2000


def compile_condition(tree: Mapping[str, Any] | None) -> Check:
    """The tree as one function: None when it holds, else the failure. The tree must have been checked (`pack`)."""
    if tree is None:
        return lambda fact, profile: None
    if "all" in tree:
        return _all([compile_condition(branch) for branch in tree["all"]])
    if "any" in tree:
        return _any([compile_condition(branch) for branch in tree["any"]])
    if "not" in tree:
        return _not(compile_condition(tree["not"]), next(leaves(tree["not"])))
    return _leaf(tree)


def leaves(tree: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    """Every leaf, left to right."""
    if tree is None:
        return
    if "field" in tree:
        yield tree
        return
    inner = tree.get("all") or tree.get("any") or [tree["not"]]
    for branch in inner:
        yield from leaves(branch)


def _all(checks: Sequence[Check]) -> Check:
    def check(fact: Fact, profile: Profile) -> Failure | None:
        for inner in checks:
            if (failure := inner(fact, profile)) is not None:
                return failure
        return None

    return check


def _any(checks: Sequence[Check]) -> Check:
    def check(fact: Fact, profile: Profile) -> Failure | None:
        first: Failure | None = None
        for inner in checks:
            if (failure := inner(fact, profile)) is None:
                return None
            first = first or failure
        return first

    return check


def _not(inner: Check, leaf: Mapping[str, Any]) -> Check:
    get = _getter(leaf["field"])

    def check(fact: Fact, profile: Profile) -> Failure | None:
        if inner(fact, profile) is not None:
            return None
        return Failure(leaf["field"], f"not {leaf['op']}", leaf.get("value"), get(fact, profile))

    return check


def _leaf(leaf: Mapping[str, Any]) -> Check:
    field, op, expected = leaf["field"], leaf["op"], leaf.get("value", True)
    get, holds = _getter(field), _test(field, op, expected)

    def check(fact: Fact, profile: Profile) -> Failure | None:
        actual = get(fact, profile)
        return None if holds(actual) else Failure(field, op, expected, actual)

    return check


def _getter(field: str) -> Getter:
    root, *path = field.split(".")
    if root == "event" and len(path) == 1 and path[0] in EVENT_FIELDS:
        attribute = {"type": "name", "time": "at", "source": "source"}[path[0]]
        return lambda fact, profile: getattr(fact, attribute)
    if root == "customer":
        return lambda fact, profile: _walk(profile, path)
    if not path:
        return lambda fact, profile: fact.data.get(root)
    if len(path) == 1:
        (leaf,) = path
        return lambda fact, profile: inner.get(leaf) if type(inner := fact.data.get(root)) is dict else None
    return lambda fact, profile: _walk(fact.data, (root, *path))


def _walk(value: Any, path: Sequence[str]) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _test(field: str, op: str, expected: Any) -> Test:
    if field == "event.type":
        expected = [short_name(name) for name in expected] if isinstance(expected, list) else short_name(expected)
    if op in ORDERINGS:
        return _ordering(ORDERINGS[op], expected)
    if op == "matches":
        pattern = re.compile(expected)
        return lambda actual: isinstance(actual, str) and pattern.search(actual[:LONGEST_MATCHED]) is not None
    if op in ("eq", "ne") and isinstance(expected, str):  # by far the most frequent test, so without a call
        return (lambda actual: bool(actual == expected)) if op == "eq" else (lambda actual: bool(actual != expected))
    return {
        "eq": lambda actual: _same(actual, expected),
        "ne": lambda actual: not _same(actual, expected),
        "in": lambda actual: any(_same(actual, one) for one in expected),
        "not_in": lambda actual: not any(_same(actual, one) for one in expected),
        "exists": lambda actual: (actual is not None) is expected,
        "contains": lambda actual: isinstance(actual, str | list) and expected in actual,
    }[op]


def _same(actual: Any, expected: Any) -> bool:
    """Equal as a policy owner means it: "20.0" is 20, but True is not 1."""
    if isinstance(expected, bool) or isinstance(actual, bool):
        return actual is expected
    if isinstance(expected, int | float) and isinstance(actual, str):
        return _number(actual) == _number(expected)
    return bool(actual == expected)


def _ordering(compare: Callable[[Any, Any], bool], expected: Any) -> Test:
    if isinstance(expected, str):
        moment = _moment(expected)
        return lambda actual: _ordered(compare, actual, moment if isinstance(actual, datetime) else expected)
    bound = _number(expected)
    return lambda actual: _ordered(compare, _number(actual), bound)


def _ordered(compare: Callable[[Any, Any], bool], actual: Any, bound: Any) -> bool:
    return actual is not None and type(actual) is type(bound) and compare(actual, bound)


def _number(value: Any) -> Decimal | None:
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
