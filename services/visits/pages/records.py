"""A finished record as its agent is given it to correct."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.visits.api.dependencies import Agent, ShownRulesDep
from services.visits.commands.corrections import versions_with_first
from services.visits.domain.corrections import require_may_correct
from services.visits.domain.errors import VisitNotFound
from services.visits.schemas.workbench import RecordSheet
from services.visits.store import rows
from shared.auth import Role
from shared.http import ClockDep, ReadSession, etag

router = APIRouter(include_in_schema=False)


@router.get("/agent/visits/{visit_id}/record")
async def record(
    visit_id: UUID, agent: Agent, session: ReadSession, clock: ClockDep, current: ShownRulesDep, response: Response
) -> RecordSheet:
    """All questions with the answers that stand, the note, and the versions before; who may not correct it is told why."""
    found = await rows.get_visit(session, visit_id, agent.scope)
    if found is None:
        raise VisitNotFound
    visit, questionnaire = found
    versions = await versions_with_first(session, visit)
    within = current.rules.correct_within
    require_may_correct(visit, agent.id, agent.may(Role.SUPERVISOR), within, clock.now())
    response.headers["ETag"] = etag(visit.version)
    response.headers["Cache-Control"] = "no-store"
    return RecordSheet.of(visit, questionnaire, versions)
