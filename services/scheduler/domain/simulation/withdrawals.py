"""Facts that don't stand any more in a simulation: withdrawn by their senders, or not so after a correction."""

from services.scheduler.domain.batch import Matched
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.later.not_so import not_so, withdrawals_by, without_what_came_along
from services.scheduler.domain.later.withdrawal import Withdrawal, Without, called_off, forgotten, record, without
from services.scheduler.domain.simulation.plans import Plans
from services.scheduler.domain.task import Released


def withdraw(plans: Plans, told: Withdrawal, go_without: Without = without) -> Decision:
    """What the fact has planned is called off; who was drawn and is withdrawn is replaced by the next in reserve."""
    plans.withdrawn.setdefault(told.identity, told.reason)
    fact = plans.facts.get(told.identity)
    name = fact.customer_id if fact else told.customer_id
    known = plans.customers.get(name)
    tasks = sorted(plans.of.released(name), key=lambda task: task.id) if known else []
    released = [Released(task, plans.contacts.begun(task)) for task in tasks]
    off = called_off(known or Customer(name), released, told.identity, go_without)
    if known:
        plans.customers[name] = forgotten(off.customer, told.identity)
    decision = record(told, fact, off)
    plans.record(decision)
    if fact:
        plans.draws.leave(fact.key)
        plans.replace(off.lost, told.heard_at)
    return decision


def take_back(plans: Plans, fact: Fact) -> None:
    """What was planned because of what a contact did not come to is called off."""
    customer = plans.customers.get(fact.customer_id) if not_so(fact.name, fact.data) else None
    if customer is None:
        return
    released, in_draws = plans.of.released(customer.id), plans.draws.waiting(customer.id)
    for one in withdrawals_by(fact, customer, released, in_draws):
        withdraw(plans, one, without_what_came_along)


def standing(plans: Plans, one: Matched) -> Matched:
    """Whatever policies say to it, a fact that was withdrawn before it was heard plans nothing and moves no run."""
    reason = plans.withdrawn.get(one.fact.identity)
    asked = one.wanted or one.fact.type in plans.book.heeded
    return one.without_policies(reason) if reason and asked else one
