"""The official calendar in a service's own database: a row per day of the years it was told of.

The scheduler publishes a year (`calendar.published`); whoever else reckons in working days keeps its days for themselves.
Years of which a database holds nothing are those built in.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy import Boolean, Column, Date, Integer, MetaData, Table, Text, text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.calendar import BUILT_IN, OFFICIAL, OfficialYears, WorkCalendar, every_day
from shared.contracts.calendar import CalendarPublished
from shared.messaging import Event, Work

if TYPE_CHECKING:
    from shared.runtime import Runtime

_REVISION = text("SELECT coalesce(sum(version), 0) FROM calendar_day")
_YEARS = text("SELECT DISTINCT extract(year FROM day)::int FROM calendar_day")
_EXCEPTIONS = text("SELECT day, worked FROM calendar_day WHERE worked <> (extract(isodow FROM day) < 6)")
_SAVE = text("""
    INSERT INTO calendar_day (day, worked, source, version)
    SELECT day, worked, :source, :version FROM unnest(CAST(:days AS date[]), CAST(:worked AS boolean[])) AS row (day, worked)
    ORDER BY day
    ON CONFLICT (day) DO UPDATE SET worked = excluded.worked, source = excluded.source, version = excluded.version
    WHERE calendar_day.version < excluded.version
""")


def calendar_table(metadata: MetaData) -> Table:
    """`calendar_day` among a service's own tables; `version` rises with every publication of its year."""
    return Table(
        "calendar_day",
        metadata,
        Column("day", Date, primary_key=True),
        Column("worked", Boolean, nullable=False),
        Column("source", Text, nullable=False),
        Column("version", Integer, nullable=False),
    )


@dataclass
class KeptCalendar:
    """The official calendar of this process, as its service's database knows it."""

    calendar: WorkCalendar = OFFICIAL
    revision: int = 0

    async def current(self, session: AsyncSession) -> WorkCalendar:
        """As it is now: one look at a number, and all days again when it has changed, whichever replica was told."""
        revision = (await session.execute(_REVISION)).scalar_one()
        if revision != self.revision:
            self.calendar, self.revision = WorkCalendar(official=await get_official(session)), revision
        return self.calendar

    @asynccontextmanager
    async def lifespan(self, runtime: "Runtime") -> AsyncIterator[None]:
        """Reachable by a service's edges as `runtime.state["calendar"]`."""
        runtime.state["calendar"] = self
        yield


async def keep_years(work: Work, events: Sequence[Event]) -> None:
    """Keep the years that were published; one told again, or late, changes nothing."""
    for event in events:
        published = event.read(CalendarPublished)
        await save_days(work.session, every_day(published.year, published.days), published.source, published.version)


async def get_years(session: AsyncSession) -> set[int]:
    """The years stored here."""
    return set((await session.execute(_YEARS)).scalars())


async def get_official(session: AsyncSession) -> OfficialYears:
    """All years that are known: those stored here, and of the others those built in."""
    stored = await get_years(session)
    days = {day: worked for day, worked in BUILT_IN.days.items() if day.year not in stored}
    days |= {day: worked for day, worked in await session.execute(_EXCEPTIONS)}  # noqa: C416 - rows are no pairs
    return OfficialYears(BUILT_IN.years | stored, days)


async def save_days(session: AsyncSession, days: Mapping[date, bool], source: str, version: int) -> None:
    """Write every day of some years, unless what is stored of them is as new."""
    values = {"days": list(days), "worked": list(days.values()), "source": source, "version": version}
    await session.execute(_SAVE, values)
