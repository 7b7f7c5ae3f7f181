"""How long each step may take (R06), counted on the official working calendar."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from shared.calendar import OFFICIAL, WorkCalendar
from shared.contracts.complaints import Grade
from shared.zone import ORG_ZONE, local_day

ONE_MOMENT = timedelta(seconds=1)
MOST_DAYS = 366
MOST_HOURS = 24 * MOST_DAYS


@dataclass(frozen=True)
class Span:
    """A length of time: working days, then working hours, then plain days and hours, added in this order."""

    working_days: int = 0
    working_hours: float = 0
    days: int = 0
    hours: float = 0

    def __post_init__(self) -> None:
        """Raises ValueError for a length that no case can have: with it every opening would fail, or take minutes."""
        if not (0 <= self.working_days <= MOST_DAYS and 0 <= self.days <= MOST_DAYS):
            raise ValueError(f"working_days and days are at most {MOST_DAYS}")
        if not (0 <= self.working_hours <= MOST_HOURS and 0 <= self.hours <= MOST_HOURS):
            raise ValueError(f"working_hours and hours are at most {MOST_HOURS}")

    def after(self, start: datetime, calendar: WorkCalendar) -> datetime:
        """The instant this long after `start`, UTC.

        Working days from a day off end with the office hours of their last day: the same time of day, before the office
        opens on a Monday, would leave no working time at all.
        """
        at = self._worked_days_after(start, calendar) if self.working_days else start
        if self.working_hours:
            at = calendar.add_working_time(at, timedelta(hours=self.working_hours))
        return (at + timedelta(days=self.days, hours=self.hours)).astimezone(UTC)

    def _worked_days_after(self, start: datetime, calendar: WorkCalendar) -> datetime:
        at = calendar.add_working_days(start, self.working_days)
        if calendar.is_working_day(local_day(start)):
            return at
        return datetime.combine(at.date(), calendar.frames[-1][1], ORG_ZONE)


@dataclass(frozen=True)
class GradeLimits:
    """`rectify` runs from assignment when `dispatch` is given, else from opening (R06.3 against R06.1 and R06.2)."""

    rectify: Span
    dispatch: Span | None = None


REGULATION_LIMITS: Mapping[Grade, GradeLimits] = {
    "major": GradeLimits(rectify=Span(working_days=1)),
    "general": GradeLimits(rectify=Span(working_days=3)),
    "opinion": GradeLimits(rectify=Span(days=3), dispatch=Span(days=2)),
}


@dataclass(frozen=True)
class Deadlines:
    """`by` is the deadline of the rectification; from `overdue_at` on the step now due counts as late.

    While they hang on holidays that are not published yet, `unpublished_year` is the first such year and `limit_from` the
    moment the limit runs from, so that they can be computed again.
    """

    by: datetime
    overdue_at: datetime
    limit_from: datetime | None = None
    unpublished_year: int | None = None


@dataclass(frozen=True)
class Limits:
    grades: Mapping[Grade, GradeLimits] = field(default_factory=lambda: REGULATION_LIMITS)
    calendar: WorkCalendar = OFFICIAL

    def at_opening(self, grade: Grade, now: datetime) -> Deadlines:
        limits = self.grades[grade]
        if limits.dispatch is None:
            return self.at_rework(grade, now)
        dispatch_by = limits.dispatch.after(now, self.calendar)
        return self._deadlines(now, dispatch_by, limits.rectify.after(dispatch_by, self.calendar))

    def at_assignment(self, grade: Grade, first: Deadlines, now: datetime) -> Deadlines:
        """A limit that runs from opening stays; one that runs from assignment starts now."""
        if self.grades[grade].dispatch is None:
            return first
        return self.at_rework(grade, now)

    def at_rework(self, grade: Grade, now: datetime) -> Deadlines:
        by = self.grades[grade].rectify.after(now, self.calendar)
        return self._deadlines(now, by, by)

    def remaining(self, by: datetime, now: datetime) -> timedelta:
        """Working time left until `by`; negative once it has passed."""
        if now <= by:
            return self.calendar.working_time_between(now, by)
        return -self.calendar.working_time_between(by, now)

    def _deadlines(self, limit_from: datetime, step_by: datetime, by: datetime) -> Deadlines:
        """`step_by` is when the step now due has to be done."""
        overdue_at = self._late_after(step_by)
        if not self.calendar.is_provisional(local_day(max(by, overdue_at))):
            return Deadlines(by, overdue_at)
        return Deadlines(by, overdue_at, limit_from, self.calendar.official.confirmed_until.year)

    def _late_after(self, by: datetime) -> datetime:
        """Late only once working time has passed: a deadline in the night lasts until the office opens (KPI 按时率)."""
        return self.calendar.add_working_time(by, ONE_MOMENT).astimezone(UTC)
