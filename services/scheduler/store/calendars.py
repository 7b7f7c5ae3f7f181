"""Published years of the official calendar, with their sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MINYEAR, date
from itertools import groupby
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.packs.calendar_year import LATEST, CalendarYear
from shared.official import save_days

_DAYS = text("""
    SELECT day, worked, source, version FROM calendar_day WHERE day >= :first AND day < :next ORDER BY day
""")


@dataclass(frozen=True)
class StoredYear:
    """A published year and how often it has been published here."""

    published: CalendarYear
    version: int


async def get_year(session: AsyncSession, year: int) -> StoredYear | None:
    return next(iter(await list_years(session, year, year)), None)


async def list_years(session: AsyncSession, first: int = MINYEAR, last: int = LATEST) -> list[StoredYear]:
    """The published years from `first` to `last`, in order."""
    rows = await session.execute(_DAYS, {"first": date(first, 1, 1), "next": date(last + 1, 1, 1)})
    return [_stored(year, list(days)) for year, days in groupby(rows, lambda row: row.day.year)]


def _stored(year: int, rows: Sequence[Row[Any]]) -> StoredYear:
    days = {row.day: row.worked for row in rows if row.worked != (row.day.isoweekday() < 6)}
    return StoredYear(CalendarYear(year, rows[0].source, days), rows[0].version)


async def save_years(session: AsyncSession, years: Sequence[CalendarYear], version: int) -> None:
    """Write every day of these years, which have one source."""
    days = {day: worked for year in years for day, worked in year.every_day().items()}
    await save_days(session, days, years[0].source, version)
