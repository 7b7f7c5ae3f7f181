"""Tasks in their events."""

from collections.abc import Sequence
from typing import Any

from services.scheduler.domain.occasion import Occasion, recorded
from services.scheduler.domain.task import NAMES, Task
from services.scheduler.domain.whom.limits import Count, Slot
from services.scheduler.domain.whom.strata import stratum_text
from shared.calendar import days_between
from shared.contracts.registry import by_model
from shared.contracts.tasks import (
    FollowupCancelled,
    FollowupChanged,
    FollowupDeadlineNear,
    FollowupExpired,
    FollowupPlanned,
    FollowupPostponed,
    FollowupReleased,
    OccasionArrived,
    PolicyLimitReached,
)
from shared.hours import clock_text, read_hours
from shared.messaging import Event, Work
from shared.observability.catalogue import BRANCHES, counter

EVENTS = {
    "planned": by_model(FollowupPlanned),
    "released": by_model(FollowupReleased),
    "cancelled": by_model(FollowupCancelled),
    "expired": by_model(FollowupExpired),
}
CHANGED, POSTPONED = by_model(FollowupChanged), by_model(FollowupPostponed)
DEADLINE_NEAR = by_model(FollowupDeadlineNear)
LIMIT_REACHED = by_model(PolicyLimitReached)
OCCASION = by_model(OccasionArrived)
TASKS = counter(
    "huifang_scheduler_tasks_total", "Tasks by the state they came into", "回访任务数", labels={"state": tuple(NAMES)}
)
POSTPONEMENTS = counter(
    "huifang_scheduler_postponements_total", "Released tasks planned again for later, by reason", "已下达后推迟数",
    labels={"reason": 30},
)  # fmt: skip
WARNED = counter(
    "huifang_scheduler_deadline_warnings_total", "Tasks of which was told that their deadline is near", "到期提醒数",
    labels={"branch": BRANCHES},
)  # fmt: skip
_COUNTED = {state: TASKS.labels(state) for state in EVENTS}


def announce(work: Work, task: Task, cause: Event | None = None, lawful: bool = True) -> None:
    """Publish what the task has become: planned, released (with its contact window), cancelled or expired."""
    data = _common(task)
    if task.state == "released" and task.hours:
        data["hours"] = _hours(task.hours)
    if task.state != "planned":
        data[f"{task.state}_at"] = work.now()
    if task.state == "cancelled":
        data |= {"reason": task.reason, "lawful": lawful}
    work.publish_as(
        EVENTS[task.state], data, key=task.customer_id, lineage=task.lineage, cause=cause, subject=data["task_id"]
    )
    _COUNTED[task.state].inc()


def announce_postponed(work: Work, task: Task, cause: Event | None = None) -> None:
    """Publish that a released task is planned again for later."""
    data = _common(task) | {"reason": task.reason, "postponed_at": work.now()}
    work.publish_as(POSTPONED, data, key=task.customer_id, lineage=task.lineage, cause=cause, subject=data["task_id"])
    POSTPONEMENTS.labels(task.reason).inc()


def announce_change(
    work: Work, task: Task, reason: str, changes: Sequence[str] = (), cause: Event | None = None
) -> None:
    """Publish that a released task goes on, and what about it is other than before."""
    data = _common(task) | {"reason": reason, "changes": list(changes), "changed_at": work.now()}
    work.publish_as(CHANGED, data, key=task.customer_id, lineage=task.lineage, cause=cause, subject=data["task_id"])


def announce_deadline(work: Work, task: Task) -> None:
    """Publish that the task's deadline is near."""
    data = _common(task) | {"state": task.state, "warned_at": work.now()}
    work.publish_as(DEADLINE_NEAR, data, key=task.customer_id, lineage=task.lineage, subject=data["task_id"])
    WARNED.labels(task.branch).inc()


def announce_limit(work: Work, title: str, slot: Slot, count: Count) -> None:
    """Publish that contacts of a policy found no room at this limit."""
    data = {
        "policy_id": slot.policy_id,
        "title": title,
        "limit": slot.limit,
        "day": slot.day,
        "stratum": stratum_text(slot.stratum) if slot.stratum else "",
        "most": count.most,
        "taken": count.taken,
        "lacking": count.lacking,
        "reached_at": work.now(),
    }
    work.publish_as(LIMIT_REACHED, data, key=slot.policy_id, subject=slot.policy_id)


def _common(task: Task) -> dict[str, Any]:
    return {
        "task_id": str(task.id),
        "policy_id": task.policy_id,
        "policy_version": task.policy_version,
        "step": task.step,
        "never_alone": task.never_alone,
        "barred": task.barred,
        "purpose": task.purpose,
        "round": task.round,
        "customer": task.card,
        "matters": task.matters,
        "kind": task.kind,
        "branch": task.branch,
        "channel": task.channel,
        "team": task.team,
        "priority": task.priority,
        "questionnaire": task.questionnaire,
        "due_at": task.due_at,
        "deadline_at": task.deadline_at,
        "provisional": task.provisional,
        "case_id": task.case_id,
    }


def _hours(text: str) -> dict[str, Any]:
    """The window as its contract has it; days of a blackout are days off, whether or not days off are worked else."""
    hours = read_hours(text)
    frames = [[clock_text(opens), clock_text(closes)] for opens, closes in hours.frames]
    closed = {day: False for first, last in hours.closed for day in days_between(first, last)}
    own_days = {day.isoformat(): worked for day, worked in sorted({**hours.own_days, **closed}.items())}
    return {"frames": frames, "days": hours.days, "weekdays": sorted(hours.weekdays), "own_days": own_days}


def announce_occasion(work: Work, occasion: Occasion, cause: Event | None = None) -> None:
    """Publish that the moment has come to plan a policy's contact; it is planned in its turn by who has the customer."""
    policy, fact = occasion.policy, occasion.fact
    data = {
        "policy_id": policy.id,
        "policy_version": policy.version,
        "step": policy.step,
        "reason": occasion.reason,
        "at": occasion.anchor.isoformat(),
        "customer_id": fact.customer_id,
        "fact": recorded(fact),
    }
    lineage = fact.lineage or fact.id
    work.publish_as(OCCASION, data, key=fact.customer_id, lineage=lineage, cause=cause, at=occasion.moment)
