"""The Chinese lunar calendar (GB/T 33661), in days of the official one; see docs/adr for the library behind it."""

from bisect import bisect_right
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from lunar_python import LunarYear, Solar

LONGEST_MONTH = 30
_ORDINAL_OF_JULIAN_DAY = 1_721_425  # Julian day number less the proleptic ordinal of `datetime.date`


class LunarDay(NamedTuple):
    """A day of the lunar calendar; `leap` tells the second of two months of the same number."""

    year: int
    month: int
    day: int
    leap: bool = False


class _Month(NamedTuple):
    first: date
    days: int
    month: int
    leap: bool


def lunar_of(day: date) -> LunarDay:
    """The lunar date of a day."""
    year = day.year if day >= _months(day.year)[0].first else day.year - 1
    months = _months(year)
    found = months[bisect_right(months, day, key=lambda month: month.first) - 1]
    return LunarDay(year, found.month, (day - found.first).days + 1, found.leap)


def solar_of(year: int, month: int, day: int) -> date:
    """The day of a lunar date of the regular month; the 30th of a short month is its 29th. Raises ValueError."""
    found = next((one for one in _months(year) if one.month == month and not one.leap), None)
    if found is None or not 1 <= day <= LONGEST_MONTH:
        raise ValueError(f"there is no day {month}-{day} in the lunar calendar")
    return found.first + timedelta(days=min(day, found.days) - 1)


def qingming_of(year: int) -> date:
    """The day of the solar term 清明 in a year: 4, 5 or 6 April."""
    term = Solar.fromYmd(year, 4, 5).getLunar().getJieQiTable()["清明"]
    return date(term.getYear(), term.getMonth(), term.getDay())


@lru_cache(512)
def _months(year: int) -> tuple[_Month, ...]:
    """The months of a lunar year, in order."""
    found = (month for month in LunarYear.fromYear(year).getMonths() if month.getYear() == year)
    return tuple(_Month(_day(one.getFirstJulianDay()), one.getDayCount(), *_number(one.getMonth())) for one in found)


def _day(julian: float) -> date:
    return date.fromordinal(round(julian) - _ORDINAL_OF_JULIAN_DAY)


def _number(month: int) -> tuple[int, bool]:
    """The library numbers a leap month by its negative."""
    return abs(month), month < 0
