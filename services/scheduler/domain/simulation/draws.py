"""Populations, draws and reserves of a simulation: what the service keeps in tables, kept in memory."""

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

from services.scheduler.domain.batch import Decided
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.later.reserve import Name, drawn_occasion, reserve_occasion
from services.scheduler.domain.occasion import Occasion
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.when.periods import Period
from services.scheduler.domain.whom.draw import Share, Urn
from services.scheduler.domain.whom.enrol import Entry

GRACE = timedelta(minutes=10)
Standing = Literal["enrolled", "drawn", "reserve", "sampled_out"]


class Member(NamedTuple):
    fact: Fact
    stratum: str


class Drawn(NamedTuple):
    """A fact that was drawn, with those who stand by for it."""

    policy: Policy
    period: Period
    reserve: deque[Fact]


@dataclass
class Population:
    """What a version of a policy will draw of a period."""

    policy: Policy
    period: Period
    members: dict[UUID, Member] = field(default_factory=dict)

    @property
    def order(self) -> tuple[Any, ...]:
        """Draws take turns: the earlier closed, then the stronger policy."""
        return (self.period.end, self.policy.strength, self.policy.version, self.period.first)


class Draws:
    """What has entered populations, and what came of the draws so far."""

    def __init__(self, share: Share) -> None:
        self.share = share
        self._open: dict[tuple[str, int, Period], Population] = {}
        self._called: dict[Name, Drawn] = {}
        self._standing: dict[tuple[str, UUID], Standing] = {}

    def enter(self, decided: Decided) -> set[Period]:
        """Let the fact enter the open populations; gives the periods that must be closed one day because of it."""
        for match in decided.entered:
            if match.entry:
                self._put(match.policy, match.entry, decided.decision.fact)
        return {match.entry.period for match in decided.entered if match.entry}

    def _put(self, policy: Policy, entry: Entry, fact: Fact) -> None:
        name = (policy.id, policy.version, entry.period)
        population = self._open.setdefault(name, Population(policy, entry.period))
        population.members[fact.key] = Member(fact, entry.stratum)
        self._standing[policy.id, fact.key] = "enrolled"

    def waiting(self, customer_id: str) -> list[Fact]:
        """The customer's facts that wait to be drawn, or to be called from a reserve."""
        members = [one.fact for population in self._open.values() for one in population.members.values()]
        reserve = [fact for drawn in self._called.values() for fact in drawn.reserve]
        return [fact for fact in (*members, *reserve) if fact.customer_id == customer_id]

    def leave(self, key: UUID) -> None:
        """A fact leaves the populations of periods that are still open."""
        for (policy_id, _, _), population in self._open.items():
            if population.members.pop(key, None):
                self._standing.pop((policy_id, key))

    def close(self, end: date) -> list[Occasion]:
        """Draw what closes by the midnight that begins `end`."""
        closing = [name for name in self._open if name[2].end <= end]
        populations = sorted((self._open.pop(name) for name in closing), key=lambda one: one.order)
        return [occasion for population in populations for occasion in self._draw(population)]

    def _draw(self, population: Population) -> Iterator[Occasion]:
        policy, period, members = population.policy, population.period, population.members
        assert policy.drawing is not None  # else nothing enters its populations
        urn = Urn(policy.drawing, policy.seed, policy.id, period.first)
        for key in sorted(members):
            urn.put(key, members[key].stratum)
            self._standing[policy.id, key] = "sampled_out"
        reserves: dict[str, deque[Fact]] = defaultdict(deque)
        winners = []
        for pick in urn.picks(urn.strata(self.share)):
            fact = members[pick.key].fact
            self._standing[policy.id, pick.key] = "reserve" if pick.reserve else "drawn"
            if pick.reserve:
                reserves[pick.stratum].append(fact)
            else:
                winners.append((fact, Drawn(policy, period, reserves[pick.stratum])))
        for fact, drawn in winners:
            yield self._call(fact, drawn, drawn_occasion(policy, fact, period))

    def _call(self, fact: Fact, drawn: Drawn, occasion: Occasion) -> Occasion:
        self._called[drawn.policy.id, fact.identity, fact.customer_id] = drawn
        return occasion

    def replace(self, names: Iterable[Name], called_at: datetime) -> list[Occasion]:
        """The next in reserve for each of those that were drawn and are lost, as far as there are any."""
        lost = [self._called.pop(name) for name in sorted(set(names)) if name in self._called]
        return [self._next(drawn, called_at) for drawn in lost if drawn.reserve]

    def _next(self, drawn: Drawn, called_at: datetime) -> Occasion:
        fact = drawn.reserve.popleft()
        self._standing[drawn.policy.id, fact.key] = "drawn"
        return self._call(fact, drawn, reserve_occasion(drawn.policy, fact, drawn.period, called_at))

    def standing(self, policy_id: str, key: UUID) -> Standing | None:
        """What came of a fact that entered a population."""
        return self._standing.get((policy_id, key))
