"""What an operator can set about complaints; nested values are JSON in the environment."""

from datetime import timedelta
from functools import cached_property

from pydantic import Field

from services.complaints.domain.grading import DEFAULT_GRADING, GradeRule
from services.complaints.domain.limits import REGULATION_LIMITS, GradeLimits, Limits, Span
from services.complaints.domain.rules import ONE_WORKING_DAY, Rules
from shared.contracts.complaints import Grade
from shared.settings import ServiceSettings


class ComplaintsSettings(ServiceSettings):
    complaints_auto_assign: bool = Field(default=True, description="assign new cases to their responsible unit at once")
    complaints_grading: tuple[GradeRule, ...] = Field(
        default=DEFAULT_GRADING, description="grading table; the first rule that fits decides, general when none does"
    )
    complaints_limits: dict[Grade, GradeLimits] = Field(
        default=dict(REGULATION_LIMITS),
        description="time limits by grade (R06); grades not named keep the regulation's",
    )
    complaints_escalate_every: Span = Field(default=ONE_WORKING_DAY, description="time between two raises for lateness")
    complaints_max_level: int = Field(default=3, ge=0, description="highest level that lateness alone can raise to")
    complaints_rework_limit: int = Field(default=3, ge=1, description="reworks that raise a case (R03.6)")
    complaints_repeat_limit: int = Field(default=2, ge=2, description="complaints of one matter that make it important")
    complaints_repeat_days: int = Field(
        default=90, ge=1, le=3660, description="days within which they count as of one matter"
    )

    @cached_property
    def rules(self) -> Rules:
        return Rules(
            limits=Limits({**REGULATION_LIMITS, **self.complaints_limits}),
            grading=self.complaints_grading,
            escalate_every=self.complaints_escalate_every,
            max_level=self.complaints_max_level,
            rework_limit=self.complaints_rework_limit,
            repeat_limit=self.complaints_repeat_limit,
            repeat_within=timedelta(days=self.complaints_repeat_days),
        )
