"""Dates that come again every year, by either calendar: birthdays and other anniversaries.

29 February is kept on the 28th in other years, a lunar 30th on the 29th in a short month; leap months repeat nobody. So
every date comes exactly once a year, a lunar one once a lunar year.

Dates are kept and published in one form (`customer.birthday` in `shared.contracts.common`) and understood in the forms
that people and systems write: see `date_in`.
"""

import re
import unicodedata
from datetime import date, datetime
from functools import lru_cache

from shared.lunar import LONGEST_MONTH, lunar_of, solar_of
from shared.zone import ORG_ZONE

LUNAR = "lunar:"
_DATE = re.compile(r"(lunar:(?:\d{4}-)?|\d{4}-|--)(\d{2})-(\d{2})", re.ASCII)
_TIME = r"(?:[ T]?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
_WRITTEN = re.compile(
    rf"(lunar:|[农阴]历)?(?:--|(\d{{4}}) ?[-/.年] ?)?(\d{{1,2}}) ?[-/.月] ?(\d{{1,2}}) ?[日号]?{_TIME}", re.ASCII
)
_LONGEST = 40


def date_in(text: str) -> str:
    """A date in the one form: YYYY-MM-DD, --MM-DD without the year, lunar:MM-DD or lunar:YYYY-MM-DD; "" when it is none.

    Read are also 1990/2/28, 1990.2.28, 19900228, 1990年2月28日, 2月28日, 农历8月15日, all with or without a time. A time with
    a zone (ISO 8601) is the day that it was in the organisation's.
    """
    if _DATE.fullmatch(text):
        return text if key_of(text) else ""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).strip()
    if len(text) > _LONGEST:
        return ""
    if found := _WRITTEN.fullmatch(plain):
        lunar, year, month, day = found.groups()
        before = f"{LUNAR}{year + '-' if year else ''}" if lunar else f"{year}-" if year else "--"
        return date_in(f"{before}{int(month):02}-{int(day):02}")
    return _day_of(plain)


def _day_of(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
        return str((moment.astimezone(ORG_ZONE) if moment.tzinfo else moment).date())
    except (ValueError, OverflowError):
        return ""


def key_of(text: str) -> str:
    """`MM-DD` of a date as `date_in` reads it, `lunar:MM-DD` of a lunar one; "" when it is no date."""
    found = _DATE.fullmatch(text)
    if not found:
        read = date_in(text)
        return key_of(read) if read else ""
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
    """The lunar key of a date with its year, or of one that is lunar already; "" where the year is not known."""
    text = date_in(text)
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
