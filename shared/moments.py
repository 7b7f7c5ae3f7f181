"""Moments that callers name: with a zone, and within the years that every service can store, compute with and read again."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def sensible(moment: datetime) -> datetime:
    """Raises ValueError for a moment that no person means: beyond year 9999 in UTC even the database driver gives up."""
    if not FIRST <= moment < LAST:
        raise ValueError(f"时间应在 {FIRST.year} 年到 {LAST.year - 1} 年之间")
    return moment


Instant = Annotated[AwareDatetime, AfterValidator(sensible)]
