"""Moments and days that callers name: written out, moments with a zone, and within the years that every service can store,
compute with and read again."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, WithJsonSchema

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def sensible(moment: datetime) -> datetime:
    """Raises ValueError for a moment that no person means: beyond year 9999 in UTC even the database driver gives up."""
    if not FIRST <= moment < LAST:
        raise ValueError(f"时间应在 {FIRST.year} 年到 {LAST.year - 1} 年之间")
    return moment


def of_these_centuries(day: date) -> date:
    """Raises ValueError for a day that no person means."""
    if not FIRST.year <= day.year < LAST.year:
        raise ValueError(f"日期应在 {FIRST.year} 年到 {LAST.year - 1} 年之间")
    return day


def written(value: Any) -> Any:
    """Raises ValueError for a number, which pydantic would take for the seconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and _is_number(value)):
        raise ValueError("日期和时间应写成 2026-03-01 或 2026-03-01T08:00:00+08:00 的样子")
    return value


def _day_only(value: Any) -> Any:
    if isinstance(value, str) and len(value) != len("2026-03-01"):
        raise ValueError("日期应写成 2026-03-01 的样子")
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


Written = BeforeValidator(written)
Instant = Annotated[AwareDatetime, AfterValidator(sensible), Written]
Day = Annotated[date, AfterValidator(of_these_centuries), BeforeValidator(_day_only), Written]
# a form sends fields that were left empty, too
_LEFT_EMPTY = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "maxLength": 0}, {"type": "null"}]}
OptionalDay = Annotated[Day | None, BeforeValidator(lambda value: value or None), WithJsonSchema(_LEFT_EMPTY)]
