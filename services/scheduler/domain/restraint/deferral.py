"""A due task that must wait: until when, and when waiting ends.

It moves to the first moment of its policy's window on a later day (after a pause: after its end) at which no cap is used
up. Beyond its deadline, or after so many times, it is cancelled with the reason that held it back.
"""

from datetime import datetime

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.ledger.caps import reached_cap
from services.scheduler.domain.ledger.contacts import contact_of
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.restraint.release import (
    CAP_REACHED,
    PAUSED,
    Circumstances,
    Verdict,
    objection,
    release_verdict,
)
from services.scheduler.domain.task import Task
from services.scheduler.domain.when.hours import narrowed
from services.scheduler.domain.when.windows import next_moment
from services.scheduler.domain.whom.limits import next_midnight
from shared.zone import local_day

MOST_TIMES = 100
MOST_DAYS = 400  # longer than any cap's period


def needs_ledger(task: Task, verdict: Verdict) -> bool:
    """Whether `final_verdict` has to look at the customer's contacts, which few need."""
    if verdict.state == "planned":
        return verdict.opens is None
    return verdict.state == "released" and CAP_REACHED in task.guards


def final_verdict(task: Task, known: Circumstances, now: datetime, policy: Policy) -> Verdict:
    """As `release_verdict`, with caps; `known.customer` has all contacts that count. A task held back gets its moment."""
    verdict = release_verdict(task, known, now, policy.window.calendar.official)
    if verdict.state == "released":
        verdict = _no_room(task, policy, known.customer) or verdict
    if verdict.state != "planned" or verdict.opens is not None:
        return verdict
    return _postponed(task, known.customer, policy, verdict.reason)


def lasting_verdict(task: Task, known: Circumstances, now: datetime, policy: Policy) -> Verdict | None:
    """What speaks against a released task, with caps: cancelled, or planned for a moment after `now`. None: it stays."""
    verdict = objection(task, known, now) or _no_room(task, policy, known.customer)
    if verdict is None or verdict.state != "planned":
        return verdict
    return _postponed(task._replace(due_at=max(task.due_at, now)), known.customer, policy, verdict.reason)


def _no_room(task: Task, policy: Policy, customer: Customer) -> Verdict | None:
    if CAP_REACHED not in task.guards or _has_room(task, policy, customer):
        return None
    return Verdict("planned" if CAP_REACHED in task.defers else "cancelled", CAP_REACHED)


def _postponed(task: Task, customer: Customer, policy: Policy, reason: str) -> Verdict:
    until = _next_chance(task, customer, policy, reason)
    if until is None or task.deferred >= MOST_TIMES:
        return Verdict("cancelled", reason)
    return Verdict("planned", reason, until)


def _next_chance(task: Task, customer: Customer, policy: Policy, reason: str) -> datetime | None:
    begins = next_midnight(local_day(task.due_at))
    if reason == PAUSED:
        assert customer.paused_until is not None
        begins = customer.paused_until
    open_to = policy.window.of(task.branch)
    window = narrowed(open_to, task.hours) or open_to
    for _ in range(MOST_DAYS):
        due = next_moment(window, begins, task.branch)
        if task.deadline_at is not None and due >= task.deadline_at:
            return None
        if _has_room(task._replace(due_at=due), policy, customer):
            return due
        begins = next_midnight(local_day(due))
    return None


def _has_room(task: Task, policy: Policy, customer: Customer) -> bool:
    """Whether the other contacts leave room for this one on its day."""
    if not task.blockable:
        return True
    others = [contact for contact in customer.contacts if contact.task_id != task.id]
    return reached_cap(policy.caps, contact_of(task)._replace(policies=task.blockable), others) is None
