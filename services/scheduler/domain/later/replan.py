"""A provisional task once its holidays are published: its new times, and whether the caps still have a place for it."""

from typing import NamedTuple

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.detail import Detail, Outcome
from services.scheduler.domain.ledger.caps import CapState, cap_detail, reached_cap
from services.scheduler.domain.ledger.contacts import contact_of
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.provisional import PolicyOf, recomputed
from services.scheduler.domain.task import Task, moved

CAPPED = "capped"
RECOMPUTED: Outcome = "recomputed"


class Replanned(NamedTuple):
    """The task and its customer afterwards; `detail` is for the record, None where no time has changed."""

    task: Task
    customer: Customer
    detail: Detail | None


def replan(task: Task, customer: Customer, policy: Policy, policy_of: PolicyOf) -> Replanned:
    """Compute a planned task again; `policy` is its own. It is cancelled when a cap is used up where it would go."""
    again = recomputed(task, policy_of)
    if (again.due_at, again.deadline_at) == (task.due_at, task.deadline_at):
        return Replanned(again, customer.planned(again), None)
    detail: Detail = {
        "policy": task.policy_id,
        "version": task.policy_version,
        "result": RECOMPUTED,
        "task": str(task.id),
        "was": {"due": task.due_at, "deadline": task.deadline_at},
        "due": again.due_at,
        "deadline": again.deadline_at,
    }
    if cap := _forbidding(again, task, customer, policy):
        cancelled = moved(again, "cancelled", CAPPED)
        return Replanned(cancelled, customer.without(task), detail | {"cap": cap_detail(cap)})
    return Replanned(again, customer.planned(again), detail)


def _forbidding(again: Task, task: Task, customer: Customer, policy: Policy) -> CapState | None:
    if not task.blockable:
        return None
    after = contact_of(again)._replace(policies=task.blockable)
    return reached_cap(policy.caps, after, customer.without(task).contacts, contact_of(task) if task.counted else None)
