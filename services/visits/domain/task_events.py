"""What a visit becomes when an event of its task comes: released, postponed, changed, cancelled (contracts `followup.*`).

What changes of a visit that somebody holds is told to them by a notice. Its version stays: it guards their answers, and
changes with these when a matter goes that they were about (`several.carried`).
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.visits.domain.claiming import closed_to, needs_of
from services.visits.domain.hours import hours_of
from services.visits.domain.notices import Kind, notice
from services.visits.domain.visit import CALLBACK_RANK, MESSAGES, UNINVITED, State, Visit, changed, finish
from shared.contracts.common import ContactTerms, Matter
from shared.contracts.tasks import Followup, FollowupChanged, FollowupPostponed, FollowupReleased
from shared.ids import visit_id

AGENT_CHANNELS = frozenset({"phone", "wechat", "weibo", "letter", "on_site"})
MOST_NOTICES = 20
# what an event of the task may say otherwise than its first
OF_TASK = (*ContactTerms._fields, "matters", "hours", "released_at", "closed_to", "needs")


def has_visit(task: Followup) -> bool:
    """Whether the customer is asked something: by people, or by a message with whose code they open the questionnaire.

    Whatever only tells (greetings, notices, messages without questions) is sent by notifications (R02.3).
    """
    asked = task.channel in AGENT_CHANNELS or (task.channel in MESSAGES and task.questionnaire != "")
    return task.purpose == "followup" and asked


def open_visit(task: FollowupReleased, lineage: str, spoke: Iterable[str] = ()) -> Visit:
    """The visit of a released task; `spoke` are the agents who asked the customer in an earlier round."""
    return Visit(
        id=visit_id(task.task_id, task.due_at),
        task_id=task.task_id,
        policy_id=task.policy_id,
        policy_version=task.policy_version,
        **ContactTerms.of(task)._asdict(),
        customer=task.customer,
        matters=tuple(task.matters),
        lineage=lineage,
        rank=task.priority,
        hours=hours_of(task.hours).text if task.hours else "",
        released_at=task.released_at,
        closed_to=closed_to(task, spoke),
        needs=needs_of(task.channel),
        state=_queued(task),
    )


def _queued(task: Followup | Visit) -> State:
    """Where a visit waits that nobody holds: for an agent, or for the customer."""
    return State.INVITED if task.channel in MESSAGES else State.OPEN


def release_again(visit: Visit, again: Visit, now: datetime) -> Visit:
    """A visit whose task is released again, as `again`: a postponed one is to be made now, or when the customer has agreed.

    One that was not postponed stays as it is, but for matters that don't stand any more.
    """
    if visit.finished or (visit.state is not State.POSTPONED and not visit.postpone_reason):
        return about(visit, again.matters)
    renewed = {name: getattr(again, name) for name in OF_TASK} | {"needs": needs_of(again.channel, visit.needs)}
    if visit.state is State.CLAIMED:
        return _noticed(replace(visit, postpone_reason="", **renewed), "released", "", now)
    if visit.callback_at and visit.callback_at > now:
        return changed(visit, state=State.APPOINTED, next_at=visit.callback_at, rank=again.priority, **renewed)
    renewed |= {"rank": again.priority, "callback_at": None, "callback_owner": ""}
    return changed(visit, state=_queued(again), **renewed)


def postpone(visit: Visit, task: FollowupPostponed, now: datetime) -> Visit:
    """Nobody contacts the customer until the task is released again; a contact that goes on may end, and counts."""
    if visit.finished:
        return visit
    if visit.state is State.CLAIMED:
        held = replace(visit, postpone_reason=task.reason, due_at=task.due_at)
        return _noticed(held, "postponed", task.reason, now)
    values: dict[str, Any] = {"next_at": None, "agent": "", "rank": visit.priority, "due_at": task.due_at}
    return changed(visit, state=State.POSTPONED, **values, **UNINVITED)


def change(visit: Visit, task: FollowupChanged, now: datetime) -> Visit:
    """The task is what the event says from now on; who holds the visit is told."""
    if visit.finished:
        return visit
    if not has_visit(task):
        return cancel(visit, task.reason, now)
    rank = visit.rank if visit.rank == CALLBACK_RANK else task.priority
    said: dict[str, Any] = {
        "matters": tuple(task.matters) or visit.matters,
        "channel": task.channel,
        "needs": needs_of(task.channel, visit.needs),
        "never_alone": tuple(task.never_alone),
        "priority": task.priority,
    }
    if visit.state is State.CLAIMED:
        held = replace(visit, **said, deadline_at=task.deadline_at, rank=rank)
        return _noticed(held, "changed", task.reason, now, task.changes)
    if (visit.channel in MESSAGES) != (task.channel in MESSAGES) and visit.state is not State.POSTPONED:
        said |= {"state": _queued(task), "next_at": None, **UNINVITED}
    return changed(visit, **said, deadline_at=task.deadline_at, rank=rank)


def _noticed(visit: Visit, kind: Kind, reason: str, now: datetime, changes: Iterable[str] = ()) -> Visit:
    added = notice(kind, reason, now, visit.calling, changes)
    return replace(visit, notices=(*visit.notices, added)[-MOST_NOTICES:])


def about(visit: Visit, matters: tuple[Matter, ...]) -> Visit:
    """The visit about what its task is about now; a finished one stays, and none gets matters it has not had."""
    left = tuple(matter for matter in visit.matters if any(_same(matter, other) for other in matters))
    return visit if visit.finished or not left or left == visit.matters else changed(visit, matters=left)


def _same(one: Matter, other: Matter) -> bool:
    return (one.event_id, one.event_source) == (other.event_id, other.event_source)


def cancel(visit: Visit, reason: str, now: datetime) -> Visit:
    """The task is cancelled: so is its visit, except that a running contact is only marked. A finished one stays."""
    if visit.finished or visit.cancel_reason:
        return visit
    if visit.state is State.CLAIMED:
        return _noticed(replace(visit, cancel_reason=reason), "cancelled", reason, now)
    return finish(visit, State.CANCELLED, now, ended=reason, agent="")
