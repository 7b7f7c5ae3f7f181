"""What is asked again when a planned task falls due: may the customer still be contacted about this?"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.task import Task, TaskState, deferred, moved
from services.scheduler.domain.when.hours import reopens
from shared.calendar import OfficialYears

# conditions of release that a policy may ask for besides those that always hold, and what becomes of a task they hold back
Guard = Literal["case_open", "case_reopened", "cap_reached"]
Action = Literal["cancel", "defer"]
GUARDS: tuple[str, ...] = get_args(Guard)
CASE_OPEN: Guard = "case_open"
CASE_REOPENED: Guard = "case_reopened"
CAP_REACHED: Guard = "cap_reached"
PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class CaseStanding:
    """A complaint: its state, the event that last resolved it, and whether it was sent back since."""

    state: str
    resolved_by: str
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What is known at the moment of release; `case` is the complaint the task asks about."""

    customer: Customer
    has_open_case: bool = False
    has_reopened_case: bool = False
    case: CaseStanding | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The task's next state, with the machine reason when it is not released.

    `planned` means that it stays so: until `due` when that is known, else `deferral.final_verdict` has to find a moment.
    One that falls due outside of its contact window, because its fact was heard late or nobody released it in time, keeps
    its due moment and is asked again at `opens`: when the window opens, or when its deadline has come before that.
    """

    state: TaskState
    reason: str = ""
    due: datetime | None = None
    opens: datetime | None = None


def release_verdict(task: Task, known: Circumstances, now: datetime, official: OfficialYears) -> Verdict:
    """Caps left aside: released, cancelled, expired, or held back. What speaks against contact counts before time limits.

    Nothing is released outside of the task's contact window or from its deadline on.
    """
    if verdict := objection(task, known, now):
        return verdict
    if task.deadline_at is not None and now >= task.deadline_at:
        return Verdict("expired", "deadline_passed")
    if (opens := reopens(task.hours, now, official)) > now:
        return Verdict("planned", opens=min(opens, task.deadline_at or opens))
    return Verdict("released")


def objection(task: Task, known: Circumstances, now: datetime) -> Verdict | None:
    """What speaks against the contact, caps left aside: cancelled, or planned for what only holds it back."""
    if reason := _refusal(task, known.customer) or _case_reason(task, known):
        return Verdict("cancelled", reason)
    held = [guard for guard in task.guards if _holds_back(guard, known)]
    if reason := next((guard for guard in held if guard not in task.defers), ""):
        return Verdict("cancelled", reason)
    if known.customer.paused_until is not None and now < known.customer.paused_until:
        return Verdict("planned", PAUSED)
    return Verdict("planned", held[0]) if held else None


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
        waits = known.case.state == "open" and CASE_REOPENED in task.defers
        if task.round > 1 and known.case.resolved_by != task.event_id and not waits:
            return "case_reopened"
    return ""


def _holds_back(guard: str, known: Circumstances) -> bool:
    """Whether a guard that needs no look at the ledger speaks against release."""
    return (guard == CASE_OPEN and known.has_open_case) or (guard == CASE_REOPENED and known.has_reopened_case)


def concluded(task: Task, verdict: Verdict) -> Task:
    """The task as the verdict leaves it; one that waits until its window opens as it is."""
    if verdict.opens is not None:
        return task
    if verdict.due is not None:
        return deferred(task, verdict.due, verdict.reason)
    return moved(task, verdict.state, verdict.reason)
