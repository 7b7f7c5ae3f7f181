"""What complaints does when something happened elsewhere."""

from collections.abc import Sequence

from services.complaints import commands
from services.complaints.domain.rules import Rules
from shared.contracts.base import INTAKE, TASKS, VISITS
from shared.erasure import keeps_erasures
from shared.kept_keys import keeps_keys
from shared.messaging import Consumer, Event, Work
from shared.official import KeptCalendar, keep_years
from shared.sessions import keeps_sessions
from shared.units import keeps_organisations

TELLS = frozenset({"visit.dissatisfied", "visit.problem_found", "visit.corrected"})


def consumer_for(rules: Rules, calendar: KeptCalendar) -> Consumer:
    """The consumer, with the organisation's rules and calendar in its handlers."""
    consumer = Consumer("complaints", topics=[VISITS, INTAKE, TASKS])
    keeps_sessions(consumer)
    keeps_organisations(consumer)
    keeps_keys(consumer)
    keeps_erasures(consumer)

    @consumer.on(
        *("visit.completed", "visit.dissatisfied", "visit.problem_found", "visit.failed", "visit.corrected"),
        "visit.reopened",
    )
    async def open_or_settle_cases(work: Work, events: Sequence[Event]) -> None:
        # most visits are fine first contacts: they are not even parsed
        wanted = [event for event in events if event.name in TELLS or event.data.get("case_id")]
        if wanted:
            await commands.take_visits(work, rules.on(await calendar.current(work.session)), wanted)

    @consumer.on("customer.number_corrected")
    async def correct_numbers(work: Work, events: Sequence[Event]) -> None:
        await commands.take_numbers(work, events)

    @consumer.on("hotline.case_closed")
    async def open_hotline_cases(work: Work, events: Sequence[Event]) -> None:
        await commands.take_hotline_cases(work, rules.on(await calendar.current(work.session)), events)

    @consumer.on("followup.cancelled", "followup.expired")
    async def close_cases_nobody_asks_about(work: Work, events: Sequence[Event]) -> None:
        await commands.take_unasked(work, [event for event in events if event.data.get("case_id")])

    @consumer.on("calendar.published")
    async def keep_official_years(work: Work, events: Sequence[Event]) -> None:
        await keep_years(work, events)

    return consumer


# under the regulations' own rules; the generated catalogue of events reads who handles what from here
consumer = consumer_for(Rules(), KeptCalendar())
