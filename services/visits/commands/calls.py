"""Calls: dialled through the platform, so that it asks once more whether the customer may be called, and knows the time."""

from uuid import UUID

from services.visits.domain import calls
from services.visits.domain.visit import Visit
from services.visits.procedures.held import lock_held
from services.visits.store import rows
from shared.auth import Principal
from shared.messaging import Work


async def hang_up(work: Work, principal: Principal, visit_id: UUID) -> Visit:
    """The line is closed; the agent wraps up. Raises NotDialled."""
    visit, _ = await lock_held(work, principal, visit_id)
    ended = calls.end_talk(visit, work.now())
    if ended is not visit:
        await rows.save_visits(work.session, [ended])
    return ended
