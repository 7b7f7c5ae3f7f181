"""What an event means to a run that waits: it ends the run, leads it on, or is none of its business."""

from datetime import datetime

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.waiting import Waiting, signal, value_at
from services.scheduler.domain.policy import Heed
from services.scheduler.domain.steps.chain import Chained
from services.scheduler.domain.steps.contact_plan import Because, PlanContact
from services.scheduler.domain.steps.run import STOPPED, Run


def in_order(customer: Customer) -> list[Waiting]:
    """The same order for everybody."""
    return sorted(customer.waiting, key=lambda row: row.id)


def run_of(
    customer: Customer,
    row: Waiting,
    chained: Chained,
    plan_contact: PlanContact,
    moment: datetime,
    because: Because | None = None,
) -> Run:
    """The run that waits, to be moved on."""
    policy = chained[row.policy]
    assert policy.chain is not None  # it began a run
    return Run(policy, policy.chain, row.fact, row.began, customer, plan_contact, moment, because=because)


def listen(customer: Customer, row: Waiting, fact: Fact, chained: Chained, plan_contact: PlanContact) -> Run:
    """The run of `row` after the event, which may concern it or not."""
    because = Because("awaited", {"event": fact.name, "id": fact.id, "at": fact.at})
    run = run_of(customer, row, chained, plan_contact, fact.at, because)
    if _stops(run.chain.stop, run, row, fact):
        run.end(STOPPED)
        return run
    stopped = [step for step, stop in run.chain.stops.items() if _stops(stop, run, row, fact)]
    left = run.stop_steps(row, stopped) if stopped else row
    if left and is_awaited(left, fact):
        run.arrive(left, fact)
    return run


def catch_up(run: Run, chained: Chained) -> None:
    """Let the run hear what happened after it began to wait and was heard before it did."""
    for entry in sorted(run.customer.story, key=lambda one: (one.fact.at, one.fact.key)):
        for row in in_order(run.customer):
            if row.run == run.id and row.fact.key != entry.fact.key and run.customer.waits(row):
                heard = listen(run.customer, row, entry.fact, chained, run.plan_contact)
                run.customer = heard.customer
                run.details += heard.details
                run.tasks += heard.tasks
                run.ended += heard.ended


def is_awaited(row: Waiting, fact: Fact) -> bool:
    """Whether a run may wait for this event: by its type, its time and, where it matters, where it is."""
    if fact.type not in row.types or fact.at <= row.since or (row.until is not None and row.until <= fact.at):
        return False
    if not row.same:
        return bool(fact.customer_id)
    return signal(fact.type, row.same, value_at(row.same, fact.data, {})) in row.signals


def _stops(stop: Heed | None, run: Run, row: Waiting, fact: Fact) -> bool:
    if stop is None or fact.type not in stop.types or fact.at < row.fact.at:
        return False
    if stop.same:
        there = value_at(stop.same, fact.data, {})
        if not there or there != value_at(stop.same, row.fact.data, run.customer.profile):
            return False
    return stop.check(fact, run.customer) is None
