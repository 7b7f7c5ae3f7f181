"""What the commands share: a visit locked for its caller, with its questionnaire, and its events published."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.visits.domain import visit as lifecycle
from services.visits.domain.attempts import Attempt
from services.visits.domain.errors import VisitNotFound
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.visit import Visit
from services.visits.store import rows
from shared.auth import Principal
from shared.contracts import EventData
from shared.messaging import Work


@dataclass(frozen=True, slots=True)
class Held:
    """A visit with the questionnaire its agent asks, if any."""

    visit: Visit
    questionnaire: Questionnaire | None
    attempts: Sequence[Attempt] = ()


async def lock(work: Work, principal: Principal, visit_id: UUID) -> tuple[Visit, Questionnaire | None]:
    found = await rows.lock_visit(work.session, visit_id, principal.scope)
    if found is None:
        raise VisitNotFound
    return found


async def lock_held(work: Work, principal: Principal, visit_id: UUID) -> tuple[Visit, Questionnaire | None]:
    visit, questionnaire = await lock(work, principal, visit_id)
    lifecycle.require_holder(visit, principal.id)
    return visit, questionnaire


def publish(work: Work, visit: Visit, events: Sequence[EventData]) -> None:
    """Tell the other services, but of a practice call nothing."""
    if visit.practice_call:
        return
    for data in events:
        work.publish(data, key=visit.customer.id, lineage=visit.lineage, subject=str(visit.id))
