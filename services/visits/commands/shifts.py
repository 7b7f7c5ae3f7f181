"""Shifts come, and end."""

from collections.abc import Sequence

from services.visits.commands.invitations import tell_ended
from services.visits.domain import shifts
from services.visits.domain import visit as lifecycle
from services.visits.store import rows
from services.visits.store import shifts as store
from shared.contracts.people import PersonChanged
from shared.messaging import Event, Work

PORTION = 500


async def take_in(work: Work, events: Sequence[Event]) -> None:
    """Keep the shifts of people who were changed."""
    for event in events:
        await store.keep(work.session, event.read(PersonChanged))


async def off_shift(work: Work) -> list[str]:
    """Who holds visits, or has callbacks of their own that have come due, outside their shift."""
    known = await store.of_those_with_work(work.session)
    return sorted(person for person, frames in known.items() if not shifts.is_on(frames, work.now()))


async def give_back_unbegun(work: Work) -> int:
    """Put back what people hold whose shift is over, unless they have begun with it."""
    off = await off_shift(work)
    left = (
        [visit for visit in await store.lock_unbegun(work.session, off, PORTION) if not visit.practice_call]
        if off
        else []
    )
    back = [lifecycle.give_back(visit, work.now()) for visit in left]
    await rows.save_visits(work.session, back)
    tell_ended(work, list(zip(left, back, strict=True)))
    return len(back)
