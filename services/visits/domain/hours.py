"""When a customer may be called, and when the next attempt falls."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from services.visits.domain.results import Wait
from shared.calendar import OFFICIAL, Frame, WorkCalendar
from shared.zone import ORG_ZONE


@dataclass(frozen=True)
class ContactHours:
    """Local frames of the day in which customers are called, in order; on every day or on worked days only (R08.2)."""

    frames: tuple[Frame, ...] = ((time(9), time(12)), (time(14), time(20)))
    on_days_off: bool = True
    calendar: WorkCalendar = OFFICIAL

    def earliest(self, at: datetime) -> datetime:
        """The first moment at or after `at` at which a customer may be called, UTC."""
        local = at.astimezone(ORG_ZONE)
        day = local.date()
        while True:
            if self.on_days_off or self.calendar.is_working_day(day):
                for opens, closes in self.frames:
                    if datetime.combine(day, closes, ORG_ZONE) > local:
                        return max(datetime.combine(day, opens, ORG_ZONE), local).astimezone(UTC)
            day += timedelta(days=1)

    def after(self, wait: Wait, at: datetime) -> datetime:
        """The first allowed moment once `wait` has passed since `at`, UTC."""
        if wait == "next_working_day":
            day = self.calendar.next_working_day(at.astimezone(ORG_ZONE).date())
            return self.earliest(datetime.combine(day, time(), ORG_ZONE))
        assert isinstance(wait, timedelta)
        return self.earliest(at + wait)


@dataclass(frozen=True)
class RetryPlan:
    """What an organisation sets about trying again: hours, most attempts per visit, and how long after its deadline a
    visit is still worked on."""

    hours: ContactHours = ContactHours()
    most_attempts: int = 3
    grace: timedelta = timedelta(days=7)


def read_frames(text: str) -> tuple[Frame, ...]:
    """Frames from `09:00-12:00,14:00-20:00`. Raises ValueError unless they are in order and do not overlap."""
    frames = tuple(_frame(part) for part in text.split(","))
    edges = [edge for frame in frames for edge in frame]
    if edges != sorted(set(edges)):
        raise ValueError(f"contact hours must be in order and not overlap: {text!r}")
    return frames


def _frame(text: str) -> Frame:
    opens, _, closes = text.strip().partition("-")
    return time.fromisoformat(opens), time.fromisoformat(closes)
