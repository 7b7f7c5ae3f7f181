"""Everything an organisation may set about complaints, as one value handed to the pure functions."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from services.complaints.domain.grading import DEFAULT_GRADING, GradeRule
from services.complaints.domain.limits import Limits, Span
from shared.calendar import WorkCalendar

ONE_WORKING_DAY = Span(working_days=1)


@dataclass(frozen=True)
class Rules:
    """`rework_limit` (R03.6, 12345 practice): that many reworks raise a case; `repeat_limit` (R03.6): that many complaints
    of one matter within `repeat_within` make it important; lateness raises it every `escalate_every` up to `max_level`.
    """

    limits: Limits = field(default_factory=Limits)
    grading: tuple[GradeRule, ...] = DEFAULT_GRADING
    escalate_every: Span = ONE_WORKING_DAY
    max_level: int = 3
    rework_limit: int = 3
    repeat_limit: int = 2
    repeat_within: timedelta = timedelta(days=90)

    def on(self, calendar: WorkCalendar) -> "Rules":
        """The same rules, reckoning with this calendar."""
        if calendar is self.limits.calendar:
            return self
        return replace(self, limits=replace(self.limits, calendar=calendar))
