"""The official calendar, a row per day of every published year."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.packs.calendar_year import CalendarYear
from shared.calendar import BUILT_IN, OfficialYears

_UNLIKE_THE_WEEK = "worked <> (extract(isodow FROM day) < 6)"
_YEARS = text("SELECT DISTINCT extract(year FROM day)::int FROM calendar_day")
_EXCEPTIONS = text(f"SELECT day, worked FROM calendar_day WHERE {_UNLIKE_THE_WEEK} ORDER BY day")  # noqa: S608 - constant
_YEAR = text("""
    SELECT day, worked, source, version FROM calendar_day WHERE day >= :first AND day < :next ORDER BY day
""")
_SAVE = text("""
    INSERT INTO calendar_day (day, worked, source, version)
    SELECT day, worked, :source, :version FROM unnest(CAST(:days AS date[]), CAST(:worked AS boolean[])) AS row (day, worked)
    ON CONFLICT (day) DO UPDATE SET worked = excluded.worked, source = excluded.source, version = excluded.version
""")


@dataclass(frozen=True)
class StoredYear:
    """A published year and how often it has been published here."""

    published: CalendarYear
    version: int


async def get_years(session: AsyncSession) -> set[int]:
    """Which years are published."""
    return set((await session.execute(_YEARS)).scalars())


async def get_official(session: AsyncSession) -> OfficialYears:
    """All published years; those built in while none are stored yet."""
    years = await get_years(session)
    if not years:
        return BUILT_IN
    return OfficialYears(frozenset(years), {day: worked for day, worked in await session.execute(_EXCEPTIONS)})  # noqa: C416


async def get_year(session: AsyncSession, year: int) -> StoredYear | None:
    rows = (await session.execute(_YEAR, {"first": date(year, 1, 1), "next": date(year + 1, 1, 1)})).all()
    if not rows:
        return None
    days = {row.day: row.worked for row in rows if row.worked != (row.day.isoweekday() < 6)}
    return StoredYear(CalendarYear(year, rows[0].source, days), rows[0].version)


async def save_years(session: AsyncSession, years: Sequence[CalendarYear], version: int) -> None:
    """Write every day of these years, which have one source."""
    days: Mapping[date, bool] = {day: worked for year in years for day, worked in year.every_day().items()}
    values = {"days": list(days), "worked": list(days.values()), "source": years[0].source, "version": version}
    await session.execute(_SAVE, values)
