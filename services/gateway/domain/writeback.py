"""What goes back to a sender, and when it is tried again (Standard Webhooks)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from shared.contracts.complaints import ComplaintClosed, ComplaintResolved
from shared.contracts.visits import (
    CustomerNumberCorrected,
    MatterResult,
    VisitCompleted,
    VisitCorrected,
    VisitFailed,
    VisitReopened,
    VisitResult,
)
from shared.messaging.event import Event

RETRY_AFTER = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
DISABLE_AFTER = timedelta(days=5)
WRITTEN_BACK = (
    *("visit.completed", "visit.corrected", "visit.failed", "visit.reopened", "complaint.resolved", "complaint.closed"),
    "customer.number_corrected",
)
_DISSATISFIED = ("dissatisfied", "very_dissatisfied")


@dataclass(frozen=True, slots=True)
class Origin:
    """The accepted fact a result belongs to."""

    source: str
    event_id: str
    type: str
    number: str
    lineage: str


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint's interest: sources as a pattern (`/hotline/*`), event names; none = all that are written back."""

    endpoint_id: str
    sources: str
    types: Sequence[str]

    def wants(self, source: str, name: str) -> bool:
        return fnmatchcase(source, self.sources) and (not self.types or name in self.types)


def concerns(event: Event) -> set[tuple[str, str]]:
    """Identities (id, source) of the facts a result is about; the first one's lineage is on the event besides.

    The source is "" where the task was planned before matters said theirs.
    """
    matters = event.data.get("matters", ())
    return {(str(one.get("event_id", "")), str(one.get("event_source", ""))) for one in matters} - {("", "")}


def origins_of(event: Event, origins: Sequence[Origin]) -> list[Origin]:
    """Of these facts, those the result is about: two senders may use the same id, and neither hears of the other's."""
    about = concerns(event)
    named = [one for one in origins if one.lineage == event.lineage or (one.event_id, one.source) in about]
    unsaid = {name for name, source in about if not source}
    by_id = [one for one in origins if one.event_id in unsaid and one not in named]
    return named + [one for one in by_id if sum(other.event_id == one.event_id for other in origins) == 1]


def body_of(event: Event, origin: Origin) -> dict[str, Any]:
    """The webhook body: `{"type", "timestamp", "data"}`. Raises pydantic.ValidationError on a broken event."""
    data = _DATA[event.name](event) | _of_matter(event, origin)
    return {
        "type": event.name,
        "timestamp": event.time.isoformat(),
        "data": {"case_no": origin.number, "source": origin.source, "source_event_id": origin.event_id, **data},
    }


def _of_matter(event: Event, origin: Origin) -> dict[str, Any]:
    """What a contact about several matters came to for the one this sender told of."""
    if event.name not in _OUTCOMES:
        return {}
    results = event.read(_OUTCOMES[event.name]).results
    same = (one for one in results if one.event_id == origin.event_id and one.event_source in ("", origin.source))
    result = next(same, None)
    return _said(result) if result else {}


def _said(of: VisitResult | MatterResult) -> dict[str, Any]:
    return {
        "responded": of.responded,
        "resolved": of.resolved,
        "resolution": of.resolution,
        "satisfaction": "dissatisfied" if of.satisfaction in _DISSATISFIED else of.satisfaction,
        "reasons": of.reasons,
        "remark": of.remark,
        "redo_requested": of.satisfaction in _DISSATISFIED or of.resolved is False,
    }


def _completed(event: Event) -> dict[str, Any]:
    return _visited(event.read(VisitCompleted))


def _corrected(event: Event) -> dict[str, Any]:
    """What the visit's record says now, as `_completed` told what it said first."""
    visit = event.read(VisitCorrected)
    correction = {"number": visit.correction, "reason": visit.reason, "corrected_at": visit.corrected_at.isoformat()}
    return _visited(visit) | {"correction": correction}


def _visited(visit: VisitResult) -> dict[str, Any]:
    return {
        "visit_no": visit.visit_id,
        "round": visit.round,
        "visited_at": visit.completed_at.isoformat(),
        "reached": True,
        "unreached_reason": None,
        "agent_no": visit.agent,
        **_said(visit),
    }


def _failed(event: Event) -> dict[str, Any]:
    visit = event.read(VisitFailed)
    return {
        "visit_no": visit.visit_id,
        "round": visit.round,
        "visited_at": visit.failed_at.isoformat(),
        "reached": False,
        "unreached_reason": visit.reason,
        "agent_no": visit.agent,
        "redo_requested": False,
    }


def _reopened(event: Event) -> dict[str, Any]:
    """That the visit failed does not hold; how it ends is told when it does."""
    visit = event.read(VisitReopened)
    return {
        "visit_no": visit.visit_id,
        "round": visit.round,
        "failed_at": visit.failed_at.isoformat(),
        "unreached_reason": visit.reason,
        "reason": visit.why,
        "reopened_at": visit.reopened_at.isoformat(),
        "agent_no": visit.reopened_by,
    }


def _number(event: Event) -> dict[str, Any]:
    """The numbers stay sealed until they are sent (`commands.writeback.as_its_sender_knows_it`)."""
    corrected = event.read(CustomerNumberCorrected)
    return {
        "customer_id": corrected.customer.id,
        "wrong_phone": corrected.wrong,
        "phone": corrected.phone,
        "visit_no": corrected.visit_id,
        "learned_at": corrected.learned_at.isoformat(),
        "agent_no": corrected.agent,
    }


def _resolved(event: Event) -> dict[str, Any]:
    case = event.read(ComplaintResolved)
    return {
        "complaint_no": case.case_no,
        "round": case.round,
        "responsible_unit": case.responsible_unit,
        "measures": case.measures,
        "resolved_at": case.resolved_at.isoformat(),
        "in_time": case.in_time,
    }


def _closed(event: Event) -> dict[str, Any]:
    case = event.read(ComplaintClosed)
    return {
        "complaint_no": case.case_no,
        "outcome": case.outcome,
        "first_rating": case.first_rating,
        "final_rating": case.final_rating,
        "closed_at": case.closed_at.isoformat(),
        "in_time": case.in_time,
    }


_OUTCOMES: dict[str, type[VisitResult]] = {"visit.completed": VisitCompleted, "visit.corrected": VisitCorrected}
_DATA = {
    "visit.completed": _completed,
    "visit.corrected": _corrected,
    "visit.failed": _failed,
    "visit.reopened": _reopened,
    "complaint.resolved": _resolved,
    "complaint.closed": _closed,
    "customer.number_corrected": _number,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one try brought: the HTTP status, or 0 and what went wrong."""

    status: int
    error: str = ""

    @property
    def taken(self) -> bool:
        return 200 <= self.status < 300


class Verdict:
    """What becomes of a delivery after a try."""

    DELIVERED = "delivered"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Next:
    """The delivery's next state; `disable` is the Chinese reason to switch the endpoint off."""

    state: str
    at: datetime | None = None
    disable: str = ""


def after_try(answer: Answer, attempts: int, failing_since: datetime | None, now: datetime, jitter: float) -> Next:
    """`attempts` includes this one; `now` and `failing_since` are machine time; `jitter` in [0, 1) adds up to a tenth."""
    if answer.taken:
        return Next(Verdict.DELIVERED)
    disable = ""
    if answer.status == 410:
        disable = "接收方回答 410（不再接收）"
    elif failing_since is not None and now - failing_since >= DISABLE_AFTER:
        disable = f"连续失败超过 {DISABLE_AFTER.days} 天"
    if attempts > len(RETRY_AFTER):
        return Next(Verdict.FAILED, disable=disable)
    wait = RETRY_AFTER[attempts - 1]
    return Next(Verdict.PENDING, now + wait * (1 + jitter / 10), disable)
