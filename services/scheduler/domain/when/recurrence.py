"""Recurrences: every week, month, quarter, half year or year, for all customers on one day or each on a day of their own.

With `spread`, each customer has a fixed place among the working days of the period, found by hash: so the work is level, and
everybody's turn comes once in every period.
"""

from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import Literal, get_args

from services.scheduler.domain.when.amounts import DAY, add_months
from services.scheduler.domain.when.periods import Every, Period, period_of
from shared.calendar import WorkCalendar

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
MORNING = time(9)


@dataclass(frozen=True)
class Season:
    """From one day of the year to another (`MM-DD`), both included; over the year's end where the second is earlier."""

    first: str
    last: str

    def covers(self, day: date) -> bool:
        key = f"{day:%m-%d}"
        within = self.first <= key, key <= self.last
        return all(within) if self.first <= self.last else any(within)


@dataclass(frozen=True)
class Recurrence:
    """`on` is a weekday (week), a day of the month (month) or `MM-DD` (year); left out: the first working day.

    `at` is the local time of day. Outside of `seasons` nobody's turn comes.
    """

    every: Every
    on: str = ""
    at: time = MORNING
    spread: bool = False
    seasons: tuple[Season, ...] = ()

    def days(self, day: date, calendar: WorkCalendar) -> tuple[date, ...]:
        """The days of `day`'s period that turns come on; with `spread` a customer's turn is one of them."""
        return _days(self, period_of(self.every, day), calendar)


@lru_cache(4096)
def _days(recurrence: Recurrence, period: Period, calendar: WorkCalendar) -> tuple[date, ...]:
    in_season = [day for day in _each(period) if _is_in_season(recurrence, day)]
    if recurrence.on:
        return tuple(day for day in in_season if day == _fixed(recurrence, period))
    worked = tuple(day for day in in_season if calendar.is_working_day(day))
    return worked if recurrence.spread else worked[:1]


def _each(period: Period) -> list[date]:
    return [period.first + n * DAY for n in range((period.end - period.first).days)]


def _is_in_season(recurrence: Recurrence, day: date) -> bool:
    return not recurrence.seasons or any(season.covers(day) for season in recurrence.seasons)


def _fixed(recurrence: Recurrence, period: Period) -> date:
    """`on` in a period; a month without that day has its last, a year without 29 February the 28th."""
    if recurrence.every == "week":
        return period.first + WEEKDAYS.index(recurrence.on) * DAY
    month, day = recurrence.on.split("-") if "-" in recurrence.on else ("1", recurrence.on)
    first = add_months(period.first, int(month) - 1)
    return min(first + (int(day) - 1) * DAY, add_months(first, 1) - DAY)
