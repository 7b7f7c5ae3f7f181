"""How often a customer may be contacted (R02.2): at most `limit` times per period, of all contacts or of a part of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Literal, NamedTuple

from services.scheduler.domain.detail import CapReached
from services.scheduler.domain.ledger.contacts import Contact
from services.scheduler.domain.when.amounts import DAY
from services.scheduler.domain.when.periods import LONGEST, period_of

Period = Literal["week", "month", "quarter", "year", "days"]
ANY_ENDING = "*"
PARTS = ("purposes", "policies", "tiers")


@dataclass(frozen=True)
class Cap:
    """`per` is a calendar period of the organisation's zone, or `days` for any `days` days in a row.

    It concerns contacts of these `purposes`, of these `policies` (ids, or beginnings of ids with `*` at the end) and by
    teams of these organisation `tiers`; an empty one leaves nobody out.
    """

    limit: int
    per: Period
    days: int = 0
    purposes: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()

    @cached_property
    def concerns_all(self) -> bool:
        return not (self.purposes or self.policies or self.tiers)

    @property
    def longest(self) -> timedelta:
        """So far back may a contact lie that counts."""
        return timedelta(days=self.days if self.per == "days" else LONGEST[self.per])

    @cached_property
    def _beginnings(self) -> tuple[str, ...]:
        return tuple(name.removesuffix(ANY_ENDING) for name in self.policies if name.endswith(ANY_ENDING))

    def concerns(self, contact: Contact) -> bool:
        """Whether the contact counts for this cap."""
        if self.concerns_all:
            return True
        if self.purposes and contact.purpose not in self.purposes:
            return False
        if self.tiers and contact.tier not in self.tiers:
            return False
        return not self.policies or any(self._names(policy) for policy in contact.policies)

    def _names(self, policy: str) -> bool:
        return policy in self.policies or (bool(self._beginnings) and policy.startswith(self._beginnings))


class CapState(NamedTuple):
    """Where a cap stands for a contact: `used` contacts already lie in `first` … `last`."""

    cap: Cap
    used: int
    first: date
    last: date

    @property
    def reached(self) -> bool:
        return self.used >= self.cap.limit

    def is_calendar_period_of(self, day: date) -> bool:
        return self.cap.per != "days" and self.first <= day <= self.last


def reached_cap(
    caps: Sequence[Cap], planned: Contact, others: Sequence[Contact], before: Contact | None = None
) -> CapState | None:
    """The first cap that `others` use up where `planned` would lie, if one does.

    `before` is the contact as it stands, when one is changed: where it is counted already, nothing is added.
    """
    for cap in caps:
        if len(others) < cap.limit or not cap.concerns(planned):
            continue
        counted = before if before and cap.concerns(before) else None
        if counted and counted.day == planned.day:
            continue
        state = standing(cap, planned.day, [other.day for other in others if cap.concerns(other)])
        if state.reached and not (counted and state.is_calendar_period_of(counted.day)):
            return state
    return None


def standing(cap: Cap, day: date, contacts: Iterable[date]) -> CapState:
    """How far `cap` is used up in the period that a contact on `day` would fall into."""
    days = tuple(contacts)
    if cap.per != "days":
        first, end = period_of(cap.per, day)
        return CapState(cap, sum(first <= other < end for other in days), first, end - DAY)
    return max((_window(cap, first, days) for first in _window_starts(cap, day, days)), key=lambda state: state.used)


def _window_starts(cap: Cap, day: date, contacts: tuple[date, ...]) -> list[date]:
    """The fullest window holding `day` can be moved on until it starts on a contact, or on `day` itself."""
    earliest = day - timedelta(days=cap.days - 1)
    return [day, *(other for other in contacts if earliest <= other < day)]


def _window(cap: Cap, first: date, contacts: tuple[date, ...]) -> CapState:
    last = first + timedelta(days=cap.days - 1)
    return CapState(cap, sum(first <= other <= last for other in contacts), first, last)


def cap_detail(state: CapState) -> CapReached:
    """The state as a decision records it."""
    cap = state.cap
    detail: CapReached = {"limit": cap.limit, "per": cap.per, "days": cap.days}
    if cap.purposes:
        detail["purposes"] = cap.purposes
    if cap.policies:
        detail["policies"] = cap.policies
    if cap.tiers:
        detail["tiers"] = cap.tiers
    return {**detail, "used": state.used, "from": state.first, "to": state.last}
