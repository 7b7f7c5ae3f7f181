"""How often a customer may be contacted (R02.2): at most `limit` times per period, all policies counted together."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

Period = Literal["week", "month", "quarter", "year", "days"]


@dataclass(frozen=True)
class Cap:
    """`per` is a calendar period of the organisation's zone, or `days` for any `days` days in a row."""

    limit: int
    per: Period
    days: int = 0


class CapState(NamedTuple):
    """Where a cap stands for a contact: `used` contacts already lie in `first` … `last`."""

    cap: Cap
    used: int
    first: date
    last: date

    @property
    def reached(self) -> bool:
        return self.used >= self.cap.limit


def standing(cap: Cap, day: date, contacts: Iterable[date]) -> CapState:
    """How far `cap` is used up in the period that a contact on `day` would fall into."""
    days = tuple(contacts)
    if cap.per != "days":
        first, last = _calendar_period(cap.per, day)
        return CapState(cap, sum(first <= other <= last for other in days), first, last)
    return max((_window(cap, first, days) for first in _window_starts(cap, day, days)), key=lambda state: state.used)


def _window_starts(cap: Cap, day: date, contacts: tuple[date, ...]) -> list[date]:
    """The fullest window holding `day` can be moved on until it starts on a contact, or on `day` itself."""
    earliest = day - timedelta(days=cap.days - 1)
    return [day, *(other for other in contacts if earliest <= other < day)]


def _window(cap: Cap, first: date, contacts: tuple[date, ...]) -> CapState:
    last = first + timedelta(days=cap.days - 1)
    return CapState(cap, sum(first <= other <= last for other in contacts), first, last)


@lru_cache(4096)
def _calendar_period(per: Period, day: date) -> tuple[date, date]:
    if per == "week":
        monday = day - timedelta(days=day.weekday())
        return monday, monday + timedelta(days=6)
    months = {"month": 1, "quarter": 3, "year": 12}[per]
    first_month = (day.month - 1) // months * months + 1
    return date(day.year, first_month, 1), _last_of_month(day.year, first_month + months - 1)


def _last_of_month(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)
