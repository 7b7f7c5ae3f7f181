"""A finished record as its agent is given it to correct."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.visits.access import Agent
from services.visits.api.dependencies import ShownRulesDep
from services.visits.commands.corrections import versions_with_first
from services.visits.domain.corrections import require_may_correct
from services.visits.domain.errors import VisitNotFound
from services.visits.domain.result_corrections import last_attempt
from services.visits.domain.visit import State
from services.visits.schemas.workbench import RecordSheet
from services.visits.store import queries, rows
from shared.auth import Role
from shared.http import ClockDep, ReadSession, etag

router = APIRouter(include_in_schema=False)


@router.get("/agent/visits/{visit_id}/record")
async def record(
    visit_id: UUID, agent: Agent, session: ReadSession, clock: ClockDep, current: ShownRulesDep, response: Response
) -> RecordSheet:
    """All questions with the answers that stand, the note, and the versions before; of a visit that has failed or waits, the
    result of its last attempt. Who may not correct it is told why.
    """
    found = await rows.get_visit(session, visit_id, agent.scope)
    if found is None:
        raise VisitNotFound
    visit, questionnaire = found
    within, supervises = current.rules.correct_within, agent.may(Role.SUPERVISOR)
    response.headers["ETag"] = etag(visit.version)
    response.headers["Cache-Control"] = "no-store"
    if visit.state is State.COMPLETED:
        versions = await versions_with_first(session, visit)
        require_may_correct(visit.agent, visit.finished_at, agent.id, supervises, within, clock.now())
        return RecordSheet.of(visit, questionnaire, versions)
    last = last_attempt(visit, (await queries.attempts_of(session, [visit])).get(visit_id, []))
    require_may_correct(last.agent, last.at, agent.id, supervises, within, clock.now())
    return RecordSheet.of_result(visit, questionnaire, last)
