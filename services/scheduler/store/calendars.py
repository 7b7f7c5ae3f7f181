"""Published years of the official calendar, with their sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.packs.calendar_year import CalendarYear
from shared.official import save_days

_DAYS = "SELECT day, worked, source, version FROM calendar_day {where} ORDER BY day"
_YEAR, _YEARS = text(_DAYS.format(where="WHERE day >= :first AND day < :next")), text(_DAYS.format(where=""))


@dataclass(frozen=True)
class StoredYear:
    """A published year and how often it has been published here."""

    published: CalendarYear
    version: int


async def get_year(session: AsyncSession, year: int) -> StoredYear | None:
    rows = (await session.execute(_YEAR, {"first": date(year, 1, 1), "next": date(year + 1, 1, 1)})).mappings().all()
    return _stored(year, rows) if rows else None


async def list_years(session: AsyncSession) -> list[StoredYear]:
    rows = (await session.execute(_YEARS)).mappings()
    return [_stored(year, list(days)) for year, days in groupby(rows, lambda row: row["day"].year)]


def _stored(year: int, rows: Sequence[RowMapping]) -> StoredYear:
    days = {row["day"]: row["worked"] for row in rows if row["worked"] != (row["day"].isoweekday() < 6)}
    return StoredYear(CalendarYear(year, rows[0]["source"], days), rows[0]["version"])


async def save_years(session: AsyncSession, years: Sequence[CalendarYear], version: int) -> None:
    """Write every day of these years, which have one source."""
    days = {day: worked for year in years for day, worked in year.every_day().items()}
    await save_days(session, days, years[0].source, version)
