"""What the scheduler does when something happened elsewhere."""

from collections.abc import Sequence

from services.scheduler.commands import events as commands
from services.scheduler.commands.measure import note_pace
from services.scheduler.domain.occasion import ARRIVED
from services.scheduler.procedures.policies import PolicyCache
from shared.contracts.base import COMPLAINTS, INTAKE, NOTIFICATIONS, OCCASIONS, TASKS, VISITS
from shared.erasure import keeps_erasures
from shared.kept_keys import keeps_keys
from shared.messaging import Consumer, Event, Work
from shared.sessions import keeps_sessions
from shared.units import keeps_organisations


def consumer_for(cache: PolicyCache) -> Consumer:
    """The consumer, with the compiled policies at hand."""
    # TASKS: occasions went there before they had a topic of their own, and what still lies there is planned
    topics = [INTAKE, COMPLAINTS, VISITS, NOTIFICATIONS, OCCASIONS, TASKS]
    consumer = Consumer("scheduler", topics=topics, daily=["decision"])
    keeps_sessions(consumer)
    keeps_organisations(consumer)
    keeps_keys(consumer)
    keeps_erasures(consumer)

    @consumer.on(INTAKE)
    async def decide_on_facts(work: Work, events: Sequence[Event]) -> None:
        await commands.take_facts(work, cache, events)
        note_pace(work, [event for event in events if event.type != commands.WITHDRAWN])

    @consumer.on(COMPLAINTS)
    async def follow_cases(work: Work, events: Sequence[Event]) -> None:
        await commands.follow_cases(work, cache, events)

    @consumer.on(VISITS)
    async def settle_contacts(work: Work, events: Sequence[Event]) -> None:
        await commands.settle_contacts(work, cache, events)

    @consumer.on(NOTIFICATIONS)
    async def heed_opt_outs(work: Work, events: Sequence[Event]) -> None:
        await commands.heed_messages(work, cache, events)

    @consumer.on(ARRIVED)
    async def plan_occasions(work: Work, events: Sequence[Event]) -> None:
        await commands.plan_occasions(work, cache, events)

    return consumer
