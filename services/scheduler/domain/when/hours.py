"""The hours of a contact window as a task carries them, so that one contact for several policies suits all of them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import NamedTuple

from services.scheduler.domain.when.windows import CLOSED, UNTIL, Blackout, DayKind, Frame, Window, next_moment
from shared.calendar import OfficialYears, WorkCalendar


class Hours(NamedTuple):
    """What of a window is not the official calendar; `own_days` are those of its own calendar (True = worked).

    `blackouts` are those of the branch of the contact.
    """

    frames: tuple[Frame, ...]
    days: DayKind
    weekdays: frozenset[int]
    own_days: Mapping[date, bool] = {}
    blackouts: tuple[Blackout, ...] = ()


@lru_cache(4096)
def read_hours(text: str) -> Hours:
    """The hours of a `Window.hours_since` text."""
    days, weekdays, frames, *more = text.split("/")
    kind: DayKind = "all" if days == "all" else "working"
    own = [part for part in more if not part.startswith(CLOSED)]
    own_days = {date.fromisoformat(day[1:]): day[0] == "+" for part in own for day in part.split(",")}
    closed = [part.removeprefix(CLOSED) for part in more if part.startswith(CLOSED)]
    blackouts = tuple(_blackout(one) for part in closed for one in part.split(","))
    return Hours(tuple(map(_frame, frames.split(","))), kind, frozenset(map(int, weekdays)), own_days, blackouts)


@lru_cache(4096)
def window_in(hours: str, official: OfficialYears) -> Window:
    """The window that a task carries as a text, on the official calendar as it is known."""
    told = read_hours(hours)
    calendar = WorkCalendar(days=told.own_days, official=official)
    return Window(told.frames, told.days, told.weekdays, calendar, told.blackouts)


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
    blackouts = tuple(dict.fromkeys((*window.blackouts, *other.blackouts)))
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


def _blackout(text: str) -> Blackout:
    first, _, last = text.partition(UNTIL)
    return Blackout(date.fromisoformat(first), date.fromisoformat(last))


def _frame(text: str) -> Frame:
    opens, _, closes = text.partition("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)
