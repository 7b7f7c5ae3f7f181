"""Days that stand in a relation to festivals and public holidays: so long before one, the first worked day after one.

A festival's own day is known of every year (`shared.festivals`). A public holiday is known by a weekday that the official
calendar has off; of a year that is not published there is none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import ClassVar, Literal

from services.scheduler.domain.when.amounts import Delay, days_later
from services.scheduler.domain.when.recurrence import MORNING
from shared.calendar import WorkCalendar
from shared.festivals import BY_CODE

NearHoliday = Literal["after_holiday", "before_holiday"]
LATEST_YEARS = 3  # published years that contacts are still planned in, the one that runs among them


@dataclass(frozen=True)
class FestivalDay:
    """Every year on the day of each of these festivals, or so many days (or worked days) before or after it.

    `at` is the local time of day.
    """

    festivals: tuple[str, ...]
    offset: Delay
    at: time = MORNING
    spread: ClassVar[bool] = False

    def days(self, day: date, calendar: WorkCalendar) -> tuple[date, ...]:
        """Those of `day`'s year, of the year before and the one after it."""
        return _turns(self.festivals, self.offset, day.year, calendar)


@lru_cache(1024)
def _turns(festivals: tuple[str, ...], offset: Delay, year: int, calendar: WorkCalendar) -> tuple[date, ...]:
    days = _of_years(festivals, range(year - 1, year + 2))
    return tuple(sorted({days_later(day, offset, calendar) for day in days}))


@lru_cache(4096)
def festival_near(festivals: tuple[str, ...], day: date, calendar: WorkCalendar) -> tuple[date, str]:
    """The next of these festivals, its day and its code; on its days off, and until they are over, still the one that was."""
    found = sorted(
        (BY_CODE[code].in_year(year), code) for code in festivals for year in range(day.year - 1, day.year + 2)
    )
    return next(one for one in found if calendar.next_working_day(one[0]) > day)


def festival_spans(
    festivals: Iterable[str], first: Delay, last: Delay, calendar: WorkCalendar
) -> tuple[tuple[date, date], ...]:
    """From `first` to `last` around each of these festivals, in the latest published years and the one after them."""
    year = calendar.official.confirmed_until.year
    days = _of_years(festivals, range(year - LATEST_YEARS, year + 1))
    return tuple((days_later(day, first, calendar), days_later(day, last, calendar)) for day in days)


@lru_cache(256)
def days_near(calendar: WorkCalendar, near: NearHoliday) -> tuple[date, ...]:
    """The days of the latest published years that are the worked day after (before) a holiday, in order."""
    since = calendar.official.confirmed_until.year - LATEST_YEARS
    off = [day for day, worked in calendar.official.days.items() if not worked and day.year >= since]
    beside = calendar.next_working_day if near == "after_holiday" else calendar.working_day_before
    return tuple(sorted({beside(day) for day in off if not calendar.is_working_day(day)}))


def _of_years(festivals: Iterable[str], years: range) -> list[date]:
    return sorted({BY_CODE[code].in_year(year) for code in festivals for year in years})
