"""How much a policy plans in all: a quota of contacts per period and stratum, and a ceiling of contacts per day.

What counts is planning: who was merged into another contact takes no slot, and who was called off later gives none back.
So the same facts in the same order always get the same slots.
What found no room is counted too, at the limit that had none: contacts that a quota refused or a ceiling moved to a later day.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

from services.scheduler.domain.when.amounts import DAY
from services.scheduler.domain.when.periods import PeriodKind, period_of
from shared.zone import midnight

LONGEST_SEARCH_DAYS = 370


@dataclass(frozen=True)
class Quota:
    """At most `limit` contacts planned for the facts of a period, of each stratum told apart by `by`."""

    limit: int
    per: PeriodKind
    by: tuple[str, ...] = ()


class Slot(NamedTuple):
    """One count: of a policy's quota in a period and stratum, or (without a stratum) of its ceiling on a day."""

    policy_id: str
    day: date
    stratum: str = ""

    @property
    def limit(self) -> Literal["quota", "ceiling"]:
        return "quota" if self.stratum else "ceiling"


class Count(NamedTuple):
    """How many contacts were `taken` in and how many were `lacking` room, when at most `most` had any."""

    taken: int = 0
    lacking: int = 0
    most: int = 0


NOTHING = Count()


class Slots:
    """How many slots are taken; `changed` are the counts that differ since it was made, to be kept; `lacked` is how many
    contacts have found no room since.
    """

    def __init__(self, counts: Mapping[Slot, Count] | None = None) -> None:
        self._counts = dict(counts or {})
        self.changed: dict[Slot, Count] = {}
        self.lacked: Counter[Slot] = Counter()

    def taken(self, slot: Slot) -> int:
        return self._counts.get(slot, NOTHING).taken

    def take(self, slot: Slot, most: int) -> None:
        taken, lacking, _ = self._counts.get(slot, NOTHING)
        self._counts[slot] = self.changed[slot] = Count(taken + 1, lacking, most)

    def lack(self, slot: Slot, most: int) -> None:
        taken, lacking, _ = self._counts.get(slot, NOTHING)
        self._counts[slot] = self.changed[slot] = Count(taken, lacking + 1, most)
        self.lacked[slot] += 1


def quota_slot(policy_id: str, quota: Quota, day: date, stratum: str) -> Slot:
    """The count that a contact for a fact of `day` belongs to."""
    return Slot(policy_id, period_of(quota.per, day).first, stratum)


def next_midnight(day: date) -> datetime:
    """When a contact is looked for that has no room on `day`."""
    return midnight(day + DAY)
