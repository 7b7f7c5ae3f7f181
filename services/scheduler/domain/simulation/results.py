"""What visits and messages tell of contacts in a simulation, and what a correction makes of it."""

from datetime import datetime
from uuid import UUID

from services.scheduler.domain.customer import REFUSED, Customer, not_refusing, way_of, with_refusal
from services.scheduler.domain.decide import plan_contact
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.contact_result import (
    REOPENED,
    ContactResult,
    result_of_message,
    result_of_visit,
    task_id_in,
)
from services.scheduler.domain.later.recall import visit_ends
from services.scheduler.domain.later.reserve import names_of, visit_lost
from services.scheduler.domain.restraint.contacts import TaskNews
from services.scheduler.domain.simulation.plans import Plans
from services.scheduler.domain.steps.correction import hear_correction
from services.scheduler.domain.task import Task
from services.scheduler.domain.when.moment import moment_in


def note_visit(plans: Plans, fact: Fact, says: TaskNews) -> None:
    """A visit's contact has taken place or failed, or a call-back was agreed."""
    task = plans.of.all.get(UUID(fact.data["task_id"]))
    if task is None:
        return
    _end(plans, task, says)
    if visit_lost(fact.name, fact.data):
        plans.replace(names_of(task), fact.at)
    customer = _settle(plans, task, says, fact.at)
    if says.refused:
        ways = with_refusal(customer.opted_out, way_of(task.channel, REFUSED), fact.at)
        customer = customer._replace(opted_out=ways)
    plans.customers[customer.id] = customer
    plans.conclude(task.id, result_of_visit(fact.name, fact.id, fact.at, fact.data))


def note_message(plans: Plans, fact: Fact, says: TaskNews) -> None:
    """A message about a task was sent, delivered or given up."""
    task_id = task_id_in(fact.data.get("cause_id"))
    result = result_of_message(fact.name, fact.id, fact.at, fact.data)
    task = plans.of.all.get(task_id) if task_id else None
    if task is None or result is None:
        return
    if result.channel in ("", task.channel):  # others only tell of it
        _end(plans, task, says)
        _settle(plans, task, says, fact.at)
    plans.conclude(task.id, result)


def correct(plans: Plans, fact: Fact, told: ContactResult) -> None:
    """What a contact had come to was wrong: its task is out again if it had failed by that, and its runs follow."""
    task = plans.of.all.get(UUID(fact.data["task_id"]))
    if task is None:
        return
    if fact.name == REOPENED and task.state == "failed":
        plans.keep(task._replace(state="released", reason=""))
        customer = plans.contacts.reserve_again(plans.customers[task.customer_id], task)
        if fact.data.get("reason") == REFUSED and not plans.of.has_refused(customer.id, task.channel):
            customer = not_refusing(customer, task.channel, moment_in(fact.data.get("failed_at")) or fact.at)
        plans.customers[customer.id] = customer
    customer = plans.customers[task.customer_id]
    plans.move(hear_correction(customer, task.id, told, plans.book.chained, plan_contact))


def _end(plans: Plans, task: Task, says: TaskNews) -> None:
    if says.ends and visit_ends(task.state, says.ends, plans.was_out(task)):
        plans.keep(task._replace(state=says.ends, reason=says.reason))
        plans.customers[task.customer_id] = plans.customers[task.customer_id].closed(task)


def _settle(plans: Plans, task: Task, says: TaskNews, at: datetime) -> Customer:
    settled = plans.contacts.settle(plans.customers[task.customer_id], task, says, at)
    plans.customers[task.customer_id] = settled
    return settled
