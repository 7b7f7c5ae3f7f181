"""The hours of a contact window as a task carries them, so that one contact for several policies suits all of them."""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from services.scheduler.domain.when.windows import Blackout, Window, next_moment
from shared.calendar import OfficialYears, WorkCalendar
from shared.hours import DayKind, Hours, read_hours


@lru_cache(4096)
def window_in(hours: str, official: OfficialYears) -> Window:
    """The window that a task carries as a text, on the official calendar as it is known."""
    read = read_hours(hours)
    calendar = WorkCalendar(days=read.own_days, official=official)
    return Window(read.frames, read.days, read.weekdays, calendar, _blackouts(read))


def reopens(hours: str, at: datetime, official: OfficialYears) -> datetime:
    """`at` when it lies in these hours, else the next moment that does, UTC; no hours are always."""
    return next_moment(window_in(hours, official), at) if hours else at


@lru_cache(4096)
def narrowed(window: Window, hours: str) -> Window | None:
    """The window as far as it is open in these hours too; None when it never is."""
    if not hours or hours == window.hours:
        return window
    other = read_hours(hours)
    frames = tuple(
        (max(one[0], two[0]), min(one[1], two[1]))
        for one in window.frames
        for two in other.frames
        if max(one[0], two[0]) < min(one[1], two[1])
    )
    days: DayKind = "all" if window.days == other.days == "all" else "working"
    weekdays = window.weekdays & other.weekdays
    if not frames or not weekdays or (days == "working" and weekdays <= {5, 6}):
        return None
    calendar = _worked_in_both(window, other)
    blackouts = tuple(dict.fromkeys((*window.blackouts, *_blackouts(other))))
    return replace(window, frames=frames, days=days, weekdays=weekdays, calendar=calendar, blackouts=blackouts)


def _worked_in_both(window: Window, other: Hours) -> WorkCalendar:
    """Days off in one are off; where one is open on all days, the other says."""
    own = window.calendar
    theirs = replace(
        own, days=other.own_days, make_up=True
    )  # where theirs does not, weekends are no weekdays of theirs
    if "all" in (window.days, other.days):
        return theirs if window.days == "all" else own
    days = {day: own.is_working_day(day) and theirs.is_working_day(day) for day in {*own.days, *theirs.days}}
    return replace(own, days=days)


def _blackouts(hours: Hours) -> tuple[Blackout, ...]:
    return tuple(Blackout(first, last) for first, last in hours.closed)
