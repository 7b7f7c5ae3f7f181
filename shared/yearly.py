"""Dates that come again every year, by either calendar: birthdays and other anniversaries.

29 February is kept on the 28th in other years, a lunar 30th on the 29th in a short month; leap months repeat nobody. So
every date comes exactly once a year, a lunar one once a lunar year.
"""

import re
from datetime import date
from functools import lru_cache

from shared.lunar import LONGEST_MONTH, lunar_of, solar_of

LUNAR = "lunar:"
_DATE = re.compile(r"(lunar:(?:\d{4}-)?|\d{4}-|--)(\d{2})-(\d{2})")


def key_of(text: str) -> str:
    """`MM-DD` of a date given as YYYY-MM-DD or --MM-DD, `lunar:MM-DD` of a lunar one; "" when it is no date."""
    found = _DATE.fullmatch(text)
    if not found:
        return ""
    lunar, month, day = found[1].startswith(LUNAR), int(found[2]), int(found[3])
    # 2024 is a leap year: 29 February is a day
    valid = 1 <= month <= 12 and 1 <= day <= LONGEST_MONTH if lunar else _is_day(2024, month, day)
    return f"{LUNAR if lunar else ''}{month:02}-{day:02}" if valid else ""


@lru_cache(4096)
def keys_of(day: date) -> tuple[str, ...]:
    """The keys of all the dates that are kept on `day`."""
    keys = [f"{day:%m-%d}"]
    if (day.month, day.day) == (2, 28) and not _is_day(day.year, 2, 29):
        keys.append("02-29")
    lunar = lunar_of(day)
    if not lunar.leap:
        keys.append(_lunar_key(lunar.month, lunar.day))
        if lunar.day == LONGEST_MONTH - 1 and solar_of(lunar.year, lunar.month, LONGEST_MONTH) == day:
            keys.append(_lunar_key(lunar.month, LONGEST_MONTH))
    return tuple(keys)


def lunar_key_of(text: str) -> str:
    """The lunar key of a date given as YYYY-MM-DD, or of one that is lunar already; "" where the year is not known."""
    key = key_of(text)
    if key.startswith(LUNAR) or not key or text.startswith("--"):
        return key if key.startswith(LUNAR) else ""
    try:
        lunar = lunar_of(date.fromisoformat(text))
    except ValueError:  # 29 February of another year
        return ""
    return _lunar_key(lunar.month, lunar.day)


def _lunar_key(month: int, day: int) -> str:
    return f"{LUNAR}{month:02}-{day:02}"


def _is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
