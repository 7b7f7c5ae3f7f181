"""What an operator can set about visits."""

from datetime import timedelta
from functools import cached_property

from pydantic import Field, field_validator

from services.visits.domain.hours import ContactHours, RetryPlan, read_frames
from shared.settings import ServiceSettings


class VisitsSettings(ServiceSettings):
    visit_lease_seconds: int = Field(default=900, ge=10, description="machine time a claim lasts without activity")
    visit_most_attempts: int = Field(
        default=3, ge=1, description="attempts after which a customer counts as unreachable"
    )
    visit_grace_days: float = Field(default=7, ge=0, description="days after its deadline until a visit expires")
    visit_contact_hours: str = Field(default="09:00-12:00,14:00-20:00", description="local time frames for calls")
    visit_on_days_off: bool = Field(default=True, description="call on weekends and holidays too")

    @field_validator("visit_contact_hours")
    @classmethod
    def check_frames(cls, text: str) -> str:
        read_frames(text)
        return text

    @cached_property
    def retry_plan(self) -> RetryPlan:
        hours = ContactHours(read_frames(self.visit_contact_hours), self.visit_on_days_off)
        return RetryPlan(hours, self.visit_most_attempts, timedelta(days=self.visit_grace_days))

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.visit_lease_seconds)
