"""Decide on a batch of events: load what it needs at once, decide one by one in order, save at once."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.commands import draws, recall, slots
from services.scheduler.commands.desk import Desk
from services.scheduler.commands.kept import Kept
from services.scheduler.domain.batch import Decided, Matched, decide_in_order, match_in_order, match_occasions
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.facts import Fact, new_fact
from services.scheduler.domain.later.recall import prompt_of, turned_away
from services.scheduler.domain.ledger.contacts import LONGEST_PERIOD
from services.scheduler.domain.occasion import BY_TIME, DRAWN, Occasion, recalled
from services.scheduler.domain.rule import Rule
from services.scheduler.domain.steps.runs import signals_of
from services.scheduler.domain.when.windows import local_day
from services.scheduler.domain.whom.limits import Slots
from services.scheduler.store import customers as customer_store
from services.scheduler.store import story, waiting, withdrawn
from services.scheduler.store import tasks as task_store
from shared.contracts.tasks import OccasionArrived
from shared.errors import CustomerNotFound
from shared.messaging import Event, Work
from shared.profile import NEVER
from shared.scope import Scope

Customers = dict[str, Customer]


async def decide_events(work: Work, desk: Desk, events: Sequence[Event]) -> None:
    """One decision record per event, with the tasks that follow from it."""
    if not events:
        return
    book = await desk.current(work.session)
    if book.limits:  # first come, first served, by when things happened
        events = sorted(events, key=lambda event: event.time)
    facts = [fact_of(event) for event in events]
    await work.partitions.ensure("decision", {event.day for event in events})
    told, away = await _matched(work.session, book, facts)
    matched = await _standing(work.session, desk, told)
    closed = await draws.hold_closing(work, desk, events, matched)
    held = await slots.hold_slots(work, matched) if book.limits else None
    decided = await _decide(work, desk, events, matched, closed, held)
    await draws.enter_populations(work, decided)
    if desk.heeded:
        await _signal(work.session, desk, [one.fact for one in matched if not one.withdrawn])
    if away:
        reasons = defaultdict(list)
        for position in away:
            reasons[facts[position].customer_id].append((prompt_of(facts[position]), events[position]))
        await recall.look_again(work, desk, reasons)


async def _standing(session: AsyncSession, desk: Desk, matched: Sequence[Matched]) -> list[Matched]:
    """Whatever policies say to it, a fact that was withdrawn before it was heard plans nothing and moves no run."""
    heeded = desk.heeded
    asked = {one.fact.identity for one in matched if one.wanted or (heeded and one.fact.type in heeded)}
    gone = await withdrawn.find_withdrawn(session, asked)
    if not gone:
        return list(matched)
    reasons = [gone.get(one.fact.identity) for one in matched]
    return [one.without_policies(why) if why else one for one, why in zip(matched, reasons, strict=True)]


async def _signal(session: AsyncSession, desk: Desk, facts: Sequence[Fact]) -> None:
    """Events without a customer wait until those who listen for them are told (`runs.wake`)."""
    signals: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        for name in signals_of(fact, desk.heeded) if not fact.customer_id else ():
            signals[name].append(fact)
    await waiting.save_signals(session, signals)


async def _matched(session: AsyncSession, book: PolicyBook, facts: Sequence[Fact]) -> tuple[list[Matched], list[int]]:
    """What policies say to each fact, and by which of them customers are not to be contacted now. They are locked and saved.

    A new customer has no row to lock before it is written, so another replica may be first: then its word is heard too.
    """
    kept = await customer_store.lock_customers(session, {fact.customer_id for fact in facts} - {""})
    matched, seen = match_in_order(book, facts, kept)
    new = [customer for name, customer in seen.items() if name not in kept]
    if met := await customer_store.add_customers(session, new):
        kept |= await customer_store.lock_customers(session, met)
        matched, seen = match_in_order(book, facts, kept)
    told = sorted(seen.keys() & kept.keys())  # not of whom only flawed facts tell
    changed = [seen[name] for name in told if seen[name] is not kept[name]]
    await customer_store.save_customers(session, changed)
    if book.remembers:
        await customer_store.save_memories(session, _newly_remembered(seen, kept))
    away = {customer.id: kept[customer.id] for customer in changed if turned_away(kept[customer.id], customer)}
    return matched, list(_turning_away(matched, away)) if away else []


def _turning_away(matched: Sequence[Matched], before: Customers) -> Iterator[int]:
    """The positions of the facts from which on somebody of those known `before` is to be left alone, or for longer."""
    known = dict(before)
    for position, one in enumerate(matched):
        name = one.fact.customer_id
        if name not in known or one.flaw:
            continue
        if turned_away(known[name], one.customer):
            yield position
        known[name] = one.customer


def _newly_remembered(seen: Customers, kept: Customers) -> list[Customer]:
    before = {name: customer.memory for name, customer in kept.items()}
    return [seen[name] for name in sorted(seen) if seen[name].memory is not before.get(name, ())]


async def decide_occasions(work: Work, desk: Desk, events: Sequence[Event]) -> None:
    """Plan what one policy wants of each, at the version that it had then; one decision record per occasion."""
    await work.partitions.ensure("decision", {event.day for event in events})
    await desk.current(work.session)
    occasions = [await _occasion_of(work.session, desk, event) for event in events]
    customers = {one.fact.customer_id for one in occasions} - {""}
    kept = await customer_store.lock_customers(work.session, customers)
    rules = await _rules(work.session, desk, occasions)
    matched = await _standing(work.session, desk, match_occasions(occasions, kept, rules))
    closed = await draws.hold_closing(work, desk, events, matched)
    held = await slots.hold_slots(work, matched)
    drawn = [one.fact for one in occasions if one.reason in DRAWN]
    decided = await _decide(work, desk, events, matched, closed, held, drawn)
    await draws.enter_populations(work, decided)
    await draws.replace_unplanned(work, desk, [one.decision for one in decided])


async def _rules(session: AsyncSession, desk: Desk, occasions: Sequence[Occasion]) -> dict[UUID, Rule]:
    """What is still to be asked about occasions that time brings, by their keys."""
    asked = [one for one in occasions if one.reason in BY_TIME]
    return {one.key: await desk.rule(session, one.policy.id, one.policy.version) for one in asked}


async def _occasion_of(session: AsyncSession, desk: Desk, event: Event) -> Occasion:
    told = event.read(OccasionArrived)
    policy = await desk.version(session, told.policy_id, told.policy_version)
    fact = recalled(event.data["fact"])
    return Occasion(event.event_key, policy.step_named(told.step), fact, told.reason, event.time, told.at)


async def _decide(
    work: Work,
    desk: Desk,
    events: Sequence[Event],
    matched: Sequence[Matched],
    closed: Sequence[date] | None = None,
    held: Slots | None = None,
    drawn: Sequence[Fact] = (),
) -> list[Decided]:
    """Place what is to be contacted, one after the other, and save everything; `drawn` are facts of draws."""
    plans = await _plans(work.session, desk, matched, lock=True)
    if drawn:
        plans = await _with_asked(work.session, plans, drawn)
    kept = Kept(plans)
    decided = list(decide_in_order(matched, plans, desk.chained, closed, held))
    for event, one in zip(events, decided, strict=True):
        kept.add(work, one.records, one.before, event)
    await kept.save(work, plans)
    await recall.end_runs(work, desk, kept.ended)
    await slots.keep_slots(work, held)
    return decided


async def decide_triggered(work: Work, desk: Desk, events: Sequence[Event]) -> None:
    """Decide on those events that a policy names; others of the platform's own events need no decision."""
    await desk.current(work.session)
    await decide_events(work, desk, [event for event in events if desk.listens(event.type)])


async def try_event(session: AsyncSession, desk: Desk, event: Event, scope: Scope) -> Decision:
    """What would be decided on an event now; nothing is kept. Raises CustomerNotFound outside `scope`."""
    fact = fact_of(event)
    book = await desk.current(session)
    kept = await customer_store.find_customers(session, [fact.customer_id])
    if fact.customer_id and not scope.sees(_unit_of(kept.get(fact.customer_id))):
        raise CustomerNotFound(f"客户编号 {fact.customer_id}")
    (matched,), _ = match_in_order(book, [fact], kept)
    plans = await _plans(session, desk, [matched], lock=False)
    closed, taken = [await draws.closing(session)], await slots.read_slots(session, [matched])
    return next(decide_in_order([matched], plans, desk.chained, closed, taken)).decision


def _unit_of(customer: Customer | None) -> str:
    return str(customer.profile.get("branch", "")) if customer else ""


def fact_of(event: Event) -> Fact:
    """The event as the rules see it."""
    return new_fact(
        event.id, event.source, event.event_key, event.type, event.name, event.time, event.data, event.lineage
    )


async def _plans(session: AsyncSession, desk: Desk, matched: Sequence[Matched], lock: bool) -> Customers:
    """The customers somebody was drawn for or whose runs listen, with all that is planned for them."""
    wanted = {one.fact.customer_id: one.customer for one in matched if one.drawn and one.fact.customer_id}
    first = min([one.fact.at for one in matched], default=NEVER)
    if desk.heeded:
        heeded = {one.fact.customer_id: one.customer for one in matched if one.fact.type in desk.heeded}
        listening = await waiting.find_listening(session, heeded.keys() - wanted.keys(), first)
        wanted |= {name: heeded[name] for name in listening}
    if not wanted:
        return {}
    return await load_plans(session, desk, wanted, first, lock)


async def _with_asked(session: AsyncSession, plans: Customers, drawn: Sequence[Fact]) -> Customers:
    """With the contacts that have asked about these facts: read once nobody can release one meanwhile."""
    asked = await task_store.find_asked(session, sorted(plans), [fact.identity for fact in drawn])
    return plans | {name: plans[name]._replace(asked=tasks) for name, tasks in asked.items()}


async def load_plans(
    session: AsyncSession, desk: Desk, customers: Mapping[str, Customer], first: datetime, lock: bool
) -> Customers:
    """Locked customers with their contacts of a period before `first`, open tasks, what their runs wait for and remember."""
    ids = sorted(customers)
    contacts = await customer_store.find_contacts(session, ids, local_day(first) - LONGEST_PERIOD)
    tasks = await task_store.find_open(session, ids, lock)
    rows = await waiting.find_waiting(session, ids, lock) if desk.chained else {}
    stories = await story.find_stories(session, ids) if desk.chained else {}
    begun = (run.policy for of in stories.values() for one in of for run in one.runs)
    await desk.add_chains(session, {*(row.policy for of in rows.values() for row in of), *begun})
    return {
        name: customer._replace(
            contacts=contacts.get(name, ()),
            open=tasks.get(name, ()),
            waiting=rows.get(name, ()),
            story=stories.get(name, ()),
        )
        for name, customer in customers.items()
    }
