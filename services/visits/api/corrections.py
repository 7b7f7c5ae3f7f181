"""Finished records are corrected, and results of attempts."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.visits.access import Agent
from services.visits.api.dependencies import RulesDep
from services.visits.api.reports import report_of
from services.visits.commands import corrections
from services.visits.domain.corrections import Correction
from services.visits.schemas.corrections import CorrectIn, CorrectResultIn
from services.visits.schemas.visits import VisitOut
from shared.http import IfMatch, SealerDep, WorkDep, etag

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


@router.post("/{visit_id}/correct-result", summary="更正最后一次联系的结果")
async def correct_result(
    visit_id: UUID, body: CorrectResultIn, agent: Agent, work: WorkDep, rules: RulesDep, sealer: SealerDep,
    seen: IfMatch, response: Response,
) -> VisitOut:  # fmt: skip
    """结果代码选错、单因此未成功或等待再次联系时：联系人在时限内可更正，之后由主管更正；须写明理由。未成功的单重新打开，按真正的结果办结或按作业规则再次联系；原来的小结保留，指标、任务、回写随之更新。"""
    report = report_of(body, agent.id, sealer, rules)
    visit = await corrections.correct_result(work, agent, visit_id, report, body.reason, seen, rules, sealer)
    response.headers["ETag"] = etag(visit.version)
    return VisitOut.of(visit)
