"""Conditions of message rules, in the one language of conditions: what a name in them stands for.

A field is a dotted path of the event's data (`customer.level` as the event tells it) or `event.type`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from shared.conditions import tree as conditions
from shared.conditions.declared import EVENT_TYPE, Known
from shared.conditions.tree import FIELD, HISTORY, Failure, compile_tree
from shared.paths import value_at

Content = Mapping[str, Any]
Data = Mapping[str, Any]
Check = Callable[[Data, str], Failure | None]
VARIABLES = ("data", "event", "customer")
SAY_CONDITION = "条件，如 {field: grade, op: eq, value: major}；几个条件写在 all 或 any 之下"


def _wrong(path: str) -> str:
    return "event 之下只有 type" if path.startswith("event.") and path != EVENT_TYPE else ""


MESSAGES = Known(
    VARIABLES,
    {
        HISTORY: "消息规则只看这一个事件，不能写 history；往事请写在策略的条件里",
        "named": "pack.yaml 里有名称的条件只用在策略里，请直接写条件",
    },
    _wrong,
)


class _Names(conditions.Names[Data, str]):
    variables = VARIABLES

    def getter(self, leaf: Content) -> conditions.Getter[Data, str]:
        path = leaf[FIELD].split(".")
        return (lambda data, event: event) if leaf[FIELD] == EVENT_TYPE else (lambda data, event: value_at(data, path))

    def meant(self, leaf: Content) -> Any:
        return leaf.get("value", True)

    def values(self, one: Data, other: str) -> Content:
        customer = one.get("customer")
        return {
            "data": one,
            "event": {"type": other},
            "customer": customer if isinstance(customer, Mapping) else {},
        }


NAMES = _Names()


def compile_condition(tree: Content | None) -> Check:
    """The condition as a function of an event's data and name: None when it holds, else the failure."""
    return compile_tree(tree, NAMES)
