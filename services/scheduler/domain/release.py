"""What is asked again when a planned task falls due: may the customer still be contacted about this?"""

from dataclasses import dataclass
from datetime import datetime

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.task import Task, TaskState

CASE_OPEN_GUARD = "case_open"


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """The complaint a task asks about: its state, and the event that last resolved it."""

    state: str
    resolved_by: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known at the moment of release."""

    customer: Customer
    has_open_case: bool = False
    case: CaseStanding | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The task's next state, with the machine reason when it is not released."""

    state: TaskState
    reason: str = ""


def release_verdict(task: Task, now_known: Circumstances, now: datetime) -> Verdict:
    """Released, cancelled or expired; refusals count before time limits, because they are lawful reasons."""
    if reason := _refusal(task, now_known.customer) or _case_reason(task, now_known):
        return Verdict("cancelled", reason)
    if task.deadline_at is not None and now > task.deadline_at:
        return Verdict("expired", "deadline_passed")
    return Verdict("released")


def _refusal(task: Task, customer: Customer) -> str:
    if customer.do_not_contact or task.card.get("do_not_contact"):
        return "do_not_contact"
    if customer.refused(task.channel):
        return "customer_refused"
    return "opted_out" if customer.opted_out_at(task.channel, task.purpose) is not None else ""


def _case_reason(task: Task, known: Circumstances) -> str:
    """Once a case is closed nobody wants its answer; nor, when it was reopened, what a second follow-up asks of it.

    A first contact about a case (R04.4, R13.1) doesn't ask about its resolution, so it takes place however the case stands.
    """
    if task.case_id and known.case is not None:
        if known.case.state == "closed":
            return "case_closed"
        if task.round > 1 and known.case.resolved_by != task.event_id:
            return "case_reopened"
    if CASE_OPEN_GUARD in task.guards and known.has_open_case:
        return "case_open"
    return ""
