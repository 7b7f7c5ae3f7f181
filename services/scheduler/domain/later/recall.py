"""What is asked again of a released task until its visit is over: may the customer still be contacted about this?

What speaks against the contact for good takes the task back. What only holds it back for a while postpones it: it is planned
again, and what is asked at every release is asked of it once more.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.scheduler.domain.customer import REFUSED, Customer
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.detail import Detail, Outcome
from services.scheduler.domain.facts import Fact, new_fact
from services.scheduler.domain.kept.contact_result import REOPENED
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.restraint.contacts import CASE_STATES
from services.scheduler.domain.restraint.deferral import lasting_verdict
from services.scheduler.domain.restraint.release import Circumstances, concluded
from services.scheduler.domain.steps.runs import Cause
from services.scheduler.domain.task import Task, TaskState, moved
from shared.ids import derived_id, is_visit_of

TAKEN_BACK: Outcome = "taken_back"
POSTPONED: Outcome = "postponed"
OPTED_OUT = "notification.opted_out"
ANSWERED = ("satisfied", "dissatisfied", "unreached")
ENDED_ALL_THE_SAME = ("cancelled", "expired")


class Prompt(NamedTuple):
    """What has happened that released tasks are asked about again because of it; `key` is the event's identity."""

    name: str
    key: UUID
    at: datetime
    about: str = ""
    """the task that an event of visits is about, which says itself how that goes on"""
    visits: tuple[str, ...] = ()
    """visits in which a case arose or was sent back: they took place, whether or not their own results have been heard"""

    def spares(self, task: Task) -> bool:
        """Whether the task is asked nothing because of this: it is over, or goes on as the event says."""
        task_id = str(task.id)
        return task_id == self.about or any(is_visit_of(visit, task_id) for visit in self.visits)


def prompt_of(fact: Fact) -> Prompt:
    """The reason that an event is to ask again."""
    data = fact.data
    if fact.name == REOPENED:
        return Prompt(fact.name, fact.key, fact.at)  # of its own task above all
    arose = data.get("origin_id") if data.get("origin") == "visit" else None
    visits = tuple(str(visit) for visit in (arose, data.get("visit_id")) if visit)
    return Prompt(fact.name, fact.key, fact.at, str(data.get("task_id") or ""), visits)


def concerned(name: str, data: Mapping[str, Any]) -> str:
    """The customer whose released tasks an event may forbid; "" for any other event.

    A case that its second follow-up closed forbids nothing: that visit is over.
    """
    if name in CASE_STATES and data.get("outcome") not in ANSWERED:
        return str((data.get("customer") or {}).get("id") or "")
    if name == REOPENED or (name == "visit.failed" and data.get("reason") == REFUSED):
        return str((data.get("customer") or {}).get("id") or "")
    return str(data.get("customer_id") or "") if name == OPTED_OUT else ""


def turned_away(before: Customer, after: Customer) -> bool:
    """Whether a customer, as facts tell of them, is to be left alone from now on or for longer."""
    if after.do_not_contact and not before.do_not_contact:
        return True
    return after.paused_until is not None and after.paused_until != before.paused_until


def looked_at_again(task: Task, known: Circumstances, now: datetime, policy: Policy) -> Task | None:
    """The released task as it is from now on: cancelled, or planned for later; None while nothing speaks against it.

    `known.customer` has all contacts that count; `policy` is the version, and the step, that planned the task.
    """
    verdict = lasting_verdict(task, known, now, policy)
    return concluded(task, verdict) if verdict else None


def taken_back(task: Task, reason: str) -> Task:
    return moved(task, "cancelled", reason)


def visit_ends(before: TaskState, ends: TaskState, was_released: bool) -> bool:
    """Whether a task ends as its visit does: released, or postponed since; one that was called off meanwhile only when the
    contact took place all the same."""
    if before == "released":
        return True
    return was_released and (before == "planned" or (before in ENDED_ALL_THE_SAME and ends == "done"))


def recall_record(task: Task, prompt: Prompt) -> Decision:
    """Why a released task was taken back or postponed, on record among the decisions on its fact."""
    outcome = TAKEN_BACK if task.state == "cancelled" else POSTPONED
    key = derived_id(prompt.at, "recalled", str(task.id), str(prompt.key))
    number = next((str(matter.get("subject") or "") for matter in task.matters), "")
    data = {"order_no": number, "customer": {"id": task.customer_id}}
    fact = new_fact(task.event_id, task.event_source, key, prompt.name, prompt.name, prompt.at, data, task.lineage)
    detail: Detail = {
        "policy": task.policy_id,
        "version": task.policy_version,
        "result": outcome,
        "reason": task.reason,
        "task": str(task.id),
    }
    if task.step:
        detail["step"] = task.step
    if task.state == "planned":
        detail["due"] = task.due_at
    return Decision(fact, outcome, (detail,), (task,), Cause(key, prompt.at, prompt.name, "recalled"))
