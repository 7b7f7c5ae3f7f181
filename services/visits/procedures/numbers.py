"""A number learned in one visit is right or wrong in the customer's other open visits too."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.visits.domain.errors import VisitNotFound
from services.visits.domain.visit import Visit
from services.visits.store import rows
from shared.auth import Principal
from shared.contracts import EventData
from shared.contracts.visits import CustomerNumberCorrected
from shared.messaging import Work
from shared.privacy import Sealer
from shared.profile import with_right_numbers


async def lock_others(work: Work, principal: Principal, visit_id: UUID) -> list[Visit]:
    """The customer's other unfinished visits. This one is locked with them, in the order in which everybody locks."""
    found = await rows.get_visit(work.session, visit_id, principal.scope)
    if found is None:
        raise VisitNotFound
    locked = await rows.lock_unfinished_of(work.session, found[0].customer.id)
    return [visit for visit in locked if visit.id != visit_id]


def corrected(visits: Sequence[Visit], events: Sequence[EventData], sealer: Sealer) -> list[Visit]:
    """These visits as the events of an attempt say that their customer is reached; without those that stay as they are.

    Their version stays: it guards their answers.
    """
    changed = []
    for event in events:
        if isinstance(event, CustomerNumberCorrected):
            for visit in visits:
                card = with_right_numbers(visit.customer, event.wrong, event.phone, event.phone_masked)
                if card is not visit.customer:
                    mask = card.phone_masked or sealer.masked(card.phone)
                    changed.append(replace(visit, customer=card.model_copy(update={"phone_masked": mask})))
    return changed
