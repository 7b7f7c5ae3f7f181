"""The years of the official calendar that the library knows are taken over into the database."""

from datetime import date
from importlib.metadata import version

from services.scheduler.domain.packs.calendar_year import CalendarYear
from services.scheduler.store import calendars, policies
from shared.calendar import BUILT_IN
from shared.messaging import Work
from shared.official import get_years

LIBRARY = "chinesecalendar"


async def take_built_in_years(work: Work) -> None:
    """Store the years that the library knows and the database does not; what was published here stays."""
    if BUILT_IN.years - await get_years(work.session):
        await policies.lock_book(work.session)
        await take_missing(work)


async def take_missing(work: Work) -> None:
    """As `take_built_in_years`, for who holds the lock of the book."""
    missing = sorted(BUILT_IN.years - await get_years(work.session))
    source = f"{LIBRARY} {version(LIBRARY)}"
    if missing:
        await calendars.save_years(work.session, [CalendarYear(year, source, _of(year)) for year in missing], 1)


def _of(year: int) -> dict[date, bool]:
    return {day: worked for day, worked in BUILT_IN.days.items() if day.year == year}
