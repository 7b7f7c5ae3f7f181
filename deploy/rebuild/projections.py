"""What can be made anew from events: tables of a service, and its own code that makes them of events.

Only what events alone decide is here. What else stands in the databases was decided by people, by the clock or by the rules of
its day (`docs/operations.md` lists it).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import itemgetter

from services.analytics.handlers import consumer as analytics
from services.analytics.handlers import count_events
from services.notifications.commands.planning import keep_contacts, keep_numbers, keep_units
from services.scheduler.procedures.notes import note_cases
from services.visits.commands.tasks import keep_shifts
from shared.contracts.base import COMPLAINTS, INTAKE, TASKS, VISITS
from shared.contracts.keys import KeyChanged
from shared.contracts.organisation import OrganisationPublished
from shared.kept_keys import keep_key
from shared.messaging import Event, Work
from shared.official import keep_years
from shared.units import keep_organisation

Arrived = Sequence[tuple[str, Event]]
"""Topics and events, in the order they are taken in."""


@dataclass(frozen=True)
class Projection:
    """`take` makes the rows of `tables` in a transaction. Those in `daily` are partitioned by the events' day; a row of
    `amounts` whose amount is 0 says the same as no row."""

    service: str
    tables: tuple[str, ...]
    take: Callable[[Work, Arrived], Awaitable[None]]
    daily: frozenset[str] = frozenset()
    amounts: frozenset[str] = frozenset()


async def _count(work: Work, arrived: Arrived) -> None:
    events = [event for topic, event in arrived if analytics.handler_for(topic, event) is count_events]
    if events:
        await count_events(work, events)


async def _keep_contacts(work: Work, arrived: Arrived) -> None:
    for topic, group in groupby(arrived, key=itemgetter(0)):
        events = [event for _, event in group]
        if topic == INTAKE:
            await keep_contacts(work, events)
        elif topic == VISITS:
            await keep_numbers(work, events)
        elif topic == TASKS:
            await keep_units(work, events)


async def _note_cases(work: Work, arrived: Arrived) -> None:
    await note_cases(work, [event for topic, event in arrived if topic == COMPLAINTS])


async def _keep_copies(tables: tuple[str, ...], work: Work, arrived: Arrived) -> None:
    for _, event in arrived:
        if event.name == "organisation.published":
            await keep_organisation(work.session, event.read(OrganisationPublished))
        elif event.name == "key.changed":
            await keep_key(work.session, event.read(KeyChanged))
        elif event.name == "calendar.published" and "calendar_day" in tables:
            await keep_years(work, [event])
        elif event.name == "person.changed" and "work_shift" in tables:
            await keep_shifts(work, [event])


def _copies(service: str, *more: str) -> Projection:
    """What a service keeps of what others decide: units, API keys, and `more` tables."""
    tables = ("organisation", "api_key", *more)
    return Projection(service, tables, partial(_keep_copies, tables))


FIGURES = frozenset({"rollup", "head_count", "agent_day"})
TIMELINE = "timeline_entry"
ANALYTICS = Projection(
    "analytics",
    ("followup_fact", "rating_fact", "case_fact", "send_fact", "branch_name", *sorted(FIGURES), TIMELINE),
    _count,
    daily=frozenset({TIMELINE}),
    amounts=FIGURES,
)
CONTACTS = Projection("notifications", ("contact",), _keep_contacts)
CASES = Projection("scheduler", ("complaint_case",), _note_cases)
COPIES = (
    *(_copies(service) for service in ("gateway", "scheduler", "notifications", "analytics")),
    _copies("visits", "calendar_day", "work_shift"),
    _copies("complaints", "calendar_day"),
)
