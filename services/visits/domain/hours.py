"""When a customer may be called, and when the next attempt falls."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from services.visits.domain.results import Wait
from shared import hours as texts
from shared.calendar import OFFICIAL, WorkCalendar, frame_on
from shared.contracts import tasks
from shared.hours import DayKind, Frame, Hours, clock, frames_of
from shared.zone import ORG_ZONE, local_day, midnight


@dataclass(frozen=True)
class ContactHours:
    """Local frames of the day in which customers are called, in order; on every day or on worked days only (R08.2).

    A frame that goes on past midnight belongs to the day that it begins on.
    """

    frames: tuple[Frame, ...] = ((time(9), time(12)), (time(14), time(20)))
    on_days_off: bool = True
    weekdays: frozenset[int] = frozenset(range(7))
    calendar: WorkCalendar = OFFICIAL

    @property
    def text(self) -> str:
        """What `read_hours` reads (`shared.hours`), the days unlike the official calendar included."""
        days: DayKind = "all" if self.on_days_off else "working"
        return Hours(self.frames, days, self.weekdays, self.calendar.days).text

    def is_open(self, at: datetime) -> bool:
        """Whether a customer may be called at this moment."""
        return self.earliest(at) <= at

    def earliest(self, at: datetime) -> datetime:
        """The first moment at or after `at` at which a customer may be called, UTC."""
        local = at.astimezone(ORG_ZONE)
        return self._earliest(local.date() - timedelta(days=1), local)  # whose last frame may go on past midnight

    def _earliest(self, day: date, local: datetime) -> datetime:
        """The first moment at or after `local` in a frame of `day` or of a later one, UTC."""
        while True:
            if self._opens_on(day):
                for frame in self.frames:
                    opens, closes = frame_on(day, frame)
                    if closes > local:
                        return max(opens, local).astimezone(UTC)
            day += timedelta(days=1)

    def _opens_on(self, day: date) -> bool:
        """Not on days that the window has off by itself, even where days off are worked."""
        if day.weekday() not in self.weekdays or self.calendar.days.get(day) is False:
            return False
        return self.on_days_off or self.calendar.is_working_day(day)

    def after(self, wait: Wait, at: datetime, frames: Sequence[Frame] = ()) -> datetime:
        """The first allowed moment once `wait` has passed since `at`, UTC; one that lies in `frames` of the day, too, where
        there are some that these hours meet."""
        first = self._after(wait, at)
        return (self._in_both(frames, first) if frames else None) or first

    def meets(self, frames: Sequence[Frame]) -> bool:
        """Whether there is a moment in `frames` of the day at which a customer may be called."""
        return self._in_both(frames, self.earliest(datetime(2026, 1, 1, tzinfo=UTC))) is not None

    def _in_both(self, frames: Sequence[Frame], first: datetime) -> datetime | None:
        """From one to the other until a moment lies in both, None where none does: who meets at all does so within two open
        days, and each step passes a frame."""
        other, found = replace(self, frames=tuple(frames)), first
        for _ in range(2 * (len(self.frames) + len(frames)) + 2):
            later = other.earliest(found)
            if later == found:
                return found
            found = self.earliest(later)
        return None

    def _after(self, wait: Wait, at: datetime) -> datetime:
        if wait == "next_working_day":
            day = self.calendar.next_working_day(local_day(at))
            return self._earliest(day, midnight(day).astimezone(ORG_ZONE))
        assert isinstance(wait, timedelta)
        return self.earliest(at + wait)


def read_frames(text: str) -> tuple[Frame, ...]:
    """Frames from `09:00-12:00,14:00-20:00`. Raises ValueError unless they are in order and do not overlap."""
    frames = frames_of(text)
    edges = [edge for frame in frames for edge in frame]
    if edges != sorted(set(edges)):
        raise ValueError(f"contact hours must be in order and not overlap: {text!r}")
    return frames


@cache
def read_hours(text: str, calendar: WorkCalendar = OFFICIAL) -> ContactHours:
    """The hours of their `text`, reckoning with this calendar."""
    hours = texts.read_hours(text)
    if hours.own_days:
        calendar = replace(calendar, days=hours.own_days)
    return ContactHours(hours.frames, hours.days == "all", hours.weekdays, calendar)


def hours_of(window: tasks.ContactHours) -> ContactHours:
    """The contact window that came with a task."""
    frames = tuple((clock(opens), clock(closes)) for opens, closes in window.frames)
    calendar = WorkCalendar(days=window.own_days)
    return ContactHours(frames, window.days == "all", frozenset(window.weekdays), calendar)
