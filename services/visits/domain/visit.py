"""The life cycle of a visit: open → claimed → open again, waiting or appointed → completed, failed or cancelled.

A waiting visit is tried again at `next_at` by our own retry plan, an appointed one at the time the customer agreed to. A
postponed one waits until its task is released again. An invited one is nobody's work: the customer answers by themselves
(`invitations`), until `invited_until`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from services.visits.domain.errors import AnsweredByCustomer, ClaimedByOther, NotClaimed, VisitAlreadyFinished
from shared.contracts import EventData
from shared.contracts.common import Channel, CustomerCard, Matter
from shared.contracts.visits import VisitFailed
from shared.practice import is_practice

FailureReason = Literal["unreachable", "refused", "invalid_number", "expired"]
CALLBACK_RANK = 0
MESSAGES: tuple[Channel, ...] = ("sms", "email")


class State(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    WAITING = "waiting"
    APPOINTED = "appointed"
    POSTPONED = "postponed"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INVITED = "invited"


UNFINISHED = frozenset({State.OPEN, State.CLAIMED, State.WAITING, State.APPOINTED, State.POSTPONED, State.INVITED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A work item. `agent` holds it until `lease_until` (machine time) or, once finished, is who finished it.

    `rank` orders claims: 0 for an agreed callback that has come due, else the priority. `tally` counts attempts by
    result. Roles among `never_alone` don't make it on site by themselves. `cancel_reason` on a claimed visit: to be
    cancelled unless the running contact completes it. `ended` says why a visit failed or was cancelled, `outcome`
    what a completed one found. `hours` is its policy's contact window, as `domain.hours` writes it; empty = the
    organisation's.

    `closed_to` are the marks of those who never get it and `needs` the skills it takes (`claiming`); `companion` comes
    along with its holder. A contact that goes on began at `call_started_at`, its talk ended at `call_ended_at` (business
    time). `callback_at` is the time agreed with the customer, until the next try; only `callback_owner` claims it then, if
    it is somebody's. `postpone_reason` on a claimed visit: to be postponed when the contact ends without a result.
    `notices` tell the holder what has changed (`notices`). `questionnaires` are the versions of those that matters bring
    along, beside the task's own (`several`). With the code of `invitation` the customer may answer by themselves until
    `invited_until`. `confirmed_for` is the agreed time that the customer confirmed (`appointments`). It had failed `reopened`
    times and was opened again.
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
    released_at: datetime | None = None
    closed_to: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    companion: str = ""
    call_started_at: datetime | None = None
    call_ended_at: datetime | None = None
    callback_at: datetime | None = None
    callback_owner: str = ""
    postpone_reason: str = ""
    notices: tuple[Mapping[str, Any], ...] = ()
    questionnaires: Mapping[str, int] = field(default_factory=dict)
    invitation: UUID | None = None
    invited_until: datetime | None = None
    confirmed_for: datetime | None = None
    reopened: int = 0

    @property
    def on_site(self) -> bool:
        return self.channel == "on_site"

    @property
    def confirmed(self) -> bool:
        """Whether the customer has confirmed the time that is agreed now."""
        return self.callback_at is not None and self.confirmed_for == self.callback_at

    @property
    def finished(self) -> bool:
        return self.state not in UNFINISHED

    @property
    def practice(self) -> bool:
        """Whether its customer is nobody: it is not counted, not handed out, and no number is dialled."""
        return is_practice(self.customer.id)

    @property
    def practice_call(self) -> bool:
        """Whether it was made for its agent to practise (`practice`): nobody else hears of it."""
        return is_practice(self.task_id)

    @property
    def calling(self) -> bool:
        """Whether somebody speaks to the customer."""
        return self.call_started_at is not None and self.call_ended_at is None

    @property
    def by_message(self) -> bool:
        """Whether the customer is asked by a message, not by people."""
        return self.channel in MESSAGES

    @property
    def self_answered(self) -> bool:
        """Whether the customer has answered without an agent."""
        return self.state is State.COMPLETED and not self.agent


def require_holder(visit: Visit, agent: str) -> None:
    """Raises VisitAlreadyFinished (AnsweredByCustomer), NotClaimed, or ClaimedByOther unless `agent` has claimed this visit."""
    if visit.self_answered:
        raise AnsweredByCustomer("客户已经自助作答，该单已办结；不用再联系，请领取下一单")
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
    """The holder lets go, or the lease ran out: open again, or cancelled if that was asked for meanwhile.

    On site it stays appointed for the time agreed with the customer, if that is still to come.
    """
    if visit.cancel_reason:
        return finish(visit, State.CANCELLED, now, ended=visit.cancel_reason, agent="")
    appointed = visit.callback_at if visit.on_site and not visit.postpone_reason else None
    if appointed and appointed > now:
        return put_back(visit, State.APPOINTED, appointed)
    return put_back(visit, State.OPEN)


def put_back(visit: Visit, state: State, next_at: datetime | None = None) -> Visit:
    """Nobody's any more: open, waiting or appointed until `next_at`, or postponed if that was asked for meanwhile.

    What has become a message's matter meanwhile is not the agents' again, unless the customer wants to be called.
    """
    if visit.postpone_reason and state is not State.APPOINTED:
        state, next_at = State.POSTPONED, None
    elif visit.by_message and state is not State.APPOINTED:
        state, next_at = State.INVITED, None
    return changed(
        visit,
        state=state,
        next_at=next_at,
        agent="",
        lease_until=None,
        rank=CALLBACK_RANK if visit.callback_at and state is State.OPEN else visit.priority,
        postpone_reason="",
        **IDLE,
    )


# a code that nobody can answer with any more
UNINVITED: Mapping[str, Any] = {"invitation": None, "invited_until": None}
# what a visit has while somebody holds it, and no longer
IDLE: Mapping[str, Any] = {"companion": "", "call_started_at": None, "call_ended_at": None, "notices": ()}


def bring_back(visit: Visit) -> Visit:
    """Its time has come: open again, an agreed callback before everything else (R09.4)."""
    rank = CALLBACK_RANK if visit.state is State.APPOINTED else visit.priority
    return changed(visit, state=State.OPEN, next_at=None, rank=rank)


def hand_over(visit: Visit) -> Visit:
    """A callback that was somebody's own is anybody's."""
    return changed(visit, callback_owner="")


def reassign(visit: Visit, team: str, now: datetime) -> Visit:
    """Another team's from now on; taken away from whoever holds it, and nobody's own. Raises VisitAlreadyFinished."""
    if visit.finished:
        raise VisitAlreadyFinished
    if visit.state is State.CLAIMED:
        visit = give_back(visit, now)
    return changed(visit, team=team, callback_owner="")


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
    return changed(
        visit, state=state, finished_at=now, lease_until=None, next_at=None, **{**IDLE, **UNINVITED, **values}
    )


def changed(visit: Visit, **values: Any) -> Visit:
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
