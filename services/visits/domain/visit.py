"""The life cycle of a visit: open → claimed → open again, waiting or appointed → completed, failed or cancelled.

A waiting visit is tried again at `next_at` by our own retry plan, an appointed one at the time the customer agreed to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from services.visits.domain.errors import ClaimedByOther, NotClaimed, VisitAlreadyFinished
from services.visits.domain.hours import told_hours
from shared.contracts import EventData
from shared.contracts.common import Channel, CustomerCard, Matter
from shared.contracts.tasks import FollowupReleased
from shared.contracts.visits import VisitFailed
from shared.ids import derived_id

FailureReason = Literal["unreachable", "refused", "invalid_number", "expired"]
AGENT_CHANNELS = frozenset({"phone", "wechat", "weibo", "letter", "on_site"})
CALLBACK_RANK = 0


class State(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    WAITING = "waiting"
    APPOINTED = "appointed"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = frozenset({State.OPEN, State.CLAIMED, State.WAITING, State.APPOINTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A work item. `agent` holds it until `lease_until` (machine time) or, once finished, is who finished it.

    `rank` orders claims: 0 for an agreed callback that has come due, else the priority. `tally` counts attempts by
    result. Roles among `never_alone` don't make it on site by themselves. `cancel_reason` on a claimed visit: to be
    cancelled unless the running contact completes it. `ended` says why a visit failed or was cancelled, `outcome`
    what a completed one found. `hours` is its policy's contact window, as `domain.hours` writes it; empty = the
    organisation's.
    """

    id: UUID
    task_id: str
    policy_id: str
    policy_version: int
    round: int
    customer: CustomerCard
    matters: tuple[Matter, ...]
    kind: str
    branch: str
    team: str
    channel: Channel
    priority: int
    questionnaire: str
    questionnaire_version: int = 0
    case_id: str | None
    never_alone: tuple[str, ...] = ()
    due_at: datetime
    deadline_at: datetime | None
    lineage: str
    state: State = State.OPEN
    rank: int
    agent: str = ""
    lease_until: datetime | None = None
    next_at: datetime | None = None
    attempts: int = 0
    tally: Mapping[str, int] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)
    cancel_reason: str = ""
    ended: str = ""
    outcome: Mapping[str, Any] | None = None
    finished_at: datetime | None = None
    version: int = 1
    hours: str = ""

    @property
    def finished(self) -> bool:
        return self.state not in UNFINISHED


def is_for_agents(task: FollowupReleased) -> bool:
    """Whether people do this task; greetings, notices and messages are sent by notifications (R02.3)."""
    return task.purpose == "followup" and task.channel in AGENT_CHANNELS


def visit_id(task_id: str, due_at: datetime) -> UUID:
    """The id a task's visit always has."""
    return derived_id(due_at, "visit", task_id)


def open_visit(task: FollowupReleased, lineage: str) -> Visit:
    """The visit of a released task."""
    return Visit(
        id=visit_id(task.task_id, task.due_at),
        task_id=task.task_id,
        policy_id=task.policy_id,
        policy_version=task.policy_version,
        round=task.round,
        customer=task.customer,
        matters=tuple(task.matters),
        kind=task.kind,
        branch=task.branch,
        team=task.team,
        channel=task.channel,
        priority=task.priority,
        questionnaire=task.questionnaire,
        case_id=task.case_id,
        never_alone=tuple(task.never_alone),
        due_at=task.due_at,
        deadline_at=task.deadline_at,
        lineage=lineage,
        rank=task.priority,
        hours=told_hours(task.hours).text if task.hours else "",
    )


def about(visit: Visit, matters: tuple[Matter, ...]) -> Visit:
    """The visit about what its task is about now; a finished one stays, and none gets matters it has not had."""
    left = tuple(matter for matter in visit.matters if any(_same(matter, other) for other in matters))
    return visit if visit.finished or not left or left == visit.matters else _changed(visit, matters=left)


def _same(one: Matter, other: Matter) -> bool:
    return (one.event_id, one.event_source) == (other.event_id, other.event_source)


def require_holder(visit: Visit, agent: str) -> None:
    """Raises VisitAlreadyFinished, NotClaimed, or ClaimedByOther unless `agent` has claimed this visit."""
    if visit.finished:
        raise VisitAlreadyFinished
    if visit.state is not State.CLAIMED:
        raise NotClaimed("该单当前无人领取，可能是领取已超时")
    if visit.agent != agent:
        raise ClaimedByOther(f"该单已被 {visit.agent} 领取")


def renew(visit: Visit, lease_until: datetime) -> Visit:
    """The holder is active: the lease runs on."""
    return replace(visit, lease_until=lease_until)


def give_back(visit: Visit, now: datetime) -> Visit:
    """The holder lets go, or the lease ran out: open again, or cancelled if that was asked for meanwhile."""
    if visit.cancel_reason:
        return finish(visit, State.CANCELLED, now, ended=visit.cancel_reason, agent="")
    return put_back(visit, State.OPEN)


def put_back(visit: Visit, state: State, next_at: datetime | None = None) -> Visit:
    """Nobody's any more: open, or waiting or appointed until `next_at`."""
    return _changed(visit, state=state, next_at=next_at, agent="", lease_until=None, rank=visit.priority)


def bring_back(visit: Visit) -> Visit:
    """Its time has come: open again, an agreed callback before everything else (R09.4)."""
    rank = CALLBACK_RANK if visit.state is State.APPOINTED else visit.priority
    return _changed(visit, state=State.OPEN, next_at=None, rank=rank)


def cancel(visit: Visit, reason: str, now: datetime) -> Visit:
    """The task is cancelled: so is its visit, except that a running contact is only marked. A finished one stays."""
    if visit.finished:
        return visit
    if visit.state is State.CLAIMED:
        return _changed(visit, cancel_reason=reason)
    return finish(visit, State.CANCELLED, now, ended=reason, agent="")


def reassign(visit: Visit, team: str) -> Visit:
    """Another team's from now on; taken away from whoever holds it. Raises VisitAlreadyFinished."""
    if visit.finished:
        raise VisitAlreadyFinished
    if visit.state is State.CLAIMED:
        visit = put_back(visit, State.OPEN)
    return _changed(visit, team=team)


def expires_at(visit: Visit, grace: timedelta) -> datetime | None:
    """When nobody works on it any more; None without a deadline."""
    return visit.deadline_at + grace if visit.deadline_at else None


def expire(visit: Visit, now: datetime) -> tuple[Visit, list[EventData]]:
    """Nobody reached the customer in time."""
    return fail(visit, "expired", now)


def fail(visit: Visit, reason: FailureReason, now: datetime) -> tuple[Visit, list[EventData]]:
    """The visit ends without an answer."""
    failed = finish(visit, State.FAILED, now, ended=reason)
    return failed, [VisitFailed(**facts_of(failed), reason=reason, failed_at=now)]


def finish(visit: Visit, state: State, now: datetime, **values: Any) -> Visit:
    """`visit` in a final state."""
    return _changed(visit, state=state, finished_at=now, lease_until=None, next_at=None, **values)


def _changed(visit: Visit, **values: Any) -> Visit:
    return replace(visit, version=visit.version + 1, **values)


def facts_of(visit: Visit) -> dict[str, Any]:
    """What every event says about its visit."""
    return {
        "visit_id": str(visit.id),
        "task_id": visit.task_id,
        "policy_id": visit.policy_id,
        "policy_version": visit.policy_version,
        "round": visit.round,
        "customer": visit.customer,
        "matters": visit.matters,
        "kind": visit.kind,
        "branch": visit.branch,
        "team": visit.team,
        "agent": visit.agent,
        "channel": visit.channel,
        "case_id": visit.case_id,
        "due_at": visit.due_at,
        "deadline_at": visit.deadline_at,
        "attempts": visit.attempts,
    }
