"""A call is begun: whether the customer may be called is asked once more."""

from uuid import UUID

from services.visits.domain import calls
from services.visits.domain.calls import Line
from services.visits.domain.hours import read_hours
from services.visits.domain.visit import Visit
from services.visits.domain.work_rules import WorkRules
from services.visits.procedures.held import lock_held
from services.visits.store import claims, rows
from shared.auth import Principal
from shared.http import audit
from shared.messaging import Work
from shared.privacy import Sealer


async def dial(
    work: Work, principal: Principal, visit_id: UUID, sealer: Sealer, rules: WorkRules
) -> tuple[Visit, list[str]]:
    """Begin the contact with the customer, or go on with it; returns the numbers to dial, audited (R02.7, X4).

    Raises what `domain.calls.begin` raises, and what every change of a held visit does.
    """
    begun = await begin(work, principal, visit_id, rules)
    numbers = numbers_of(begun, sealer)
    if numbers:
        await audit(work, principal, "phone.revealed", str(visit_id), customer_id=begun.customer.id, reason="dial")
    return begun, numbers


async def begin(work: Work, principal: Principal, visit_id: UUID, rules: WorkRules) -> Visit:
    """Begin the contact with the customer, by phone or at the door, or go on with it. Raises as `dial`."""
    visit, _ = await lock_held(work, principal, visit_id)
    colleague, refused = await claims.look_around(work.session, visit_id, principal.id)
    hours = read_hours(visit.hours, rules.calendar) if visit.hours else None
    line = Line(hours is None or hours.is_open(work.now()), colleague, refused)
    begun = calls.begin(visit, line, work.now())
    if begun is not visit:
        await rows.save_visits(work.session, [begun])
    return begun


def numbers_of(visit: Visit, sealer: Sealer) -> list[str]:
    """The customer's numbers in full, the first to dial first; none in practice, where nobody is called."""
    if visit.practice:
        return []
    card = visit.customer
    numbers = (sealer.unseal(token) for token in dict.fromkeys((card.phone, *card.phones)) if token)
    return [number for number in numbers if number.startswith("+")]  # else a text an earlier version took for one
