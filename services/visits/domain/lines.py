"""A call as the line tells it: placed, ringing, talking, ended. The line may tell late, twice and in any order."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.contracts.visits import AttemptResult, UnconnectedResult

Stage = Literal["placed", "ringing", "talking", "ended"]
Sign = Literal["ringing", "answered", "ended"]
Cause = Literal["hung_up", "failed"] | UnconnectedResult


@dataclass(frozen=True, slots=True)
class LineReport:
    """One thing the line says of a call. `cause` says how it ended; `recording` is where it can be heard."""

    sign: Sign
    at: datetime
    cause: Cause = "hung_up"
    recording: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCall:
    """One call of an agent about a visit; times are the line's own. `attempt_id` is the attempt it was recorded with."""

    id: UUID
    visit_id: UUID
    agent: str
    phone_masked: str
    placed_at: datetime
    ringing_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: str = ""
    recording: str = ""
    attempt_id: UUID | None = None

    @property
    def stage(self) -> Stage:
        if self.ended_at:
            return "ended"
        if self.answered_at:
            return "talking"
        return "ringing" if self.ringing_at else "placed"

    @property
    def talk_seconds(self) -> int:
        """How long both spoke; 0 while it goes on or when nobody answered."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return max(0, round((self.ended_at - self.answered_at).total_seconds()))

    @property
    def likely_result(self) -> AttemptResult | None:
        """The result code that the line itself knows; None when somebody answered, for then the answers decide."""
        if self.stage != "ended" or self.answered_at or self.cause in ("hung_up", "failed"):
            return None
        return self.cause  # type: ignore[return-value]


def hear(call: LineCall, report: LineReport) -> LineCall:
    """The call with what the line told; what is known already stays, so that twice and out of order change nothing."""
    match report.sign:
        case "ringing":
            return replace(call, ringing_at=call.ringing_at or report.at)
        case "answered":
            return replace(call, answered_at=call.answered_at or report.at)
        case "ended":
            return replace(
                call,
                ended_at=call.ended_at or report.at,
                cause=call.cause or report.cause,
                recording=call.recording or report.recording,
            )
