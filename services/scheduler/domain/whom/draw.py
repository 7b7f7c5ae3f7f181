"""Exact draws: so much of a closed period's population, by stratum, reproducible from the stored population and seed.

The population of a period is every matching fact with a customer. When the period has closed, `draw` gives each stratum its
share: of the whole by the largest remainder, so that the total is exact, or of the stratum itself, rounded up. It takes the
first of each stratum in an order that only a keyed hash of policy, period and fact decides. Those next in the order are the
reserve. Nothing depends on when facts arrived.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple
from uuid import UUID

from services.scheduler.domain.when.periods import Period, PeriodKind, period_of

TICKET_BYTES = 16


@dataclass(frozen=True)
class Drawing:
    """How a policy draws: `percent` of the period's population or a `number` of it, over strata told apart by `by`.

    With `each` the percentage is one of every stratum, rounded up, and not of the whole. Every stratum gets at least `minimum`
    (if it has so many), and `reserve` more stand by. A week ends when the weekday `closes` (0 = Monday) begins.
    """

    of: PeriodKind
    percent: float | None = None
    number: int | None = None
    by: tuple[str, ...] = ()
    minimum: int = 0
    reserve: int = 0
    closes: int = 0
    each: bool = False

    def period(self, day: date) -> Period:
        return period_of(self.of, day, self.closes)

    def total(self, population: int) -> int:
        """How many are drawn of so many, minimums apart; a half is rounded up."""
        if self.number is not None:
            return min(self.number, population)
        return floor(self._part(population) + Fraction(1, 2))

    def of_stratum(self, size: int) -> int:
        """How many are drawn of a stratum by itself: its percentage rounded up, and its minimum as far as it has so many."""
        return max(ceil(self._part(size)), min(self.minimum, size))

    def _part(self, population: int) -> Fraction:
        """Exactly so much of it: 0.1 % of 1,000 is 1, and not a little more."""
        return Fraction(str(self.percent)) * population / 100


Share = Callable[[Drawing, Mapping[str, int]], dict[str, int]]


class Stratum(NamedTuple):
    """What came of a stratum: of so many, so many drawn and so many in reserve."""

    name: str
    population: int
    drawn: int
    reserve: int


class Pick(NamedTuple):
    """A fact that was drawn, or stands in reserve; `place` is its place in its stratum's order, from 1."""

    stratum: str
    place: int
    key: UUID
    reserve: bool


class NotInOrder(ValueError):
    """Population members must come in the order of their keys, each once."""


class Urn:
    """The population of one draw, member by member in the order of their keys; then `strata` and `picks`."""

    def __init__(self, drawing: Drawing, seed: str, policy_id: str, period: date) -> None:
        self.drawing = drawing
        key = hashlib.blake2b(seed.encode(), digest_size=32).digest()
        self._hash = hashlib.blake2b(f"{policy_id}\x1f{period}\x1f".encode(), key=key, digest_size=TICKET_BYTES)
        self._print = hashlib.sha256()
        self._tickets: dict[str, list[bytes]] = {}
        self._last = b""

    def put(self, key: UUID, stratum: str) -> None:
        """Raises NotInOrder."""
        name = key.bytes
        if name <= self._last:
            raise NotInOrder(str(key))
        self._last = name
        self._print.update(name + stratum.encode() + b"\n")
        ticket = self._hash.copy()
        ticket.update(name)
        self._tickets.setdefault(stratum, []).append(ticket.digest() + name)

    @property
    def population(self) -> int:
        return sum(map(len, self._tickets.values()))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the members with their strata, in the order of their keys."""
        return self._print.hexdigest()

    def strata(self, share: Share) -> list[Stratum]:
        """What every stratum comes to, by name."""
        sizes = {name: len(tickets) for name, tickets in self._tickets.items()}
        drawn = share(self.drawing, sizes)
        return [
            Stratum(name, size, drawn[name], min(self.drawing.reserve, size - drawn[name]))
            for name, size in sorted(sizes.items())
        ]

    def picks(self, strata: list[Stratum]) -> Iterator[Pick]:
        """Winners and reserve, by stratum and place."""
        for stratum in strata:
            tickets = sorted(self._tickets[stratum.name])[: stratum.drawn + stratum.reserve]
            for place, ticket in enumerate(tickets, 1):
                yield Pick(stratum.name, place, UUID(bytes=ticket[TICKET_BYTES:]), place > stratum.drawn)


def shares(drawing: Drawing, sizes: Mapping[str, int]) -> dict[str, int]:
    """How many of each stratum are drawn: the largest remainder, so that they sum up to `drawing.total` exactly.

    A stratum whose share lies below the minimum gets the minimum (or all it has), and the others share what is left. So
    only the minimums together can exceed the total. Equal remainders: the larger stratum first, then by name. Where `each`
    stratum gets a percentage of its own, no total binds them.
    """
    if drawing.each:
        return {name: drawing.of_stratum(size) for name, size in sizes.items()}
    least = {name: min(drawing.minimum, size) for name, size in sizes.items()}
    fixed: dict[str, int] = {}
    total = drawing.total(sum(sizes.values()))
    while True:
        free = {name: size for name, size in sizes.items() if name not in fixed}
        left = max(total - sum(fixed.values()), 0)
        quotas = _quotas(left, free)
        short = {name: least[name] for name, quota in quotas.items() if quota < least[name]}
        if not short:
            return fixed | _largest_remainder(left, quotas, free)
        fixed |= short


def _quotas(total: int, sizes: Mapping[str, int]) -> dict[str, Fraction]:
    everybody = sum(sizes.values())
    return {name: Fraction(total * size, everybody) for name, size in sizes.items()}


def _largest_remainder(total: int, quotas: Mapping[str, Fraction], sizes: Mapping[str, int]) -> dict[str, int]:
    given = {name: floor(quota) for name, quota in quotas.items()}
    order = sorted(quotas, key=lambda name: (given[name] - quotas[name], -sizes[name], name))
    for name in order[: total - sum(given.values())]:
        given[name] += 1
    return given


def everybody(drawing: Drawing, sizes: Mapping[str, int]) -> dict[str, int]:
    """A share for tests: all are drawn."""
    return dict(sizes)


def nobody(drawing: Drawing, sizes: Mapping[str, int]) -> dict[str, int]:
    """A share for tests: none is drawn."""
    return dict.fromkeys(sizes, 0)


def drawing_of(content: Mapping[str, Any]) -> Drawing:
    """The drawing of a policy's canonical `rate`, or of a stored draw."""
    return Drawing(**{**content, "by": tuple(content["by"])})
