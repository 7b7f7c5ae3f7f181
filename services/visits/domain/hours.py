"""When a customer may be called, and when the next attempt falls."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache

from services.visits.domain.results import Wait
from shared.calendar import OFFICIAL, Frame, WorkCalendar
from shared.contracts import tasks
from shared.zone import ORG_ZONE, local_day, midnight

SIGNS = "-+"  # of days off and worked ones


@dataclass(frozen=True)
class ContactHours:
    """Local frames of the day in which customers are called, in order; on every day or on worked days only (R08.2)."""

    frames: tuple[Frame, ...] = ((time(9), time(12)), (time(14), time(20)))
    on_days_off: bool = True
    weekdays: frozenset[int] = frozenset(range(7))
    calendar: WorkCalendar = OFFICIAL

    @property
    def text(self) -> str:
        """What `read_hours` reads: `all/01234/10:30-11:30,15:00-17:30`, weekdays counted from Monday, 0.

        It ends with days unlike the official calendar, where there are some: `/+2026-05-02,-2026-05-06`.
        """
        frames = ",".join(f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in self.frames)
        text = f"{'all' if self.on_days_off else 'working'}/{''.join(map(str, sorted(self.weekdays)))}/{frames}"
        own_days = sorted(self.calendar.days.items())
        return f"{text}/{','.join(SIGNS[worked] + str(day) for day, worked in own_days)}" if own_days else text

    def is_open(self, at: datetime) -> bool:
        """Whether a customer may be called at this moment."""
        return self.earliest(at) <= at

    def earliest(self, at: datetime) -> datetime:
        """The first moment at or after `at` at which a customer may be called, UTC."""
        local = at.astimezone(ORG_ZONE)
        day = local.date()
        while True:
            if self._opens_on(day):
                for opens, closes in self.frames:
                    if datetime.combine(day, closes, ORG_ZONE) > local:
                        return max(datetime.combine(day, opens, ORG_ZONE), local).astimezone(UTC)
            day += timedelta(days=1)

    def _opens_on(self, day: date) -> bool:
        """Not on days that the window has off by itself, even where days off are worked."""
        if day.weekday() not in self.weekdays or self.calendar.days.get(day) is False:
            return False
        return self.on_days_off or self.calendar.is_working_day(day)

    def after(self, wait: Wait, at: datetime) -> datetime:
        """The first allowed moment once `wait` has passed since `at`, UTC."""
        if wait == "next_working_day":
            day = self.calendar.next_working_day(local_day(at))
            return self.earliest(midnight(day))
        assert isinstance(wait, timedelta)
        return self.earliest(at + wait)


def read_frames(text: str) -> tuple[Frame, ...]:
    """Frames from `09:00-12:00,14:00-20:00`. Raises ValueError unless they are in order and do not overlap."""
    frames = tuple(_frame(part) for part in text.split(","))
    edges = [edge for frame in frames for edge in frame]
    if edges != sorted(set(edges)):
        raise ValueError(f"contact hours must be in order and not overlap: {text!r}")
    return frames


@cache
def read_hours(text: str, calendar: WorkCalendar = OFFICIAL) -> ContactHours:
    """The hours of their `text`, reckoning with this calendar."""
    days, weekdays, frames, *own = text.split("/")
    if own:
        own_days = {date.fromisoformat(day[1:]): day[0] == "+" for day in own[0].split(",")}
        calendar = replace(calendar, days=own_days)
    return ContactHours(read_frames(frames), days == "all", frozenset(map(int, weekdays)), calendar)


def hours_of(told: tasks.ContactHours) -> ContactHours:
    """The contact window that came with a task."""
    frames = tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in told.frames)
    calendar = WorkCalendar(days=told.own_days)
    return ContactHours(frames, told.days == "all", frozenset(told.weekdays), calendar)


def _frame(text: str) -> Frame:
    opens, _, closes = text.strip().partition("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)
