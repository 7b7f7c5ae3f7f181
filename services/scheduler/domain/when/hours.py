"""The hours of a contact window as a task carries them, so that one contact for several policies suits all of them."""

from dataclasses import replace
from datetime import datetime, time
from functools import lru_cache

from services.scheduler.domain.when.windows import Blackout, Window, next_moment
from shared.calendar import OfficialYears, WorkCalendar
from shared.hours import A_DAY, DAY_END, DayKind, Frame, Hours, minutes_of, read_hours

SHIFTS = (-A_DAY, 0, A_DAY)


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
    frames = _frames_in_both(window, other)
    days: DayKind = "all" if window.days == other.days == "all" else "working"
    weekdays = window.weekdays & other.weekdays
    if not frames or not weekdays or (days == "working" and weekdays <= {5, 6}):
        return None
    calendar = _worked_in_both(window, other)
    blackouts = tuple(dict.fromkeys((*window.blackouts, *_blackouts(other))))
    return replace(window, frames=frames, days=days, weekdays=weekdays, calendar=calendar, blackouts=blackouts)


def _frames_in_both(window: Window, other: Hours) -> tuple[Frame, ...]:
    """The frames of a day on which both are open.

    What is past midnight of the one and of the next day of the other counts where one of them is open daily; else it is left
    out, and so it is where it would be a frame by itself that belongs to the day before.
    """
    own, others = ([minutes_of(frame) for frame in frames] for frames in (window.frames, other.frames))
    own_daily = not window.blackouts and read_hours(window.hours).daily
    if other.daily:
        others = _with_days_beside(others)
    elif own_daily:
        own = _with_days_beside(own)
    both = ((max(one[0], two[0]), min(one[1], two[1])) for one in own for two in others)
    spans = [(opens, closes) for opens, closes in both if opens < closes]
    if own_daily and other.daily:
        spans = [(opens % A_DAY, closes - opens + opens % A_DAY) for opens, closes in spans]
    return tuple(_frame(opens, closes) for opens, closes in sorted(spans) if opens < A_DAY)


def _with_days_beside(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans of the day before, of the day and of the next; those that touch are one."""
    joined: list[tuple[int, int]] = []
    for opens, closes in sorted((opens + shift, closes + shift) for opens, closes in spans for shift in SHIFTS):
        if joined and joined[-1][1] == opens:
            opens = joined.pop()[0]
        joined.append((opens, closes))
    return joined


def _frame(opens: int, closes: int) -> Frame:
    return _clock(opens), DAY_END if closes == A_DAY else _clock(closes % A_DAY)


def _clock(minute: int) -> time:
    return time(*divmod(minute, 60))


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
