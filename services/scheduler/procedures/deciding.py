"""Decide on a batch of events: load what it needs at once, decide one by one in order, save at once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.batch import Decided, Matched, decide_in_order, match_in_order, match_occasions
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.later.recall import prompt_of, turned_away
from services.scheduler.domain.occasion import BY_TIME, DRAWN, Occasion, recalled
from services.scheduler.domain.rule import Rule
from services.scheduler.domain.steps.runs import signals_of
from services.scheduler.domain.whom.limits import Slots
from services.scheduler.procedures import populations, recall, slots
from services.scheduler.procedures.kept import Kept
from services.scheduler.procedures.plans import Customers, fact_of, plans_for, with_asked
from services.scheduler.procedures.policies import Policies
from services.scheduler.procedures.turn import Turn
from services.scheduler.store import customers as customer_store
from services.scheduler.store import waiting, withdrawn
from shared.contracts.tasks import OccasionArrived
from shared.messaging import Event, Work


async def decide_events(work: Work, policies: Policies, turn: Turn, events: Sequence[Event]) -> None:
    """One decision record per event, with the tasks that follow from it."""
    if not events:
        return
    book = policies.book
    if book.limits:  # first come, first served, by when things happened
        events = sorted(events, key=lambda event: event.time)
    facts = [fact_of(event) for event in events]
    await work.partitions.ensure("decision", {event.day for event in events})
    answered, away = await _matched(work.session, book, turn, facts)
    matched = await _standing(work.session, policies, answered)
    closed = await populations.hold_closing(work, policies, events, matched)
    held = await slots.hold_slots(work, matched) if book.limits else None
    decided = await _decide(work, policies, events, matched, closed, held)
    await populations.enter(work, decided)
    if policies.heeded:
        await _signal(work.session, policies, [one.fact for one in matched if not one.withdrawn])
    if away:
        reasons = defaultdict(list)
        for position in away:
            reasons[facts[position].customer_id].append((prompt_of(facts[position]), events[position]))
        await recall.look_again(work, policies, reasons)


async def decide_triggered(work: Work, policies: Policies, turn: Turn, events: Sequence[Event]) -> None:
    """Decide on those events that a policy names; others of the platform's own events need no decision."""
    await decide_events(work, policies, turn, [event for event in events if policies.listens(event.type)])


async def decide_occasions(work: Work, policies: Policies, events: Sequence[Event]) -> list[Decided]:
    """Plan what one policy wants of each, at the version that it had then; one decision record per occasion."""
    await work.partitions.ensure("decision", {event.day for event in events})
    occasions = [await _occasion_of(policies, event) for event in events]
    customers = {one.fact.customer_id for one in occasions} - {""}
    kept = await customer_store.lock_customers(work.session, customers)
    rules = await _rules(policies, occasions)
    matched = await _standing(work.session, policies, match_occasions(occasions, kept, rules))
    closed = await populations.hold_closing(work, policies, events, matched)
    held = await slots.hold_slots(work, matched)
    drawn = [one.fact for one in occasions if one.reason in DRAWN]
    decided = await _decide(work, policies, events, matched, closed, held, drawn)
    await populations.enter(work, decided)
    return decided


async def _standing(session: AsyncSession, policies: Policies, matched: Sequence[Matched]) -> list[Matched]:
    """Whatever policies say to it, a fact that was withdrawn before it was heard plans nothing and moves no run."""
    heeded = policies.heeded
    asked = {one.fact.identity for one in matched if one.wanted or (heeded and one.fact.type in heeded)}
    gone = await withdrawn.find_withdrawn(session, asked)
    if not gone:
        return list(matched)
    reasons = [gone.get(one.fact.identity) for one in matched]
    return [one.without_policies(why) if why else one for one, why in zip(matched, reasons, strict=True)]


async def _signal(session: AsyncSession, policies: Policies, facts: Sequence[Fact]) -> None:
    """Events without a customer wait until those who listen for them are told (`commands.runs.wake`)."""
    signals: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        for name in signals_of(fact, policies.heeded) if not fact.customer_id else ():
            signals[name].append(fact)
    await waiting.save_signals(session, signals)


async def _matched(
    session: AsyncSession, book: PolicyBook, turn: Turn, facts: Sequence[Fact]
) -> tuple[list[Matched], list[int]]:
    """What policies say to each fact, and by which of them customers are not to be contacted now. They are locked and saved.

    A new customer has no row to lock before it is written, so another replica may be first: then its word is heard too.
    """
    kept = await turn.of({fact.customer_id for fact in facts})
    matched, seen = match_in_order(book, facts, kept)
    new = [customer for name, customer in seen.items() if name not in kept]
    if met := await customer_store.add_customers(session, new):
        kept |= await turn.meet(met)
        matched, seen = match_in_order(book, facts, kept)
    turn.note(seen[name] for name in seen.keys() - kept.keys())
    names = sorted(seen.keys() & kept.keys())  # not of whom only flawed facts tell
    changed = [seen[name] for name in names if seen[name] is not kept[name]]
    await turn.learn(changed)
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


async def _rules(policies: Policies, occasions: Sequence[Occasion]) -> dict[UUID, Rule]:
    """What is still to be asked about occasions that time brings, by their keys."""
    asked = [one for one in occasions if one.reason in BY_TIME]
    return {one.key: await policies.rule(one.policy.id, one.policy.version) for one in asked}


async def _occasion_of(policies: Policies, event: Event) -> Occasion:
    arrived = event.read(OccasionArrived)
    policy = await policies.version(arrived.policy_id, arrived.policy_version)
    fact = recalled(event.data["fact"])
    return Occasion(event.event_key, policy.step_named(arrived.step), fact, arrived.reason, event.time, arrived.at)


async def _decide(
    work: Work,
    policies: Policies,
    events: Sequence[Event],
    matched: Sequence[Matched],
    closed: Sequence[date] | None = None,
    held: Slots | None = None,
    drawn: Sequence[Fact] = (),
) -> list[Decided]:
    """Plan what is to be contacted, one after the other, and save everything; `drawn` are facts of draws."""
    plans = await plans_for(work.session, policies, matched, lock=True)
    if drawn:
        plans = await with_asked(work.session, plans, drawn)
    kept = Kept(plans)
    decided = list(decide_in_order(matched, plans, policies.chained, closed, held))
    for event, one in zip(events, decided, strict=True):
        kept.add(work, one.records, one.before, event)
    await kept.save(work, plans)
    await recall.end_runs(work, policies, kept.ended)
    await slots.keep_slots(work, held)
    return decided
