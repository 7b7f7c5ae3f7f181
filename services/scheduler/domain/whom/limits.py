"""How much a policy plans in all: a quota of contacts per period and stratum, and a ceiling of contacts per day.

What counts is planning: who was merged into another contact takes no place, and who was called off later gives none back.
So the same facts in the same order always get the same places.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from services.scheduler.domain.when.amounts import DAY
from services.scheduler.domain.when.periods import PeriodKind, midnight, period_of

LONGEST_SEARCH_DAYS = 370


@dataclass(frozen=True)
class Quota:
    """At most `limit` contacts planned for the facts of a period, of each stratum told apart by `by`."""

    limit: int
    per: PeriodKind
    by: tuple[str, ...] = ()


class Place(NamedTuple):
    """One count: of a policy's quota in a period and stratum, or (without a stratum) of its ceiling on a day."""

    policy_id: str
    day: date
    stratum: str = ""


class Places:
    """How many places are taken; `changed` are those taken since it was made, to be kept."""

    def __init__(self, taken: Mapping[Place, int] | None = None) -> None:
        self._taken = dict(taken or {})
        self.changed: dict[Place, int] = {}

    def taken(self, place: Place) -> int:
        return self._taken.get(place, 0)

    def take(self, places: Iterable[Place]) -> None:
        for place in places:
            self._taken[place] = self.changed[place] = self.taken(place) + 1


def quota_place(policy_id: str, quota: Quota, day: date, stratum: str) -> Place:
    """The count that a contact for a fact of `day` belongs to."""
    return Place(policy_id, period_of(quota.per, day).first, stratum)


def next_midnight(day: date) -> datetime:
    """When a contact is looked for that has no room on `day`."""
    return midnight(day + DAY)
