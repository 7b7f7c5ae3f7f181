"""Decide on a batch of events: load what it needs at once, decide one by one in order, save at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import prometheus_client
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.commands import draws
from services.scheduler.commands.announce import announce
from services.scheduler.commands.desk import Desk
from services.scheduler.domain.batch import Decided, Matched, decide_in_order, match_in_order, match_occasions
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.facts import Fact, new_fact
from services.scheduler.domain.ledger import LONGEST_PERIOD
from services.scheduler.domain.occasion import Occasion, recalled
from services.scheduler.domain.task import Task
from services.scheduler.domain.windows import local_day
from services.scheduler.store import customers as customer_store
from services.scheduler.store import decisions as decision_store
from services.scheduler.store import tasks as task_store
from shared.contracts.tasks import OccasionArrived
from shared.messaging import Event, Work

DECISIONS = prometheus_client.Counter("huifang_scheduler_decisions", "Decisions by outcome", ["outcome"])
Customers = dict[str, Customer]


async def decide_events(work: Work, desk: Desk, events: Sequence[Event]) -> None:
    """One decision record per event, with the tasks that follow from it."""
    if not events:
        return
    facts = [fact_of(event) for event in events]
    assert desk.partitions is not None  # given when the process started
    await desk.partitions.ensure("decision", {event.day for event in events})
    book = await desk.current(work.session)
    matched = await _matched(work.session, book, facts)
    closed_until = await draws.hold_closing(work, book, matched)
    decided = await _decide(work, events, matched, closed_until)
    await draws.enter_populations(work, desk, decided)


async def _matched(session: AsyncSession, book: PolicyBook, facts: Sequence[Fact]) -> list[Matched]:
    """What policies say to each fact. Its customer is locked then, and saved as the facts describe them.

    A new customer has no row to lock before it is written, so another replica may be first: then its word is heard too.
    """
    kept = await customer_store.lock_customers(session, {fact.customer_id for fact in facts} - {""})
    matched, seen = match_in_order(book, facts, kept)
    new = [customer for name, customer in seen.items() if name not in kept]
    if met := await customer_store.add_customers(session, new):
        kept |= await customer_store.lock_customers(session, met)
        matched, seen = match_in_order(book, facts, kept)
    changed = [seen[name] for name in sorted(kept) if seen[name] is not kept[name]]
    await customer_store.save_customers(session, changed)
    if book.remembers:
        await customer_store.save_memories(session, _newly_remembered(seen, kept))
    return matched


def _newly_remembered(seen: Customers, kept: Customers) -> list[Customer]:
    before = {name: customer.memory for name, customer in kept.items()}
    return [seen[name] for name in sorted(seen) if seen[name].memory is not before.get(name, ())]


async def decide_occasions(work: Work, desk: Desk, events: Sequence[Event]) -> None:
    """Plan what one policy wants of each, at the version that it had then; one decision record per occasion."""
    assert desk.partitions is not None  # given when the process started
    await desk.partitions.ensure("decision", {event.day for event in events})
    await desk.current(work.session)
    occasions = [await _occasion_of(work.session, desk, event) for event in events]
    customers = {one.fact.customer_id for one in occasions} - {""}
    kept = await customer_store.lock_customers(work.session, customers)
    decided = await _decide(work, events, match_occasions(occasions, kept))
    await draws.replace_unplanned(work, desk, [one.decision for one in decided])


async def _occasion_of(session: AsyncSession, desk: Desk, event: Event) -> Occasion:
    told = event.read(OccasionArrived)
    policy = await desk.version(session, told.policy_id, told.policy_version)
    fact = recalled(event.data["fact"])
    return Occasion(event.event_key, policy.step_named(told.step), fact, told.reason, event.time, told.at)


async def _decide(
    work: Work, events: Sequence[Event], matched: Sequence[Matched], closed_until: date | None = None
) -> list[Decided]:
    """Place what was drawn, one after the other, and save everything."""
    plans = await _plans(work.session, matched, lock=True)
    decided = list(decide_in_order(matched, plans, closed_until=closed_until))
    await task_store.save_tasks(work.session, _announced(work, events, decided), work.now())
    decisions = [one.decision for one in decided]
    await decision_store.save_decisions(work.session, decisions, work.now())
    for outcome, amount in Counter(decision.outcome for decision in decisions).items():
        DECISIONS.labels(outcome).inc(amount)
    return decided


async def decide_triggered(work: Work, desk: Desk, events: Sequence[Event]) -> None:
    """Decide on those events that a policy names; others of the platform's own events need no decision."""
    book = await desk.current(work.session)
    await decide_events(work, desk, [event for event in events if book.triggered_by(event.type)])


async def try_event(session: AsyncSession, desk: Desk, event: Event) -> Decision:
    """What would be decided on an event now; nothing is kept."""
    fact = fact_of(event)
    book = await desk.current(session)
    kept = await customer_store.find_customers(session, [fact.customer_id])
    (matched,), _ = match_in_order(book, [fact], kept)
    plans = await _plans(session, [matched], lock=False)
    return next(decide_in_order([matched], plans, closed_until=await draws.closing(session))).decision


def fact_of(event: Event) -> Fact:
    """The event as the rules see it."""
    return new_fact(
        event.id, event.source, event.event_key, event.type, event.name, event.time, event.data, event.lineage
    )


async def _plans(session: AsyncSession, matched: Sequence[Matched], lock: bool) -> Customers:
    """The customers somebody was drawn for, with their contacts and open tasks."""
    drawn = {one.fact.customer_id: one.customer for one in matched if one.drawn and one.fact.customer_id}
    if not drawn:
        return {}
    ids = sorted(drawn)
    since = min(local_day(one.fact.at) for one in matched) - LONGEST_PERIOD
    contacts = await customer_store.find_contacts(session, ids, since)
    tasks = await task_store.find_open(session, ids, lock)
    return {
        name: customer._replace(contacts=contacts.get(name, ()), open=tasks.get(name, ()))
        for name, customer in drawn.items()
    }


def _announced(work: Work, events: Sequence[Event], decided: Sequence[Decided]) -> list[Task]:
    """Every touched task once, in its last state, published."""
    tasks: dict[UUID, Task] = {}
    for event, one in zip(events, decided, strict=True):
        if one.decision.tasks:
            touched = {task.id: task for task in one.decision.tasks}
            tasks |= touched
            _announce(work, event, touched, one.before)
    return list(tasks.values())


def _announce(work: Work, cause: Event, touched: Mapping[UUID, Task], before: Customer) -> None:
    """New and cancelled tasks; one that only got another matter is told when it is released."""
    known = {task.id for task in before.open}
    for task in touched.values():
        if task.state != "planned" or task.id not in known:
            announce(work, task, cause)
