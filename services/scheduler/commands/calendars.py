"""The official calendar is published year by year."""

from services.scheduler.domain.packs.calendar_year import CalendarYear
from services.scheduler.procedures.official_years import take_missing
from services.scheduler.store import calendars, policies
from services.scheduler.store.calendars import StoredYear
from shared.auth import Principal
from shared.contracts.calendar import CalendarPublished
from shared.contracts.registry import by_model
from shared.http import audit, require_version
from shared.messaging import Work

KEY = by_model(CalendarPublished).name


async def publish_year(work: Work, by: Principal, year: CalendarYear, seen: int) -> StoredYear:
    """Make a year official: every replica goes by it from its next decision on. Raises PreconditionFailed."""
    await policies.lock_book(work.session)
    await take_missing(work)
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
