"""Days that stand in a relation to public holidays: the first worked day after one, the last before one.

A public holiday is known by a weekday that the official calendar has off; of a year that is not published there is none.
"""

from datetime import date
from functools import lru_cache
from typing import Literal

from shared.calendar import WorkCalendar

NearHoliday = Literal["after_holiday", "before_holiday"]
LATEST_YEARS = 3  # published years that contacts are still planned in, the one that runs among them


@lru_cache(256)
def days_near(calendar: WorkCalendar, near: NearHoliday) -> tuple[date, ...]:
    """The days of the latest published years that are the worked day after (before) a holiday, in order."""
    since = calendar.official.confirmed_until.year - LATEST_YEARS
    off = [day for day, worked in calendar.official.days.items() if not worked and day.year >= since]
    beside = calendar.next_working_day if near == "after_holiday" else calendar.working_day_before
    return tuple(sorted({beside(day) for day in off if not calendar.is_working_day(day)}))
