"""A condition's tree, compiled once into closures; what fails is named with the value it had."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypedDict, TypeVar

import msgspec

from shared.conditions.cel import Answer, CelRefused, compile_cel
from shared.conditions.comparisons import comparison

Content = Mapping[str, Any]
CEL, FIELD, HISTORY = "cel", "field", "history"
LONGEST_SHOWN = 200
S = TypeVar("S", contravariant=True)
T = TypeVar("T", contravariant=True)
A = TypeVar("A")
B = TypeVar("B")


class Failed(TypedDict):
    """The leaf of a condition that did not hold: what was asked, and the value that was met."""

    field: str | Content
    op: str
    value: Any
    actual: Any


class Failure(msgspec.Struct, frozen=True, gc=False):
    """The leaf that did not hold and the value it met; `op` is prefixed with `not ` below a `not`.

    `field` is the field's path, a history's canonical content, or `cel`: then `expected` is the expression and `actual` the
    reason, where there is one.
    """

    field: str | Content
    op: str
    expected: Any
    actual: Any

    def recorded(self) -> Failed:
        """As a record keeps it."""
        return {"field": self.field, "op": self.op, "value": self.expected, "actual": _shown(self.actual)}


Getter = Callable[[A, B], Any]
Check = Callable[[A, B], Failure | None]


class Names(Protocol[S, T]):
    """What the names in somebody's conditions stand for: two values are known when one is asked, such as fact and customer."""

    variables: tuple[str, ...]

    def getter(self, leaf: Content) -> Callable[[S, T], Any]:
        """What a leaf's field, or its history, comes to."""

    def meant(self, leaf: Content) -> Any:
        """The value that a leaf compares with."""

    def values(self, one: S, other: T) -> Mapping[str, Any]:
        """The variables of CEL."""


def compile_tree(tree: Content | None, names: Names[A, B]) -> Check[A, B]:
    """The tree as one function: None when it holds, else the failure. The tree must have been checked (`declared`)."""
    return _Compiler(names).tree(tree) if tree is not None else lambda one, other: None


def leaves(tree: Content | None) -> Iterator[Content]:
    """Every leaf, left to right."""
    if tree is None:
        return
    inner = branches(tree)
    if inner is None:
        yield tree
        return
    for branch in inner:
        yield from leaves(branch)


def branches(tree: Content) -> Sequence[Content] | None:
    """What the tree is made of; None of a leaf."""
    return tree.get("all") or tree.get("any") or ([tree["not"]] if "not" in tree else None)


def holds_for(tree: Content | None, known: Mapping[str, Any]) -> bool | None:
    """Whether the condition holds where only the values of these fields are known; None when that can't be told."""
    if tree is None:
        return True
    if "not" in tree:
        inner = holds_for(tree["not"], known)
        return None if inner is None else not inner
    for key, decisive in (("all", False), ("any", True)):
        if key in tree:
            each = [holds_for(one, known) for one in tree[key]]
            return decisive if decisive in each else None if None in each else not decisive
    if tree.get(FIELD) not in known:
        return None
    return comparison(tree["op"], tree.get("value", True))(known[tree[FIELD]])


def asked_for(tree: Content | None, field: str) -> list[Any]:
    """The values that a condition asks of a field, for equality and not below a `not`; none where it does not."""
    if tree is None or "not" in tree:
        return []
    if (inner := branches(tree)) is not None:
        return [value for one in inner for value in asked_for(one, field)]
    if tree.get(FIELD) != field or tree["op"] not in ("eq", "in"):
        return []
    return list(tree["value"]) if tree["op"] == "in" else [tree["value"]]


class _Compiler(Generic[A, B]):
    def __init__(self, names: Names[A, B]) -> None:
        self._names = names

    def tree(self, tree: Content) -> Check[A, B]:
        if "all" in tree:
            return _all([self.tree(branch) for branch in tree["all"]])
        if "any" in tree:
            return _any([self.tree(branch) for branch in tree["any"]])
        if "not" in tree:
            return self._not(self.tree(tree["not"]), next(leaves(tree["not"])))
        return self._cel(tree[CEL]) if CEL in tree else self._compared(tree)

    def _not(self, inner: Check[A, B], leaf: Content) -> Check[A, B]:
        met = self._met(leaf, f"not {leaf.get('op', CEL)}")

        def check(one: A, other: B) -> Failure | None:
            return met(one, other) if inner(one, other) is None else None

        return check

    def _met(self, leaf: Content, op: str) -> Callable[[A, B], Failure]:
        """What a leaf meets, whether it holds or not."""
        if CEL in leaf:
            return lambda one, other: Failure(CEL, op, leaf[CEL], True)
        get, subject = self._names.getter(leaf), _subject(leaf)
        return lambda one, other: Failure(subject, op, leaf.get("value"), get(one, other))

    def _compared(self, leaf: Content) -> Check[A, B]:
        get, subject, op = self._names.getter(leaf), _subject(leaf), leaf["op"]
        expected, meant = leaf.get("value", True), self._names.meant(leaf)
        if op in ("eq", "ne") and isinstance(expected, str) and meant == expected:
            return _text(subject, get, op, expected)
        holds = comparison(op, meant)

        def check(one: A, other: B) -> Failure | None:
            actual = get(one, other)
            return None if holds(actual) else Failure(subject, op, expected, actual)

        return check

    def _cel(self, expression: str) -> Check[A, B]:
        """Of an expression that was accepted when more was allowed, the answer is why it no longer is."""
        ask, values = _asked(expression, self._names.variables), self._names.values

        def check(one: A, other: B) -> Failure | None:
            answer = ask(values(one, other))
            return None if answer is True else Failure(CEL, CEL, expression, answer)

        return check


def _subject(leaf: Content) -> Any:
    """What a failure names: the field, or the history."""
    return leaf[HISTORY] if HISTORY in leaf else leaf[FIELD]


def _all(checks: Sequence[Check[A, B]]) -> Check[A, B]:
    def check(one: A, other: B) -> Failure | None:
        for inner in checks:
            if (failure := inner(one, other)) is not None:
                return failure
        return None

    return check


def _any(checks: Sequence[Check[A, B]]) -> Check[A, B]:
    def check(one: A, other: B) -> Failure | None:
        first: Failure | None = None
        for inner in checks:
            if (failure := inner(one, other)) is None:
                return None
            first = first or failure
        return first

    return check


def _text(subject: str | Content, get: Getter[A, B], op: str, expected: str) -> Check[A, B]:
    """By far the most frequent leaf, so without the call of a comparison."""
    wanted = op == "eq"

    def check(one: A, other: B) -> Failure | None:
        actual = get(one, other)
        return None if (actual == expected) is wanted else Failure(subject, op, expected, actual)

    return check


def _asked(expression: str, variables: tuple[str, ...]) -> Callable[[Mapping[str, Any]], Answer]:
    try:
        return compile_cel(expression, variables)
    except CelRefused as error:
        reason = str(error)
        return lambda values: reason


def _shown(value: Any) -> Any:
    """A value as a record keeps it: a long text is cut, of a structure only its size is told."""
    if isinstance(value, str):
        return value[:LONGEST_SHOWN]
    return f"（{len(value)} 项）" if isinstance(value, dict | list) else value
