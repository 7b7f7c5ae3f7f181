"""What is done about a visit on site before and at the door."""

from uuid import UUID

from services.visits.domain import appointments
from services.visits.domain.errors import NotOnSite
from services.visits.domain.visit import Visit
from services.visits.domain.work_rules import WorkRules
from services.visits.procedures.calls import begin
from services.visits.procedures.held import lock
from services.visits.store import rows
from shared.auth import Principal
from shared.messaging import Work


async def confirm_appointment(work: Work, principal: Principal, visit_id: UUID) -> Visit:
    """The customer has confirmed the agreed time. Raises what `domain.appointments.confirm` raises."""
    visit, _ = await lock(work, principal, visit_id)
    confirmed = appointments.confirm(visit, principal.id)
    await rows.save_visits(work.session, [confirmed])
    return confirmed


async def arrive(work: Work, principal: Principal, visit_id: UUID, rules: WorkRules) -> Visit:
    """The caller is at the door: asks once more whether the customer may be visited, and begins.

    Raises NotOnSite, and what `calls.dial` raises.
    """
    visit = await begin(work, principal, visit_id, rules)
    if not visit.on_site:
        raise NotOnSite
    return visit
