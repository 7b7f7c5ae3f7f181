"""Facts enter the populations of periods that are open; no draw closes while they do."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.batch import Decided, Matched
from services.scheduler.procedures.policies import Policies
from services.scheduler.store import draws
from services.scheduler.store.draws import Entered
from shared.messaging import Event, Work
from shared.zone import local_day


async def hold_closing(
    work: Work, policies: Policies, events: Sequence[Event], matched: Sequence[Matched]
) -> list[date] | None:
    """Up to where draws are closed for each fact; None when nothing can enter a population.

    What was heard of too late is late, whether the draw has been made by now or not: so it does not matter how busy the
    service is. No draw closes before the transaction ends.
    """
    if not policies.book.draws or not any(one.may_enter for one in matched):
        return None
    closed = await draws.share_closing(work.session)
    return [
        max(closed, _closed_when_heard(work, policies, event)) if one.may_enter and event.taken_ms else closed
        for event, one in zip(events, matched, strict=True)
    ]


def _closed_when_heard(work: Work, policies: Policies, event: Event) -> date:
    heard_at = work.clock.business(datetime.fromtimestamp(event.taken_ms / 1000, UTC))
    return local_day(heard_at - policies.grace)


async def closed_until(session: AsyncSession) -> date:
    """Up to where draws are closed now."""
    return await draws.closed_until(session)


async def stay_open(session: AsyncSession) -> None:
    """No draw closes before the transaction ends."""
    await draws.share_closing(session)


async def enter(work: Work, decided: Sequence[Decided]) -> None:
    """Let facts enter the populations of their periods, or where those are closed, of the open ones."""
    entered = [
        Entered(match.policy, one.decision.fact, match.entry)
        for one in decided
        for match in one.entered
        if match.entry is not None
    ]
    if entered:
        work.partitions.require("population", {one.entry.period.first for one in entered})
        await draws.save_entries(work.session, entered)
