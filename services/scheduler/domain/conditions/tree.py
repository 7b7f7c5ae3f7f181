"""Conditions as a structured tree, compiled once into closures; what fails is named with the value it had.

A tree is `{all: [...]}`, `{any: [...]}`, `{not: {...}}` or a leaf. A leaf is `{field, op, value}`, `{history, op, value}`
(see `history`) or `{cel: expression}` (see `cel`). A field is a dotted path of the event's data (`product.category`,
`lines.0.sku`), `event.type|time|source`, or `customer.<attribute>` of the profile.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from services.scheduler.domain.conditions.cel import Ask, CelRefused, compile_cel
from services.scheduler.domain.conditions.comparisons import comparison
from services.scheduler.domain.conditions.history import History, counter, history_of
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.detail import Failed
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.paths import value_at
from services.scheduler.domain.value import Value

Getter = Callable[[Fact, Customer], Any]
Content = Mapping[str, Any]
CEL = "cel"
IS_DATE = "is_date"  # asked of a date that a policy counts from; no operator that a pack may write


class Failure(Value, frozen=True):
    """The leaf that did not hold and the value it met; `op` is prefixed with `not ` below a `not`.

    `field` is the data path, a history's canonical content, or `cel`: then `expected` is the expression and `actual` the
    reason, where there is one.
    """

    field: str | Content
    op: str
    expected: Any
    actual: Any

    def recorded(self) -> Failed:
        """As a decision's record keeps it."""
        return {"field": self.field, "op": self.op, "value": self.expected, "actual": _shown(self.actual)}


Check = Callable[[Fact, Customer], Failure | None]
EVENT_FIELDS = ("type", "time", "source")
EVENT_TYPE = "event.type"
LONGEST_SHOWN = 200


def compile_condition(tree: Content | None) -> Check:
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


def leaves(tree: Content | None) -> Iterator[Content]:
    """Every leaf, left to right."""
    if tree is None:
        return
    inner = tree.get("all") or tree.get("any") or ([tree["not"]] if "not" in tree else None)
    if inner is None:
        yield tree
        return
    for branch in inner:
        yield from leaves(branch)


def histories(tree: Content | None) -> list[History]:
    """Every history that the tree asks for."""
    return [history_of(leaf["history"]) for leaf in leaves(tree) if "history" in leaf]


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


def _not(inner: Check, leaf: Content) -> Check:
    met = _met(leaf, f"not {leaf.get('op', CEL)}")

    def check(fact: Fact, customer: Customer) -> Failure | None:
        return met(fact, customer) if inner(fact, customer) is None else None

    return check


def _met(leaf: Content, op: str) -> Callable[[Fact, Customer], Failure]:
    """What a leaf meets, whether it holds or not."""
    if CEL in leaf:
        return lambda fact, customer: Failure(CEL, op, leaf[CEL], True)
    get, subject = (
        (counter(history_of(leaf["history"])), leaf["history"])
        if "history" in leaf
        else (getter(leaf["field"]), leaf["field"])
    )
    return lambda fact, customer: Failure(subject, op, leaf.get("value"), get(fact, customer))


def _leaf(leaf: Content) -> Check:
    if CEL in leaf:
        return _cel(leaf[CEL])
    if "history" in leaf:
        return _compared(leaf["history"], "", counter(history_of(leaf["history"])), leaf)
    return _compared(leaf["field"], leaf["field"], getter(leaf["field"]), leaf)


def _compared(subject: str | Content, field: str, get: Getter, leaf: Content) -> Check:
    op, expected = leaf["op"], leaf.get("value", True)
    if op in ("eq", "ne") and isinstance(expected, str) and field != EVENT_TYPE:
        return _text(subject, get, op, expected)
    holds = comparison(field, op, expected)

    def check(fact: Fact, customer: Customer) -> Failure | None:
        actual = get(fact, customer)
        return None if holds(actual) else Failure(subject, op, expected, actual)

    return check


def _text(subject: str | Content, get: Getter, op: str, expected: str) -> Check:
    """By far the most frequent leaf, so without the call of a comparison."""
    wanted = op == "eq"

    def check(fact: Fact, customer: Customer) -> Failure | None:
        actual = get(fact, customer)
        return None if (actual == expected) is wanted else Failure(subject, op, expected, actual)

    return check


def _cel(expression: str) -> Check:
    """Of an expression that was accepted when more was allowed, the answer is why it no longer is."""
    try:
        ask = compile_cel(expression)
    except CelRefused as error:
        ask = _refusing(str(error))

    def check(fact: Fact, customer: Customer) -> Failure | None:
        answer = ask(fact, customer)
        return None if answer is True else Failure(CEL, CEL, expression, answer)

    return check


def _refusing(reason: str) -> Ask:
    return lambda fact, customer: reason


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


def _shown(value: Any) -> Any:
    """A value as a record keeps it: a long text is cut, of a structure only its size is told."""
    if isinstance(value, str):
        return value[:LONGEST_SHOWN]
    return f"（{len(value)} 项）" if isinstance(value, dict | list) else value
