"""How well the SMS simulator behaves: shares of messages that meet each mishap, drawn by seed and message."""

import os
import random

from pydantic import BaseModel, ConfigDict, Field

PREFIX = "HUIFANG_SMS_SIM_"


class Behaviour(BaseModel):
    """Shares are 0 to 1, times in seconds. The same seed and message always meet the same fate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 1
    failed: float = Field(default=0.02, ge=0, le=1, description="the receipt reports a failure")
    late: float = Field(default=0.02, ge=0, le=1, description="the receipt comes late")
    doubled: float = Field(default=0.02, ge=0, le=1, description="the receipt comes twice")
    lost: float = Field(default=0.002, ge=0, le=1, description="the receipt never comes")
    hang: float = Field(default=0.002, ge=0, le=1, description="taken, but the request is never answered")
    error_before: float = Field(default=0.001, ge=0, le=1, description="answered 500, not taken")
    error_after: float = Field(default=0.001, ge=0, le=1, description="answered 500, though taken")
    throttled: float = Field(default=0.005, ge=0, le=1, description="answered 429, not taken")
    receipt_seconds: float = Field(default=0.2, ge=0, description="from taking to receipt")
    late_seconds: float = Field(default=8.0, ge=0, description="the same for late ones")
    hang_seconds: float = Field(default=30.0, ge=0, description="how long an unanswered request is kept open")

    @classmethod
    def from_environment(cls) -> "Behaviour":
        """Fields named HUIFANG_SMS_SIM_<FIELD>. Raises pydantic.ValidationError."""
        given = {name: os.environ.get(PREFIX + name.upper()) for name in cls.model_fields}
        return cls.model_validate({name: value for name, value in given.items() if value is not None})

    def meets(self, mishap: str, message: str, attempt: int = 0) -> bool:
        """Whether this message (on this attempt) meets the mishap."""
        share: float = getattr(self, mishap)
        return random.Random(f"{self.seed}/{mishap}/{message}/{attempt}").random() < share


GOOD = Behaviour(
    failed=0, late=0, doubled=0, lost=0, hang=0, error_before=0, error_after=0, throttled=0, receipt_seconds=0
)
