"""What an operator can set for the scheduler."""

from pydantic import Field

from shared.settings import ServiceSettings


class SchedulerSettings(ServiceSettings):
    """Beside the common settings."""

    release_batch: int = Field(default=500, ge=1, le=5000, description="most due tasks released in one transaction")
    decision_days: int = Field(default=400, ge=31, description="days that decisions are kept")
