"""Conditions of policies: what a name in them stands for.

A field is a dotted path of the event's data (`product.category`, `lines.0.sku`), `event.type|time|source`, or
`customer.<attribute>` of the profile; so are the variables of CEL. A history counts what is remembered (see `history`).
"""

from collections.abc import Callable, Mapping
from typing import Any

from services.scheduler.domain.conditions.history import History, counter, history_of
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from shared.conditions import tree as conditions
from shared.conditions.declared import EVENT_FIELDS, EVENT_TYPE, Known
from shared.conditions.tree import FIELD, HISTORY, Failure, compile_tree, leaves
from shared.contracts.registry import short_name
from shared.paths import value_at
from shared.zone import ORG_ZONE

Getter = Callable[[Fact, Customer], Any]
Check = Callable[[Fact, Customer], Failure | None]
Content = Mapping[str, Any]
IS_DATE = "is_date"  # asked of a date that a policy counts from; no operator that a pack may write
VARIABLES = ("data", "event", "customer")
FACTS = Known(VARIABLES)


class _Names(conditions.Names[Fact, Customer]):
    variables = VARIABLES

    def getter(self, leaf: Content) -> Getter:
        return counter(history_of(leaf[HISTORY])) if HISTORY in leaf else getter(leaf[FIELD])

    def meant(self, leaf: Content) -> Any:
        """Of `event.type`, long names count as the short ones."""
        value = leaf.get("value", True)
        if leaf.get(FIELD) != EVENT_TYPE or not isinstance(value, str | list):
            return value
        return short_name(value) if isinstance(value, str) else [short_name(name) for name in value]

    def values(self, one: Fact, other: Customer) -> Content:
        event = {"type": one.name, "time": one.at.astimezone(ORG_ZONE).isoformat(), "source": one.source}
        return {"data": one.data, "event": event, "customer": other.profile}


NAMES = _Names()


def compile_condition(tree: Content | None) -> Check:
    """The condition as a function of a fact and its customer: None when it holds, else the failure."""
    return compile_tree(tree, NAMES)


def histories(tree: Content | None) -> list[History]:
    """Every history that the tree asks for."""
    return [history_of(leaf[HISTORY]) for leaf in leaves(tree) if HISTORY in leaf]


def getter(field: str) -> Getter:
    root, *path = field.split(".")
    if root == "event" and len(path) == 1 and path[0] in EVENT_FIELDS:
        attribute = {"type": "name", "time": "at", "source": "source"}[path[0]]
        return lambda fact, customer: getattr(fact, attribute)
    if root == "customer":
        return lambda fact, customer: value_at(customer.profile, path)
    if not path:
        return lambda fact, customer: fact.data.get(root)
    if len(path) == 1:
        (leaf,) = path
        return lambda fact, customer: inner.get(leaf) if type(inner := fact.data.get(root)) is dict else None
    return lambda fact, customer: value_at(fact.data, (root, *path))
