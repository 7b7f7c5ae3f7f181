"""When a contact may take place: delay, contact window and deadline on the official calendar (X2).

Everything is computed from the fact's own time, never from now: the same facts give the same plan at any speed.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal, NamedTuple

from shared.calendar import OFFICIAL
from shared.zone import ORG_ZONE

Frame = tuple[time, time]
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """Frames of the day, in order, in which customers are contacted; on working days only or on all days."""

    frames: tuple[Frame, ...] = ((time(9), time(12)), (time(14), time(18)))
    days: Literal["working", "all"] = "working"


@dataclass(frozen=True)
class Delay:
    """`days` are calendar days: 1 is the fact's next day from its first moment on; minutes and hours are elapsed time."""

    amount: int = 0
    unit: Literal["minutes", "hours", "days"] = "minutes"


@dataclass(frozen=True)
class Deadline:
    """Hours, days or working days after the fact; days keep the time of day."""

    amount: int
    unit: Literal["hours", "days", "working_days"]


class Span(NamedTuple):
    """The plan of one contact: not before `due`, not after `deadline`; both UTC."""

    due: datetime
    deadline: datetime | None

    @property
    def too_short(self) -> bool:
        """No contact window opens before the deadline."""
        return self.deadline is not None and self.due > self.deadline


def plan_span(at: datetime, delay: Delay, window: Window, deadline: Deadline | None) -> Span:
    """When the contact about a fact at `at` is due and must be done."""
    until = latest(at, deadline) if deadline else None
    if delay.unit == "days" and delay.amount:
        return Span(_first_opening(window, local_day(at) + timedelta(days=delay.amount)), until)
    return Span(next_moment(window, at + timedelta(**{delay.unit: delay.amount})), until)


def latest(at: datetime, deadline: Deadline) -> datetime:
    if deadline.unit == "working_days":
        return (at + _working_days(local_day(at), deadline.amount)).astimezone(UTC)
    return (at + timedelta(**{deadline.unit: deadline.amount})).astimezone(UTC)


def next_moment(window: Window, at: datetime) -> datetime:
    """`at` when it lies inside the window, else the moment the window opens next; UTC."""
    local = at.astimezone(ORG_ZONE)
    day, clock = local.date(), local.time()
    if _is_open(window, day):
        for opens, closes in window.frames:
            if clock < opens:
                return datetime.combine(day, opens, ORG_ZONE).astimezone(UTC)
            if clock < closes:
                return at.astimezone(UTC)
    return _first_opening(window, day + DAY)


def local_day(at: datetime) -> date:
    """The organisation's calendar day of an instant."""
    return at.astimezone(ORG_ZONE).date()


@lru_cache(4096)
def _working_days(day: date, count: int) -> timedelta:
    """How long `count` working days take from `day` on; the organisation's zone has no summer time."""
    return OFFICIAL.add_working_days(datetime.combine(day, time(), ORG_ZONE), count).date() - day


@lru_cache(4096)
def _is_open(window: Window, day: date) -> bool:
    return window.days == "all" or OFFICIAL.is_working_day(day)


@lru_cache(4096)
def _first_opening(window: Window, day: date) -> datetime:
    """The first moment of the window on `day` or later."""
    while not _is_open(window, day):
        day += DAY
    return datetime.combine(day, window.frames[0][0], ORG_ZONE).astimezone(UTC)
