"""Holidays were published: planned tasks whose times hung on them are computed again.

A task's new times are told when it is released, as those of a combined one are. Released tasks keep theirs: somebody works
by them already.
"""

from collections.abc import Sequence

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.facts import new_fact
from services.scheduler.domain.later.replan import RECOMPUTED, Replanned, replan
from services.scheduler.domain.ledger.contacts import LONGEST_PERIOD
from services.scheduler.domain.policy import Policy
from services.scheduler.domain.provisional import PolicyOf, Term
from services.scheduler.domain.task import Task
from services.scheduler.procedures.announce import announce
from services.scheduler.procedures.official_years import take_built_in_years
from services.scheduler.procedures.policies import Policies, PolicyCache
from services.scheduler.store import customers, decisions, tasks, timed
from shared.contracts.calendar import CalendarPublished
from shared.contracts.registry import by_model
from shared.ids import derived_id
from shared.messaging import Work
from shared.observability.catalogue import gauge
from shared.zone import local_day

PUBLISHED = by_model(CalendarPublished)
CONFIRMED = gauge(
    "huifang_scheduler_calendar_confirmed_days_left",
    "Days until the first whose holidays are not known",
    "官方日历尚可用的天数",
    "d",
)


async def watch_calendar(work: Work, cache: PolicyCache, limit: int) -> int:
    """Measure how far holidays are known, and compute up to `limit` tasks again; returns how many."""
    await take_built_in_years(work)
    policies = await cache.open(work.session)
    until = policies.calendar.official.confirmed_until
    CONFIRMED.set((until - local_day(work.now())).days)
    names = await timed.find_provisional(work.session, until.year, limit)
    return await _recompute(work, policies, names, until.year) if names else 0


async def _recompute(work: Work, policies: Policies, names: Sequence[str], year: int) -> int:
    """Customers are locked first, as for deciding; who had to wait finds nothing left to claim."""
    await customers.lock_customers(work.session, names)
    claimed = await timed.claim_provisional(work.session, names, year)
    planned = await tasks.find_open(work.session, names, lock=True)
    contacts = await customers.find_contacts(work.session, names, local_day(work.now()) - LONGEST_PERIOD)
    done = []
    for name in names:
        customer = Customer(name, contacts=contacts.get(name, ()), open=planned.get(name, ()))
        for task in customer.open:
            if task.id in claimed:
                own, policy_of = await _policies(policies, task)
                replanned = replan(task, customer, own, policy_of)
                customer = replanned.customer
                done.append(replanned)
    await _keep(work, done)
    return len(claimed)


async def _policies(policies: Policies, task: Task) -> tuple[Policy, PolicyOf]:
    """The task's own policy, and those of its terms, at the versions that planned it."""
    terms = [term for term in task.terms if "policy" in term]
    found = {_key(term): await policies.version(term["policy"], term["version"]) for term in terms}
    own = (await policies.version(task.policy_id, task.policy_version)).step_named(task.step)
    return own, lambda term: found[_key(term)].step_named(term["step"])


def _key(term: Term) -> tuple[str, int]:
    return term["policy"], term["version"]


async def _keep(work: Work, done: Sequence[Replanned]) -> None:
    """Save the tasks; of those that moved there is a record beside the one of their fact."""
    await tasks.save_tasks(work.session, [one.task for one in done], work.now())
    for one in done:
        if one.task.state == "cancelled":
            announce(work, one.task)
    moved = [one for one in done if one.detail]
    if moved:
        await work.partitions.ensure("decision", {work.now().date()})
        await decisions.save_decisions(work.session, [_record(work, one) for one in moved], work.now())


def _record(work: Work, one: Replanned) -> Decision:
    task, now = one.task, work.now()
    key = derived_id(now, RECOMPUTED, str(task.id))
    data = {"customer": {"id": task.customer_id}}
    fact = new_fact(task.event_id, task.event_source, key, PUBLISHED.type, PUBLISHED.name, now, data, task.lineage)
    return Decision(fact, "recomputed", (one.detail or {},))
