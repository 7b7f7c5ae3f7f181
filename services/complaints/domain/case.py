"""What a complaint case is, and what one change of it consists of."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, NewType
from uuid import UUID

from services.complaints.domain.errors import CaseIsFinal
from services.complaints.domain.limits import Deadlines
from shared.contracts import EventData
from shared.contracts.common import CustomerCard, Matter
from shared.contracts.complaints import ComplaintOpened, Grade, Origin

CaseId = NewType("CaseId", UUID)
State = Literal["opened", "assigned", "resolved", "reopened", "closed", "rejected"]
Ending = Literal["satisfied", "dissatisfied", "unreached", "rejected", "by_hand"]
What = Literal[
    "opened",
    "assigned",
    "resolved",
    "reopened",
    "closed",
    "rejected",
    "escalated",
    "remarked",
    "promised",
    "followed_up",
    "problem_found",
    "visit_corrected",
    "visit_reopened",
    "number_corrected",
    "joined",
    "hotline_repeated",
    "deadline_moved",
    "erased",
]
FINAL: frozenset[State] = frozenset({"closed", "rejected"})
UNFINISHED: tuple[State, ...] = ("opened", "assigned", "resolved", "reopened")
IN_WORK: frozenset[State] = frozenset({"opened", "assigned", "reopened"})
SYSTEM = "system"
OriginKey = tuple[str, str, str]
"""Origin, whose number it is, number."""


@dataclass(frozen=True)
class Case:
    """A case as it stands. `round` counts rectifications from 1; `level` how often it was raised (提级).

    `first_rating` is that of the first contact, `final_rating` the latest second follow-up's; each changes with its record
    only. `answered` holds the
    visits whose result has taken effect. `escalate_at` is the next moment at which lateness raises it, None for never.
    `limit_from` and `unpublished_year` are those of its `Deadlines`. `origin_source` is whose number `origin_id` is, "" where
    it is the platform's own or was not kept yet.
    """

    id: CaseId
    case_no: str
    origin: Origin
    origin_id: str
    lineage: str
    customer: CustomerCard
    grade: Grade
    opened_at: datetime
    deadline_at: datetime
    overdue_at: datetime
    updated_at: datetime
    origin_source: str = ""
    matters: tuple[Matter, ...] = ()
    subjects: tuple[str, ...] = ()
    kind: str = ""
    branch: str = ""
    description: str = ""
    reasons: tuple[str, ...] = ()
    state: State = "opened"
    level: int = 0
    round: int = 1
    reworks: int = 0
    important: bool = False
    responsible_unit: str = ""
    owner: str = ""
    done_by: str = ""
    limit_from: datetime | None = None
    unpublished_year: int | None = None
    escalate_at: datetime | None = None
    assigned_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    next_reply_at: datetime | None = None
    measures: str = ""
    in_time: bool = True
    outcome: Ending | None = None
    close_reason: str = ""
    first_rating: int | None = None
    final_rating: int | None = None
    answered: tuple[str, ...] = ()
    version: int = 1

    @property
    def deadlines(self) -> Deadlines:
        return Deadlines(self.deadline_at, self.overdue_at, self.limit_from, self.unpublished_year)

    @property
    def provisional(self) -> bool:
        """Whether the deadline may still move, when holidays are published."""
        return self.unpublished_year is not None

    def is_final(self) -> bool:
        return self.state in FINAL

    def is_overdue(self, now: datetime) -> bool:
        """Late now: rectification still due, and working time has passed since the deadline."""
        return self.state in IN_WORK and now >= self.overdue_at


@dataclass(frozen=True)
class Entry:
    """One line of a case's timeline: what happened, when, by whom."""

    at: datetime
    what: What
    actor: str = SYSTEM
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """A case after a decision, with the events and timeline entries it gives."""

    case: Case
    events: tuple[EventData, ...] = ()
    entries: tuple[Entry, ...] = ()

    def then(self, step: Callable[[Case], "Change"]) -> "Change":
        """This change followed by another of the same case."""
        after = step(self.case)
        return Change(after.case, self.events + after.events, self.entries + after.entries)


def unchanged(case: Case) -> Change:
    return Change(case)


def changed(case: Case, now: datetime, **fields: Any) -> Case:
    return replace(case, version=case.version + 1, updated_at=now, **fields)


def timed(deadlines: Deadlines) -> dict[str, Any]:
    """The fields of a case that has these deadlines."""
    return {
        "deadline_at": deadlines.by,
        "overdue_at": deadlines.overdue_at,
        "limit_from": deadlines.limit_from,
        "unpublished_year": deadlines.unpublished_year,
    }


def ended_limit() -> dict[str, Any]:
    """The fields of a case whose limit runs no more: nothing raises it for lateness, and nothing moves its deadline."""
    return {"escalate_at": None, "limit_from": None, "unpublished_year": None}


def require_open(case: Case) -> None:
    """Raises CaseIsFinal."""
    if case.is_final():
        raise CaseIsFinal(f"投诉 {case.case_no} 已于 {case.closed_at:%Y-%m-%d %H:%M} UTC 了结")


def snapshot(case: Case) -> dict[str, Any]:
    """What every complaint event says of its case."""
    same = ComplaintOpened.model_fields.keys() - {"case_id"}
    return {"case_id": str(case.id)} | {name: getattr(case, name) for name in same}
