"""What an operator can set for the scheduler."""

from pydantic import Field

from shared.settings import ServiceSettings


class SchedulerSettings(ServiceSettings):
    """Beside the common settings."""

    release_batch: int = Field(default=500, ge=1, le=5000, description="most due tasks released in one transaction")
    draw_grace_minutes: int = Field(
        default=10,
        ge=0,
        le=720,
        description="business minutes after midnight that late facts still join the closed day",
    )
    draw_batch: int = Field(default=2000, ge=1, le=5000, description="most winners told in one transaction")
    trial_upload_bytes: int = Field(default=256 << 20, ge=1 << 20, description="largest file of facts for a trial run")
    trial_days: int = Field(default=90, ge=1, description="days that trial runs are kept")
    trial_facts: int = Field(default=500_000, ge=1, description="most facts of an export or a trial run")
    trial_memory_mb: int = Field(default=4096, ge=256, description="most memory of a trial run's process, MiB")
    trial_cpu_seconds: int = Field(default=1800, ge=1, description="most processor time of a trial run")
    walk_batch: int = Field(
        default=2000, ge=1, le=10_000, description="most customers met in one transaction of a time trigger"
    )
    walk_catch_up_days: int = Field(
        default=31,
        ge=1,
        le=366,
        description="days back that missed time triggers are caught up; older ones are given up",
    )
    decision_days: int = Field(default=400, ge=31, description="days that decisions and populations are kept")
    late_days: int = Field(
        default=30,
        ge=1,
        le=366,
        description="days back that facts heard late still find their place among those that runs of several steps heard",
    )
