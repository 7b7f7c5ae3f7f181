"""What supervisors do to visits, and the publishing of questionnaires."""

from typing import Any
from uuid import UUID

from services.visits.domain import visit as lifecycle
from services.visits.domain.errors import VisitNotFinished
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.visit import Visit
from services.visits.procedures.held import lock
from services.visits.procedures.questionnaires import publish
from services.visits.store import reviews, rows
from shared.auth import Principal
from shared.http import audit, require_version
from shared.ids import new_id
from shared.messaging import Work


async def reassign(work: Work, principal: Principal, visit_id: UUID, team: str, seen: int) -> Visit:
    """Hand an unfinished visit to another team, even if somebody holds it."""
    visit, _ = await lock(work, principal, visit_id)
    require_version(seen, visit.version)
    moved = lifecycle.reassign(visit, team, work.now())
    await rows.save_visits(work.session, [moved])
    await audit(work, principal, "visit.reassigned", str(visit_id), from_team=visit.team, to_team=team)
    return moved


async def review(work: Work, principal: Principal, visit_id: UUID, remark: str) -> dict[str, Any]:
    """Keep a supervisor's remark on a finished visit (R03.4)."""
    visit, _ = await lock(work, principal, visit_id)
    if not visit.finished:
        raise VisitNotFinished("办结后才能复核")
    kept = {"id": new_id(), "visit_id": visit_id, "at": work.now(), "reviewer": principal.id, "remark": remark}
    await reviews.add_review(work.session, **kept)
    await audit(work, principal, "visit.reviewed", str(visit_id), review=str(kept["id"]))
    return kept


async def publish_questionnaire(work: Work, principal: Principal, raw: Any) -> tuple[Questionnaire, bool]:
    """Publish a definition as the next version; the newest version again when nothing changed. True if it is new."""
    questionnaire, is_new = await publish(work, raw, principal.id)
    if is_new:
        await audit(work, principal, "questionnaire.published", questionnaire.id, version=questionnaire.version)
    return questionnaire, is_new
