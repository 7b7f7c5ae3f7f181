"""The official calendar: taken over from the library, and published year by year."""

from datetime import date
from importlib.metadata import version

from services.scheduler.domain.packs.calendar_year import CalendarYear
from services.scheduler.store import calendars, policies
from services.scheduler.store.calendars import StoredYear
from shared.auth import Principal
from shared.calendar import BUILT_IN
from shared.contracts.calendar import CalendarPublished
from shared.contracts.registry import by_model
from shared.http import audit, require_version
from shared.messaging import Work
from shared.official import get_years

LIBRARY = "chinesecalendar"
KEY = by_model(CalendarPublished).name


async def take_built_in_years(work: Work) -> None:
    """Store the years that the library knows and the database does not; what was published here stays."""
    if BUILT_IN.years - await get_years(work.session):
        await policies.lock_book(work.session)
        await _take_missing(work)


async def _take_missing(work: Work) -> None:
    missing = sorted(BUILT_IN.years - await get_years(work.session))
    source = f"{LIBRARY} {version(LIBRARY)}"
    if missing:
        await calendars.save_years(work.session, [CalendarYear(year, source, _of(year)) for year in missing], 1)


async def publish_year(work: Work, by: Principal, year: CalendarYear, seen: int) -> StoredYear:
    """Make a year official: every replica goes by it from its next decision on. Raises PreconditionFailed."""
    await policies.lock_book(work.session)
    await _take_missing(work)
    stored = await calendars.get_year(work.session, year.year)
    require_version(seen, stored.version if stored else 0)
    if stored and stored.published == year:
        return stored
    published = StoredYear(year, seen + 1)
    await calendars.save_years(work.session, [year], published.version)
    event = CalendarPublished(year=year.year, version=published.version, source=year.source, days=dict(year.days))
    work.publish(event, key=KEY)
    await audit(work, by, "calendar.published", str(year.year), **event.model_dump(mode="json", exclude={"year"}))
    return published


def _of(year: int) -> dict[date, bool]:
    return {day: worked for day, worked in BUILT_IN.days.items() if day.year == year}
