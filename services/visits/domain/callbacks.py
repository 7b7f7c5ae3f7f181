"""The times an agent offers a customer who asks to be called again, and what becomes of a time outside the hours."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from services.visits.domain.hours import ContactHours
from shared.zone import ORG_ZONE, midnight

SOON = timedelta(minutes=30)
EVENING, MORNING = time(18), time(10)


@dataclass(frozen=True, slots=True)
class CallbackTime:
    """A time to call again; `moved_to` is when the call is really made, None when `at` is within the hours."""

    label: str
    at: datetime
    moved_to: datetime | None


def offered(now: datetime, hours: ContactHours) -> list[CallbackTime]:
    """In half an hour, this evening while it is still to come, tomorrow morning, and the next working day's morning."""
    local = now.astimezone(ORG_ZONE)
    today, tomorrow = local.date(), local.date() + timedelta(days=1)
    evening = datetime.combine(today, EVENING, ORG_ZONE)
    working = hours.calendar.next_working_day(today)
    named = [("30 分钟后", local + SOON)]
    named += [("今天 18:00", evening)] if evening > local else []
    named += [("明天 10:00", datetime.combine(tomorrow, MORNING, ORG_ZONE))]
    if working != tomorrow:
        named += [("下一工作日上午", datetime.combine(working, MORNING, ORG_ZONE))]
    else:
        named += [("下一工作日上午", hours.earliest(midnight(working)).astimezone(ORG_ZONE))]
    return [placed(label, at, hours) for label, at in named]


def placed(label: str, at: datetime, hours: ContactHours) -> CallbackTime:
    """The time as it will be kept: a call outside the hours is made when they next begin."""
    open_at = hours.earliest(at)
    return CallbackTime(label, at, open_at.astimezone(ORG_ZONE) if open_at > at else None)
