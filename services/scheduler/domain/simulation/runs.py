"""What runs of a simulation wait for: an event without a customer that concerns them, and the end of a wait."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.steps.chain import Chained, Heeded
from services.scheduler.domain.steps.listen import is_awaited
from services.scheduler.domain.steps.runs import TELLING, signals_of


class Limit(NamedTuple):
    """A wait is over at `moment`; a run that only waits to be told a result plans nothing any more."""

    moment: datetime
    plans: bool


class SimulatedRuns:
    """Finds those whom an event or a moment concerns, as the service's tables do."""

    def __init__(self, heeded: Heeded, chained: Chained) -> None:
        self._heeded = heeded
        self._chained = chained
        self._limits: dict[UUID, datetime] = {}
        self._listeners: dict[str, set[str]] = defaultdict(set)
        self._signals: dict[str, list[Fact]] = defaultdict(list)

    def note(self, customer: Customer) -> Iterator[Limit]:
        """Remember what the customer's runs wait for; gives when new waits will be over."""
        for row in customer.waiting:
            for signal in row.signals:
                self._listeners[signal].add(customer.id)
            if row.until is not None and self._limits.get(row.id) != row.until:
                self._limits[row.id] = row.until
                yield Limit(
                    row.until, row.kind == "event" and not is_further_round(row.step, self._chained.get(row.policy))
                )

    def listening(self, fact: Fact) -> list[str]:
        """The customers whose runs may wait for this event, which names none; in the same order every time."""
        signals = signals_of(fact, self._heeded)
        for signal in signals:
            self._signals[signal].append(fact)
        return sorted({name for signal in signals for name in self._listeners[signal]})

    def missed(self, customer: Customer, now: datetime) -> list[Fact]:
        """Events without a customer that are still told, and happened after the customer's runs began to wait for them."""
        rows = [row for row in customer.waiting if row.kind == "event"]
        known = (fact for row in rows for signal in row.signals for fact in self._signals[signal])
        found = {fact.key: fact for fact in known if fact.at >= now - TELLING}
        awaited = [fact for fact in found.values() if any(is_awaited(row, fact) for row in rows)]
        return sorted(awaited, key=lambda fact: (fact.at, fact.key))


def is_further_round(step: str, policy: Policy | None) -> bool:
    """Whether a step is a round that only time brings, without an end: nothing is finished by waiting for it."""
    if policy is None or policy.chain is None or policy.chain.endless is None:
        return False
    return policy.chain.position_of(step)[0] >= len(policy.chain.steps)
