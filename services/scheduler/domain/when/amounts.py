"""How long after a moment: earliest days, deadlines and warnings in minutes, hours, days, weeks, working days and months.

Minutes and hours are elapsed time, working hours time within the calendar's frames of worked days. Days, weeks, working days
and months are days of the organisation's zone: a delay in them begins with the day, a deadline in days, weeks and months
keeps the time of day. A deadline in working days lasts until the contact window closes on its last day: so it never ends
before anybody could have called.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from shared.calendar import WorkCalendar
from shared.zone import ORG_ZONE, local_day

DAY = timedelta(days=1)
LAST_MINUTE = time(23, 59)
WORKING_HOURS = "working_hours"
DelayUnit = Literal["minutes", "hours", "working_hours", "days", "working_days", "weeks", "half_months", "months"]
DeadlineUnit = Literal[
    "minutes",
    "hours",
    "working_hours",
    "days",
    "weeks",
    "working_days",
    "months",
    "end_of_day",
    "end_of_working_day",
]
WarnUnit = Literal["minutes", "hours", "working_hours", "working_days"]
BY_CALENDAR = (WORKING_HOURS, "working_days", "end_of_working_day")  # what hangs on which days are worked


class Spread(NamedTuple):
    """One of several contacts that are spread over the open days of a week: which it is, from 0, and how many they are."""

    number: int
    of: int


@dataclass(frozen=True)
class Delay:
    """`days: 1` is the next day from its first moment on; so are `working_days` and `months`. 0 of any unit is at once.

    Counted from a date that lies ahead an amount may be negative: `days: -1` is the day before. It counts from so long `after`
    the anchor: the rounds of a repetition count from its first date. With `spread` the week begins then, seven days, and the
    contact is on an open day of its own in it.
    """

    amount: int = 0
    unit: DelayUnit = "minutes"
    after: "Delay | None" = None
    spread: Spread | None = None


@dataclass(frozen=True)
class Deadline:
    """How long after something it must be done; days, weeks and months keep the time of day.

    `end_of_day: 0` is the last minute of the same day (R04.2, R10.1), 1 that of the next; `end_of_working_day` counts worked
    days alone. Working days end at the local time `at`, without it when the contact window closes. 0 of them is the same
    day, or the next worked one after a day off.
    It counts from so long `after` the anchor: the round of a repetition begins some time after the contact before it.
    Counted from a date, days, weeks and months last `to_days_end`, and amounts may be negative.
    """

    amount: int
    unit: DeadlineUnit
    at: time | None = None
    after: Delay = Delay()
    to_days_end: bool = False


@dataclass(frozen=True)
class Warn:
    """How long before a deadline somebody is warned; working days keep the time of day, working hours don't."""

    amount: int
    unit: WarnUnit


def begins(anchor: datetime, delay: Delay, calendar: WorkCalendar) -> datetime | date:
    """From when on after `anchor`: an instant, or a day from its first moment on."""
    if delay.after is not None:
        anchor = _later(anchor, delay.after, calendar)
    if not delay.amount or delay.unit in ("minutes", "hours"):
        return anchor + timedelta(**{delay.unit: delay.amount}) if delay.amount else anchor
    if delay.unit == WORKING_HOURS:
        return _working_time(calendar, anchor, delay.amount)
    day = local_day(anchor)
    if delay.unit == "working_days":
        return _working_day(calendar, day, delay.amount)
    if delay.unit == "half_months":
        return add_half_months(day, delay.amount)
    return add_months(day, delay.amount) if delay.unit == "months" else day + timedelta(**{delay.unit: delay.amount})


def delay_of(content: Mapping[str, Any]) -> Delay:
    """The delay of a policy's canonical content: `{amount, unit}`; `steps.chain` gives repetitions `after` and `spread`."""
    after, spread = content.get("after"), content.get("spread")
    return Delay(
        content["amount"], content["unit"], delay_of(after) if after else None, Spread(*spread) if spread else None
    )


def days_later(day: date, by: Delay, calendar: WorkCalendar) -> date:
    """So many days, or worked days, after a day; before it where negative."""
    return _working_day(calendar, day, by.amount) if by.unit == "working_days" else day + by.amount * DAY


def deadline_of(content: Mapping[str, Any], to_days_end: bool = False) -> Deadline:
    """The deadline of a policy's canonical content: `{amount, unit}`, `at` where it is said, `after` in a repetition."""
    at, after = content.get("at"), content.get("after")
    clock = time.fromisoformat(at) if at else None
    return Deadline(content["amount"], content["unit"], clock, delay_of(after) if after else Delay(), to_days_end)


def latest(anchor: datetime, deadline: Deadline, calendar: WorkCalendar, closes: time) -> datetime:
    """The last moment that is `deadline` after `anchor`, UTC; `closes` is when the contact window closes on a day."""
    anchor = _later(anchor, deadline.after, calendar)
    if deadline.unit == "end_of_day":
        return end_of_day(anchor, deadline.amount)
    if deadline.unit == WORKING_HOURS:
        return _working_time(calendar, anchor, deadline.amount).astimezone(UTC)
    local = anchor.astimezone(ORG_ZONE)
    if deadline.unit in ("working_days", "end_of_working_day"):
        day = _worked(calendar, _working_day(calendar, local.date(), deadline.amount))
        ends = (deadline.at or closes) if deadline.unit == "working_days" else LAST_MINUTE
        return datetime.combine(day, ends, ORG_ZONE).astimezone(UTC)
    if deadline.unit == "months":
        day = add_months(local.date(), deadline.amount)
    elif deadline.to_days_end and deadline.unit in ("days", "weeks"):
        day = local.date() + timedelta(**{deadline.unit: deadline.amount})
    else:
        return (anchor + timedelta(**{deadline.unit: deadline.amount})).astimezone(UTC)
    return datetime.combine(day, LAST_MINUTE if deadline.to_days_end else local.time(), ORG_ZONE).astimezone(UTC)


def _later(anchor: datetime, delay: Delay, calendar: WorkCalendar) -> datetime:
    """So long after the anchor; on a later day at the same time of day."""
    begun = begins(anchor, delay, calendar)
    if isinstance(begun, datetime):
        return begun
    return datetime.combine(begun, anchor.astimezone(ORG_ZONE).time(), ORG_ZONE)


def end_of_day(moment: datetime, later: int = 0) -> datetime:
    """The last minute of its day, or of one so many days `later`, UTC."""
    day = local_day(moment) + later * DAY
    return datetime.combine(day, LAST_MINUTE, ORG_ZONE).astimezone(UTC)


def warned_at(deadline: datetime, warn: Warn, calendar: WorkCalendar) -> datetime:
    """The moment `warn` before a deadline, UTC."""
    if warn.unit == WORKING_HOURS:
        return _working_time(calendar, deadline, -warn.amount).astimezone(UTC)
    if warn.unit != "working_days":
        return (deadline - timedelta(**{warn.unit: warn.amount})).astimezone(UTC)
    local = deadline.astimezone(ORG_ZONE)
    day = _working_day(calendar, local.date(), -warn.amount)
    return datetime.combine(day, local.time(), ORG_ZONE).astimezone(UTC)


def add_months(day: date, months: int) -> date:
    """The same day of a later month; where it has none, its last: 31 January and a month is 28 or 29 February."""
    years, month = divmod(day.month - 1 + months, 12)
    first = date(day.year + years, month + 1, 1)
    return first.replace(day=min(day.day, _last_of(first).day))


def add_half_months(day: date, halves: int) -> date:
    """Two of them are a month, one is 15 days: 10 January, the 25th, 10 February, the 25th."""
    months, half = divmod(halves, 2)
    return add_months(day, months) + half * 15 * DAY


def _last_of(first: date) -> date:
    return (first.replace(day=28) + 4 * DAY).replace(day=1) - DAY


@lru_cache(8192)
def _working_day(calendar: WorkCalendar, day: date, count: int) -> date:
    """The `count`-th working day after `day`, before it where negative; 0 is the day itself."""
    for _ in range(count):
        day = calendar.next_working_day(day)
    for _ in range(-count):
        day = calendar.working_day_before(day)
    return day


def _working_time(calendar: WorkCalendar, at: datetime, hours: int) -> datetime:
    """So many working hours later, or earlier where negative."""
    amount = timedelta(hours=abs(hours))
    return calendar.add_working_time(at, amount) if hours >= 0 else calendar.working_time_before(at, amount)


def _worked(calendar: WorkCalendar, day: date) -> date:
    return day if calendar.is_working_day(day) else calendar.next_working_day(day)
