"""Conditions as a structured tree, compiled once into closures; what fails is named with the value it had.

A tree is `{all: [...]}`, `{any: [...]}`, `{not: {...}}` or a leaf `{field, op, value}`. A field is a dotted path of the
event's data (`product.category`, `lines.0.sku`), `event.type|time|source`, or `customer.<attribute>` of the profile.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from services.scheduler.domain.comparisons import comparison
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact

Getter = Callable[[Fact, Customer], Any]


class Failure(NamedTuple):
    """The leaf that did not hold and the value it met; `op` is prefixed with `not ` below a `not`."""

    field: str
    op: str
    expected: Any
    actual: Any


Check = Callable[[Fact, Customer], Failure | None]
EVENT_FIELDS = ("type", "time", "source")


def compile_condition(tree: Mapping[str, Any] | None) -> Check:
    """The tree as one function: None when it holds, else the failure. The tree must have been checked (`pack`)."""
    if tree is None:
        return lambda fact, customer: None
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
    def check(fact: Fact, customer: Customer) -> Failure | None:
        for inner in checks:
            if (failure := inner(fact, customer)) is not None:
                return failure
        return None

    return check


def _any(checks: Sequence[Check]) -> Check:
    def check(fact: Fact, customer: Customer) -> Failure | None:
        first: Failure | None = None
        for inner in checks:
            if (failure := inner(fact, customer)) is None:
                return None
            first = first or failure
        return first

    return check


def _not(inner: Check, leaf: Mapping[str, Any]) -> Check:
    get = getter(leaf["field"])

    def check(fact: Fact, customer: Customer) -> Failure | None:
        if inner(fact, customer) is not None:
            return None
        return Failure(leaf["field"], f"not {leaf['op']}", leaf.get("value"), get(fact, customer))

    return check


def _leaf(leaf: Mapping[str, Any]) -> Check:
    field, op, expected = leaf["field"], leaf["op"], leaf.get("value", True)
    get, holds = getter(field), comparison(field, op, expected)

    def check(fact: Fact, customer: Customer) -> Failure | None:
        actual = get(fact, customer)
        return None if holds(actual) else Failure(field, op, expected, actual)

    return check


def getter(field: str) -> Getter:
    root, *path = field.split(".")
    if root == "event" and len(path) == 1 and path[0] in EVENT_FIELDS:
        attribute = {"type": "name", "time": "at", "source": "source"}[path[0]]
        return lambda fact, customer: getattr(fact, attribute)
    if root == "customer":
        return lambda fact, customer: _walk(customer.profile, path)
    if not path:
        return lambda fact, customer: fact.data.get(root)
    if len(path) == 1:
        (leaf,) = path
        return lambda fact, customer: inner.get(leaf) if type(inner := fact.data.get(root)) is dict else None
    return lambda fact, customer: _walk(fact.data, (root, *path))


def _walk(value: Any, path: Sequence[str]) -> Any:
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
