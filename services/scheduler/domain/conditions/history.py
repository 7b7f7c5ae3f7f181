"""Conditions that look back: how often something happened to the customer, or how often they were contacted.

`{history: {events: [complaint.opened], same: category.code, in_a_row: true, within: {days: 365}}, op: ge, value: 2}` counts
events up to the one being decided on, itself included; `{history: {contacts: true, within: {days: 365}}, op: eq, value: 0}`
counts contacts planned or made.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from typing import Any

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.memory import Remembered
from shared.conditions.comparisons import as_number
from shared.contracts.registry import short_name, wire_type
from shared.paths import value_at
from shared.zone import local_day

Content = Mapping[str, Any]
Count = Callable[[Fact, Customer], int | float]


@dataclass(frozen=True)
class History:
    """`same`: only events with the decided fact's value at this path; `result`: only those with this result.

    `in_a_row`: back to the first event that is another in these respects. `within` days: 0 = as far as is remembered.
    `sum`: the sum of the numbers at this path instead of how many there are. `contacts`: contacts instead of events.
    """

    events: tuple[str, ...] = ()
    same: str = ""
    result: str = ""
    in_a_row: bool = False
    within: int = 0
    contacts: bool = False
    sum: str = ""

    @property
    def paths(self) -> tuple[str, ...]:
        """What must be remembered of each event."""
        return tuple(path for path in (self.same, self.sum) if path)


def history_of(content: Content) -> History:
    """The history of a leaf's canonical content."""
    return History(
        tuple(short_name(name) for name in content.get("events", ())),
        content.get("same", ""),
        content.get("result", ""),
        content.get("in_a_row", False),
        content.get("within", {}).get("days", 0),
        content.get("contacts", False),
        content.get("sum", ""),
    )


def counter(history: History) -> Count:
    """The count as a function of the decided fact and its customer, who remembers that fact."""
    return _contacts(history) if history.contacts else _events(history)


def to_remember(histories: Iterable[History]) -> dict[str, tuple[str, ...]]:
    """Wire type → the paths whose values must be remembered of such events."""
    found: dict[str, set[str]] = {}
    for history in histories:
        for name in history.events:
            found.setdefault(wire_type(name), set()).update(history.paths)
    return {wire: tuple(sorted(paths)) for wire, paths in found.items()}


def _contacts(history: History) -> Count:
    back = timedelta(days=history.within)

    def count(fact: Fact, customer: Customer) -> int:
        since = local_day(fact.at) - back
        return sum(contact.day >= since for contact in customer.contacts)

    return count


def _events(history: History) -> Count:
    names, path = frozenset(history.events), history.same.split(".")

    def count(fact: Fact, customer: Customer) -> int | float:
        same = value_at(fact.data, path) if history.same else None
        if history.same and same is None:
            return 0

        def alike(one: Remembered) -> bool:
            return (not history.same or one.values.get(history.same) == same) and history.result in ("", one.result)

        past = _newest_first(history, names, fact, customer)
        counted = takewhile(alike, past) if history.in_a_row else filter(alike, past)
        return _total(counted, history.sum) if history.sum else sum(1 for _ in counted)

    return count


def _newest_first(history: History, names: frozenset[str], fact: Fact, customer: Customer) -> Iterator[Remembered]:
    """Events of these names up to the fact; later ones are not its history, in whatever order they came."""
    since = fact.at - timedelta(days=history.within) if history.within else None
    past = sorted(customer.memory, key=lambda one: (one.at, one.key), reverse=True)
    return (one for one in past if one.name in names and one.at <= fact.at and (since is None or one.at > since))


def _total(events: Iterable[Remembered], path: str) -> float:
    """Amounts travel as text; what is no number counts as nothing."""
    return float(sum(as_number(one.values.get(path)) or 0 for one in events))
