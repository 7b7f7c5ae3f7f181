"""Tasks in their events."""

from typing import Any

from prometheus_client import Counter

from services.scheduler.domain.task import Task
from shared.contracts.tasks import Followup, FollowupCancelled, FollowupExpired, FollowupPlanned, FollowupReleased
from shared.messaging import Event, Work

TASKS = Counter("huifang_scheduler_tasks", "Tasks by the state they came into", ["state"])


def announce(work: Work, task: Task, cause: Event | None = None, lawful: bool = True) -> None:
    """Publish what the task has become: planned, released, cancelled or expired."""
    common, now = _common(task), work.now()
    data: Followup
    if task.state == "planned":
        data = FollowupPlanned(**common)
    elif task.state == "released":
        data = FollowupReleased(**common, released_at=now)
    elif task.state == "cancelled":
        data = FollowupCancelled(**common, reason=task.reason, lawful=lawful, cancelled_at=now)
    else:
        data = FollowupExpired(**common, expired_at=now)
    work.publish(data, key=task.customer_id, lineage=task.lineage, cause=cause, subject=str(task.id))
    TASKS.labels(task.state).inc()


def _common(task: Task) -> dict[str, Any]:
    return {
        "task_id": str(task.id),
        "policy_id": task.policy_id,
        "policy_version": task.policy_version,
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
        "case_id": task.case_id,
    }
