"""A fact is withdrawn, or a contact did not come to what was said of it: what was planned because of that is called off."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact, Identity
from services.scheduler.domain.later.not_so import not_so, withdrawals_by, without_what_came_along
from services.scheduler.domain.later.reserve import Name
from services.scheduler.domain.later.withdrawal import (
    FACT_WITHDRAWN,
    Withdrawal,
    Without,
    called_off,
    record,
    withdrawal_of,
    without,
)
from services.scheduler.domain.task import Released, Task
from services.scheduler.procedures import populations
from services.scheduler.procedures.announce import announce_change
from services.scheduler.procedures.kept import Kept
from services.scheduler.procedures.plans import fact_of, load_plans
from services.scheduler.procedures.policies import Policies
from services.scheduler.procedures.reserves import call_reserves
from services.scheduler.procedures.turn import Turn
from services.scheduler.store import tasks as task_store
from services.scheduler.store import withdrawn
from shared.contracts.intake import FactWithdrawn
from shared.messaging import Event, Work

MOST_TASKS = 10_000


async def concerned(session: AsyncSession, withdrawals: Sequence[Withdrawal]) -> set[str]:
    """The customers of these facts, as far as they are known by now."""
    facts = await withdrawn.find_decided(session, [one.identity for one in withdrawals])
    return {_customer_of(one, facts) for one in withdrawals} - {""}


async def note(work: Work, events: Sequence[Event]) -> list[Withdrawal]:
    """Remember withdrawals, so that a fact heard after its withdrawal plans nothing."""
    withdrawals = [withdrawal_of(event.read(FactWithdrawn), event.event_key, event.time) for event in events]
    await withdrawn.save_withdrawn(work.session, withdrawals)
    return withdrawals


async def take_back(work: Work, policies: Policies, turn: Turn, events: Sequence[Event]) -> None:
    """Call off what was planned because of what contacts were said to have come to, and have not by one of these events."""
    corrections = [event for event in events if not_so(event.name, event.data)]
    if not corrections:
        return
    known = await turn.of(fact_of(event).customer_id for event in corrections)
    first = min(event.time for event in corrections)
    plans = await load_plans(work.session, policies, known, first, lock=True)
    released = [task for task, _ in await task_store.find_released(work.session, sorted(plans))]
    wrong = {name for event in corrections for name in not_so(event.name, event.data)}
    waiting = await withdrawn.find_in_draws(work.session, sorted(plans), wrong)
    found = []
    for event in corrections:
        fact = fact_of(event)
        if customer := plans.get(fact.customer_id):
            own = [task for task in released if task.customer_id == customer.id]
            in_draws = [one for one in waiting if one.customer_id == customer.id]
            found += [(event, one) for one in withdrawals_by(fact, customer, own, in_draws)]
    if found:
        gone = [one for _, one in found]
        await withdrawn.save_withdrawn(work.session, gone)
        await call_off(work, policies, turn, [event for event, _ in found], gone, without_what_came_along)


async def call_off(
    work: Work,
    policies: Policies,
    turn: Turn,
    events: Sequence[Event],
    withdrawals: Sequence[Withdrawal],
    go_without: Without = without,
) -> None:
    """Call off what these facts have planned: tasks whose visit is not over, waiting runs, places in open populations."""
    facts = await withdrawn.find_decided(work.session, [one.identity for one in withdrawals])
    names = {one.identity: _customer_of(one, facts) for one in withdrawals}
    known = await turn.of(names.values())
    plans = await load_plans(work.session, policies, known, min(event.time for event in events), lock=True)
    released = await _released(work.session, sorted(plans), withdrawals)
    kept = Kept(plans)
    lost: dict[Name, datetime] = {}
    for event, one in zip(events, withdrawals, strict=True):
        name, fact = names[one.identity], facts.get(one.identity)
        before = plans.get(name) or Customer(name)
        off = called_off(before, tuple(released.get(name, ())), one.identity, go_without)
        kept.add(work, [record(one, fact, off)], before, event)
        for task in off.agreed:
            announce_change(work, task, FACT_WITHDRAWN, cause=event)
        lost |= dict.fromkeys(off.lost, event.time)
        if name in plans:
            plans[name] = off.customer
            released[name] = _now(released.get(name, ()), off.tasks)
    await kept.save(work, plans)
    await _leave_draws(work, policies, list(facts.values()), lost)


def _customer_of(one: Withdrawal, facts: dict[Identity, Fact]) -> str:
    fact = facts.get(one.identity)
    return fact.customer_id if fact else one.customer_id


async def _released(
    session: AsyncSession, names: Sequence[str], withdrawals: Sequence[Withdrawal]
) -> dict[str, list[Released]]:
    """Tasks that are out, by customer: they are locked, so no visit ends meanwhile."""
    found: dict[str, list[Released]] = {}
    for stored in await task_store.find_about(session, names, [one.identity for one in withdrawals], MOST_TASKS):
        if stored.task.state == "released":
            found.setdefault(stored.task.customer_id, []).append(stored.released)
    return found


def _now(tasks: Sequence[Released], changed: Sequence[Task]) -> list[Released]:
    after = {task.id: task for task in changed}
    left = (Released(after.get(task.id, task), agreed) for task, agreed in tasks)
    return [one for one in left if one.task.state == "released"]


async def _leave_draws(work: Work, policies: Policies, facts: Sequence[Fact], lost: Mapping[Name, datetime]) -> None:
    """Who was drawn and is withdrawn is replaced by the next in reserve."""
    if not facts:
        return
    await populations.stay_open(work.session)
    await withdrawn.leave_populations(work.session, [fact.key for fact in facts])
    await withdrawn.forget_runs(work.session, {fact.key: fact.customer_id for fact in facts})
    await call_reserves(work, policies, lost)
