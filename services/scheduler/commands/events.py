"""What events of other services change: a use case for each topic."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.batch import decide_in_order, match_in_order
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.later.recall import concerned, prompt_of
from services.scheduler.procedures import notes, populations, recall, reopen, reserves, runs, slots, withdrawals
from services.scheduler.procedures.deciding import decide_events, decide_occasions, decide_triggered
from services.scheduler.procedures.plans import fact_of, plans_for
from services.scheduler.procedures.policies import Policies, PolicyCache
from services.scheduler.procedures.turn import Turn, take_turn
from services.scheduler.store import customers as customer_store
from shared.contracts.registry import wire_type
from shared.errors import CustomerNotFound
from shared.messaging import Event, Work
from shared.scope import Scope

RESOLVED = wire_type("complaint.resolved")
WITHDRAWN = wire_type("fact.withdrawn")


async def take_facts(work: Work, cache: PolicyCache, events: Sequence[Event]) -> None:
    """Decide on business facts, and call off what those that are withdrawn have planned."""
    policies = await cache.open(work.session)
    facts = [event for event in events if event.type != WITHDRAWN]
    gone = [event for event in events if event.type == WITHDRAWN]
    if not gone:
        await decide_events(work, policies, Turn(work.session), facts)
        return
    withdrawn = await withdrawals.note(work, gone)
    concerns = await withdrawals.concerned(work.session, withdrawn)
    # at once: one after the other, batches may lock in a ring
    turn = await take_turn(work.session, {*concerns, *(fact_of(event).customer_id for event in facts)})
    await decide_events(work, policies, turn, facts)
    await withdrawals.call_off(work, policies, turn, gone, withdrawn)


async def follow_cases(work: Work, cache: PolicyCache, events: Sequence[Event]) -> None:
    """Note how complaints stand, and ask again once they are resolved."""
    turn = await take_turn(work.session, (fact_of(event).customer_id for event in events))
    await notes.note_cases(work, events)
    policies = await cache.open(work.session)
    wanted = [event for event in events if event.type == RESOLVED or policies.listens(event.type)]
    await decide_events(work, policies, turn, wanted)
    await _look_again(work, policies, events)


async def settle_contacts(work: Work, cache: PolicyCache, events: Sequence[Event]) -> None:
    """Note what contacts of agents came to, replace whom a draw has lost, and lead runs on."""
    turn = await take_turn(work.session, (event.data["customer"]["id"] for event in events))
    await reopen.follow_visits(work, turn, events)
    await notes.note_numbers(turn, events)
    policies = await cache.open(work.session)
    await reserves.replace_unreached(work, policies, events)
    await runs.conclude_visits(work, policies, turn, events)
    await decide_triggered(work, policies, turn, events)
    await withdrawals.take_back(work, policies, turn, events)
    await _look_again(work, policies, events)


async def heed_messages(work: Work, cache: PolicyCache, events: Sequence[Event]) -> None:
    """Note what became of messages and who opted out, and lead runs on."""
    turn = await take_turn(work.session, (event.data.get("customer_id", "") for event in events))
    await notes.note_messages(work, events)
    await notes.note_opt_outs(turn, events)
    policies = await cache.open(work.session)
    await runs.conclude_messages(work, policies, turn, events)
    await decide_triggered(work, policies, turn, events)
    await _look_again(work, policies, events)


async def plan_occasions(work: Work, cache: PolicyCache, events: Sequence[Event]) -> None:
    """Plan what a policy wants of each moment that has come; what was drawn and can't be planned is replaced."""
    policies = await cache.open(work.session)
    decided = await decide_occasions(work, policies, events)
    await reserves.replace_unplanned(work, policies, [one.decision for one in decided])


async def _look_again(work: Work, policies: Policies, events: Sequence[Event]) -> None:
    """Ask again about what is released to those customers whom one of these events may forbid to contact."""
    reasons = defaultdict(list)
    for event in events:
        if name := concerned(event.name, event.data):
            reasons[name].append((prompt_of(fact_of(event)), event))
    await recall.look_again(work, policies, reasons)


async def try_event(session: AsyncSession, cache: PolicyCache, event: Event, scope: Scope) -> Decision:
    """What would be decided on an event now; nothing is kept. Raises CustomerNotFound outside `scope`."""
    fact = fact_of(event)
    policies = await cache.open(session)
    kept = await customer_store.find_customers(session, [fact.customer_id])
    if fact.customer_id and not scope.sees(_unit_of(kept.get(fact.customer_id))):
        raise CustomerNotFound(f"客户编号 {fact.customer_id}")
    (matched,), _ = match_in_order(policies.book, [fact], kept)
    plans = await plans_for(session, policies, [matched], lock=False)
    closed, taken = [await populations.closed_until(session)], await slots.read_slots(session, [matched])
    return next(decide_in_order([matched], plans, policies.chained, closed, taken)).decision


def _unit_of(customer: Customer | None) -> str:
    return str(customer.profile.get("branch", "")) if customer else ""
