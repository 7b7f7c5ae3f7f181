"""A fact is withdrawn: what was planned because of it is called off, be it heard before or after the fact."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.commands import draws
from services.scheduler.commands.announce import announce_change
from services.scheduler.commands.decide import load_plans
from services.scheduler.commands.desk import Desk
from services.scheduler.commands.kept import Kept
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact, Identity
from services.scheduler.domain.later.reserve import Name
from services.scheduler.domain.later.withdrawal import FACT_WITHDRAWN, Withdrawal, called_off, record, withdrawal_of
from services.scheduler.domain.task import Released, Task
from services.scheduler.store import customers as customer_store
from services.scheduler.store import tasks as task_store
from services.scheduler.store import withdrawn
from shared.contracts.intake import FactWithdrawn
from shared.messaging import Event, Work

MOST_TASKS = 10_000


async def concerned(session: AsyncSession, told: Sequence[Withdrawal]) -> set[str]:
    """The customers of these facts, as far as they are known by now."""
    facts = await withdrawn.find_decided(session, [one.identity for one in told])
    return {_customer_of(one, facts) for one in told} - {""}


async def note(work: Work, events: Sequence[Event]) -> list[Withdrawal]:
    """Remember withdrawals, so that a fact heard after its withdrawal plans nothing."""
    told = [withdrawal_of(event.read(FactWithdrawn), event.event_key, event.time) for event in events]
    await withdrawn.save_withdrawn(work.session, told)
    return told


async def call_off(work: Work, desk: Desk, events: Sequence[Event], told: Sequence[Withdrawal]) -> None:
    """Call off what these facts have planned: tasks whose visit is not over, waiting runs, places in open populations."""
    await desk.current(work.session)
    facts = await withdrawn.find_decided(work.session, [one.identity for one in told])
    names = {one.identity: _customer_of(one, facts) for one in told}
    known = await customer_store.lock_customers(work.session, set(names.values()) - {""})
    plans = await load_plans(work.session, desk, known, min(event.time for event in events), lock=True)
    released = await _released(work.session, sorted(plans), told)
    kept = Kept(plans)
    lost: dict[Name, datetime] = {}
    for event, one in zip(events, told, strict=True):
        name, fact = names[one.identity], facts.get(one.identity)
        before = plans.get(name) or Customer(name)
        off = called_off(before, tuple(released.get(name, ())), one.identity)
        kept.add(work, [record(one, fact, off)], before, event)
        for task in off.agreed:
            announce_change(work, task, FACT_WITHDRAWN, cause=event)
        lost |= dict.fromkeys(off.lost, event.time)
        if name in plans:
            plans[name] = off.customer
            released[name] = _now(released.get(name, ()), off.tasks)
    await kept.save(work, plans)
    await _leave_draws(work, desk, list(facts.values()), lost)


def _customer_of(one: Withdrawal, facts: dict[Identity, Fact]) -> str:
    fact = facts.get(one.identity)
    return fact.customer_id if fact else one.customer_id


async def _released(
    session: AsyncSession, names: Sequence[str], told: Sequence[Withdrawal]
) -> dict[str, list[Released]]:
    """Tasks that are out, by customer: they are locked, so no visit ends meanwhile."""
    found: dict[str, list[Released]] = {}
    for stored in await task_store.find_about(session, names, [one.identity for one in told], MOST_TASKS):
        if stored.task.state == "released":
            found.setdefault(stored.task.customer_id, []).append(stored.released)
    return found


def _now(tasks: Sequence[Released], changed: Sequence[Task]) -> list[Released]:
    after = {task.id: task for task in changed}
    left = (Released(after.get(task.id, task), agreed) for task, agreed in tasks)
    return [one for one in left if one.task.state == "released"]


async def _leave_draws(work: Work, desk: Desk, facts: Sequence[Fact], lost: Mapping[Name, datetime]) -> None:
    """Who was drawn and is withdrawn is replaced by the next in reserve."""
    if not facts:
        return
    await draws.stay_open(work.session)
    await withdrawn.leave_populations(work.session, [fact.key for fact in facts])
    await withdrawn.forget_runs(work.session, {fact.key: fact.customer_id for fact in facts})
    await draws.call_reserves(work, desk, lost)


async def forget(work: Work, kept: timedelta) -> None:
    """No fact is heard any more this long after its withdrawal."""
    await withdrawn.forget_withdrawn(work.session, work.now() - kept)
