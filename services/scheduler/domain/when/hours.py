"""The hours of a contact window as a task carries them, so that one contact for several policies suits all of them."""

from dataclasses import replace
from datetime import time
from functools import lru_cache
from typing import NamedTuple

from services.scheduler.domain.when.windows import DayKind, Frame, Window


class Hours(NamedTuple):
    """What of a window is not its calendar."""

    frames: tuple[Frame, ...]
    days: DayKind
    weekdays: frozenset[int]


@lru_cache(4096)
def read_hours(text: str) -> Hours:
    """The hours of a `Window.hours` text."""
    days, weekdays, frames = text.split("/")
    return Hours(
        tuple(map(_frame, frames.split(","))), "all" if days == "all" else "working", frozenset(map(int, weekdays))
    )


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
    return replace(window, frames=frames, days=days, weekdays=weekdays)


def _frame(text: str) -> Frame:
    opens, _, closes = text.partition("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)
