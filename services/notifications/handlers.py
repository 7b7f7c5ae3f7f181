"""What notifications does when something happened elsewhere."""

from collections.abc import Sequence

from services.notifications.commands import planning
from services.notifications.domain.planning import outlasting
from shared.contracts.base import COMPLAINTS, INTAKE, TASKS, VISITS
from shared.erasure import keeps_erasures
from shared.kept_keys import keeps_keys
from shared.messaging import Consumer, Event, Work
from shared.sessions import keeps_sessions
from shared.units import keeps_organisations

consumer = Consumer("notifications", topics=[INTAKE, TASKS, VISITS, COMPLAINTS])
keeps_sessions(consumer)
keeps_organisations(consumer)
keeps_keys(consumer)
keeps_erasures(consumer)


@consumer.on(INTAKE)
async def keep_contacts_and_plan(work: Work, events: Sequence[Event]) -> None:
    """Facts from outside tell who the customers are, and may call for a message."""
    await planning.keep_contacts(work, events)
    await planning.withdraw(work, events)
    await planning.plan_for_events(work, await planning.standing(work, events))


@consumer.on(TASKS, VISITS, COMPLAINTS)
async def plan_messages(work: Work, events: Sequence[Event]) -> None:
    """What the rules make of follow-ups, visits and complaints; a task may be put off and released again in one batch."""
    await planning.keep_numbers(work, events)
    await planning.keep_units(work, events)
    await planning.withdraw(work, events)
    await planning.plan_for_events(work, outlasting(events))
