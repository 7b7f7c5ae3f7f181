"""What visits do when a task was released, postponed, changed or cancelled."""

from collections.abc import Sequence

from services.visits.commands import replies, tasks
from shared.contracts.base import NOTIFICATIONS, TASKS
from shared.erasure import keeps_erasures
from shared.kept_keys import keeps_keys
from shared.messaging import Consumer, Event, Work
from shared.official import keep_years
from shared.sessions import keep_void, keeps_sessions
from shared.units import keeps_organisations

consumer = Consumer("visits", topics=[TASKS, NOTIFICATIONS])
keeps_sessions(consumer)
keeps_organisations(consumer)
keeps_keys(consumer)
keeps_erasures(consumer)


@consumer.on("followup.released")
async def open_visits(work: Work, events: Sequence[Event]) -> None:
    await tasks.take_in(work, events)


@consumer.on("followup.cancelled")
async def cancel_visits(work: Work, events: Sequence[Event]) -> None:
    await tasks.withdraw(work, events)


@consumer.on("followup.postponed")
async def postpone_visits(work: Work, events: Sequence[Event]) -> None:
    await tasks.postpone(work, events)


@consumer.on("followup.changed")
async def change_visits(work: Work, events: Sequence[Event]) -> None:
    await tasks.change(work, events)


@consumer.on("notification.replied")
async def keep_digits(work: Work, events: Sequence[Event]) -> None:
    await replies.take_in(work, events)


@consumer.on("notification.failed", "notification.suppressed")
async def give_up_unsent(work: Work, events: Sequence[Event]) -> None:
    await replies.note_unsent(work, events)


@consumer.on("person.changed")
async def keep_people(work: Work, events: Sequence[Event]) -> None:
    await keep_void(work, events)
    await tasks.keep_shifts(work, events)


@consumer.on("calendar.published")
async def keep_official_years(work: Work, events: Sequence[Event]) -> None:
    await keep_years(work, events)
