"""Finished records are corrected."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.visits.api.dependencies import Agent, RulesDep
from services.visits.commands import corrections
from services.visits.domain.corrections import Correction
from services.visits.schemas.corrections import CorrectIn
from services.visits.schemas.visits import VisitOut
from shared.http import IfMatch, WorkDep, etag

router = APIRouter(prefix="/api/v1/visits", tags=["更正"])


@router.post("/{visit_id}/correct", summary="更正已完成的回访")
async def correct(
    visit_id: UUID, body: CorrectIn, agent: Agent, work: WorkDep, rules: RulesDep, seen: IfMatch, response: Response
) -> VisitOut:
    """办结人在时限内可更正，之后由主管更正；须写明理由。原记录保留在 versions 中，指标、投诉与回写随之更新。"""
    correction = Correction(answers=body.answers, note=body.note, reason=body.reason)
    visit = await corrections.correct_record(work, agent, visit_id, correction, seen, rules)
    response.headers["ETag"] = etag(visit.version)
    return VisitOut.of(visit)
