"""Published years of the official calendar, with their sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.packs.calendar_year import CalendarYear
from shared.official import save_days

_YEAR = text("""
    SELECT day, worked, source, version FROM calendar_day WHERE day >= :first AND day < :next ORDER BY day
""")


@dataclass(frozen=True)
class StoredYear:
    """A published year and how often it has been published here."""

    published: CalendarYear
    version: int


async def get_year(session: AsyncSession, year: int) -> StoredYear | None:
    rows = (await session.execute(_YEAR, {"first": date(year, 1, 1), "next": date(year + 1, 1, 1)})).all()
    if not rows:
        return None
    days = {row.day: row.worked for row in rows if row.worked != (row.day.isoweekday() < 6)}
    return StoredYear(CalendarYear(year, rows[0].source, days), rows[0].version)


async def save_years(session: AsyncSession, years: Sequence[CalendarYear], version: int) -> None:
    """Write every day of these years, which have one source."""
    days = {day: worked for year in years for day, worked in year.every_day().items()}
    await save_days(session, days, years[0].source, version)
