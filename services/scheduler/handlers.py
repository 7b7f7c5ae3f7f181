"""What the scheduler does when something happened elsewhere."""

from collections import defaultdict
from collections.abc import Sequence

from services.scheduler.commands import contacts, decide, draws, recall, runs, withdraw
from services.scheduler.commands.desk import Desk
from services.scheduler.commands.measure import note_pace
from services.scheduler.domain.later.recall import concerned, prompt_of
from services.scheduler.domain.later.withdrawal import Withdrawal
from services.scheduler.domain.occasion import ARRIVED
from shared.contracts.base import COMPLAINTS, INTAKE, NOTIFICATIONS, OCCASIONS, TASKS, VISITS
from shared.contracts.registry import wire_type
from shared.kept_keys import keeps_keys
from shared.messaging import Consumer, Event, Work
from shared.sessions import keeps_sessions
from shared.units import keeps_organisations

RESOLVED = wire_type("complaint.resolved")
WITHDRAWN = wire_type("fact.withdrawn")


def consumer_for(desk: Desk) -> Consumer:
    """The consumer, with the compiled policies at hand."""
    # TASKS: occasions went there before they had a topic of their own, and what still lies there is planned
    topics = [INTAKE, COMPLAINTS, VISITS, NOTIFICATIONS, OCCASIONS, TASKS]
    consumer = Consumer("scheduler", topics=topics, daily=["decision"])
    keeps_sessions(consumer)
    keeps_organisations(consumer)
    keeps_keys(consumer)

    @consumer.on(INTAKE)
    async def decide_on_facts(work: Work, events: Sequence[Event]) -> None:
        await _decide_on_facts(work, desk, events)

    @consumer.on(COMPLAINTS)
    async def follow_cases(work: Work, events: Sequence[Event]) -> None:
        await contacts.take_turns(work, (decide.fact_of(event).customer_id for event in events))
        await contacts.note_cases(work, events)
        await desk.current(work.session)
        wanted = [event for event in events if event.type == RESOLVED or desk.listens(event.type)]
        await decide.decide_events(work, desk, wanted)
        await _look_again(work, desk, events)

    @consumer.on(VISITS)
    async def settle_contacts(work: Work, events: Sequence[Event]) -> None:
        await contacts.take_turns(work, (event.data["customer"]["id"] for event in events))
        await contacts.note_visits(work, events)
        await contacts.note_numbers(work, events)
        await draws.replace_unreached(work, desk, events)
        await runs.conclude_visits(work, desk, events)
        await decide.decide_triggered(work, desk, events)
        await _look_again(work, desk, events)

    @consumer.on(NOTIFICATIONS)
    async def heed_opt_outs(work: Work, events: Sequence[Event]) -> None:
        await contacts.take_turns(work, (event.data.get("customer_id", "") for event in events))
        await contacts.note_messages(work, events)
        await contacts.note_opt_outs(work, events)
        await runs.conclude_messages(work, desk, events)
        await decide.decide_triggered(work, desk, events)
        await _look_again(work, desk, events)

    @consumer.on(ARRIVED)
    async def plan_occasions(work: Work, events: Sequence[Event]) -> None:
        await decide.decide_occasions(work, desk, events)

    return consumer


async def _decide_on_facts(work: Work, desk: Desk, events: Sequence[Event]) -> None:
    facts = [event for event in events if event.type != WITHDRAWN]
    gone = [event for event in events if event.type == WITHDRAWN]
    told = await _await_turns(work, facts, gone) if gone else []
    await decide.decide_events(work, desk, facts)
    note_pace(work, facts)
    if gone:
        await withdraw.call_off(work, desk, gone, told)


async def _look_again(work: Work, desk: Desk, events: Sequence[Event]) -> None:
    """Ask again about what is released to those customers whom one of these events may forbid to contact."""
    reasons = defaultdict(list)
    for event in events:
        if name := concerned(event.name, event.data):
            reasons[name].append((prompt_of(decide.fact_of(event)), event))
    await recall.look_again(work, desk, reasons)


async def _await_turns(work: Work, facts: Sequence[Event], gone: Sequence[Event]) -> list[Withdrawal]:
    """Note withdrawals, and lock the customers of all these events at once: one after the other, batches may lock in a ring."""
    told = await withdraw.note(work, gone)
    known = await withdraw.concerned(work.session, told)
    await contacts.take_turns(work, {*known, *(decide.fact_of(event).customer_id for event in facts)})
    return told
