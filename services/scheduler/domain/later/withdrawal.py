"""A fact that doesn't stand any more: its contacts are called off, those about other matters too go without it."""

from collections.abc import Callable, Container, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.detail import Detail
from services.scheduler.domain.facts import Fact, Identity, names, new_fact
from services.scheduler.domain.later.reserve import Name, names_of
from services.scheduler.domain.restraint.release import Verdict
from services.scheduler.domain.steps.runs import Cause
from services.scheduler.domain.task import Released, Task, moved
from shared.contracts.intake import FactWithdrawn
from shared.contracts.registry import wire_type

FACT_WITHDRAWN = "fact_withdrawn"
EVENT = "fact.withdrawn"
AT_RELEASE = Verdict("cancelled", FACT_WITHDRAWN)
Without = Callable[[Task, Identity], Task]


class Withdrawal(NamedTuple):
    """Which fact is withdrawn, why and since when; `key` and `heard_at` are the telling event's."""

    identity: Identity
    reason: str
    at: datetime
    key: UUID
    heard_at: datetime
    customer_id: str = ""
    type: str = ""
    number: str = ""


def withdrawal_of(event: FactWithdrawn, key: UUID, heard_at: datetime) -> Withdrawal:
    wire = wire_type(event.event_type) if event.event_type else ""
    identity = (event.event_id, event.event_source)
    return Withdrawal(identity, event.reason, event.withdrawn_at, key, heard_at, event.customer_id, wire, event.number)


def concerns(task: Task, identity: Identity) -> bool:
    """Whether the task is about this fact."""
    return (task.event_id, task.event_source) == identity or any(names(matter, identity) for matter in task.matters)


def without(task: Task, identity: Identity) -> Task:
    """The unfinished task without this fact: called off when it was about nothing else."""
    left = tuple(matter for matter in task.matters if not names(matter, identity))
    earlier = bool(task.case_id) and (task.event_id, task.event_source) != identity
    if left and not earlier:
        return task._replace(matters=left)
    return task if earlier else moved(task, "cancelled", FACT_WITHDRAWN)


class CalledOff(NamedTuple):
    """A customer after a withdrawal, with the tasks that changed and how many runs ended.

    `agreed` are released tasks about nothing else that stay, for the customer expects to be called back. `lost` are the
    contacts that somebody may have been drawn for.
    """

    customer: Customer
    tasks: tuple[Task, ...] = ()
    runs: int = 0
    agreed: tuple[Task, ...] = ()
    lost: tuple[Name, ...] = ()


def called_off(
    customer: Customer, released: Iterable[Released], identity: Identity, go_without: Without = without
) -> CalledOff:
    """Planned and `released` tasks about the fact are called off or go without it; runs that it began end."""
    changed, agreed, lost = [], [], []
    for task, is_agreed in (*((task, False) for task in customer.open), *released):
        if not concerns(task, identity) or (after := go_without(task, identity)) == task:
            continue
        if is_agreed and after.state == "cancelled":
            agreed.append(task)
            continue
        changed.append(after)
        lost += [name for name in names_of(task) if name[1] == identity]
        customer = customer.without(task) if after.state == "cancelled" else _kept(customer, after)
    ended = [row for row in customer.waiting if (row.fact.id, row.fact.source) == identity]
    runs = len({row.run for row in ended})
    return CalledOff(customer.not_waiting(*ended), tuple(changed), runs, tuple(agreed), tuple(sorted(lost)))


def forgotten(customer: Customer, identity: Identity) -> Customer:
    """No fact heard late lets the runs that this fact began go their way again."""
    story = (one._replace(runs=()) if one.fact.identity == identity else one for one in customer.story)
    return customer._replace(story=tuple(story))


def _kept(customer: Customer, task: Task) -> Customer:
    return customer.planned(task) if task.state == "planned" else customer


def record(one: Withdrawal, known: Fact | None, off: CalledOff) -> Decision:
    """What the withdrawal came to, on record among the decisions on its fact."""
    fact = known or _unheard(one)
    cancelled = [str(task.id) for task in off.tasks if task.state == "cancelled"]
    kept = [str(task.id) for task in off.tasks if task.state != "cancelled"]
    detail: Detail = {
        "result": "withdrawn",
        "reason": one.reason,
        "at": one.at,
        "cancelled": cancelled,
        "kept": kept,
        "runs": off.runs,
    }
    if off.agreed:
        detail["agreed"] = [str(task.id) for task in off.agreed]
    cause = Cause(one.key, one.heard_at, EVENT, "withdrawn")
    return Decision(fact, "withdrawn", (detail,), off.tasks, cause)


def _unheard(one: Withdrawal) -> Fact:
    event_id, source = one.identity
    data = {"order_no": one.number, "customer": {"id": one.customer_id}}
    return new_fact(event_id, source, one.key, one.type, EVENT, one.heard_at, data)


def identities(task: Task) -> set[Identity]:
    """The facts that a task is about, as far as its matters say their source."""
    found = {(str(one.get("event_id")), str(one["event_source"])) for one in task.matters if one.get("event_source")}
    return found or {(task.event_id, task.event_source)}


def is_withdrawn(task: Task, gone: Container[Identity]) -> bool:
    """Whether nothing that the task is about stands any more; a second follow-up asks about its case all the same."""
    return not task.case_id and all(one in gone for one in identities(task))
