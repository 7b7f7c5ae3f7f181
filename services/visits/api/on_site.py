"""Visits on site: the appointment, and the arrival."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.visits.access import Agent
from services.visits.api.dependencies import RulesDep
from services.visits.commands import on_site
from services.visits.schemas.visits import CallOut, VisitOut
from shared.http import WorkDep, etag

router = APIRouter(prefix="/api/v1/visits", tags=["上门回访"])


@router.post("/{visit_id}/confirm-appointment", summary="确认上门时间")
async def confirm_appointment(visit_id: UUID, agent: Agent, work: WorkDep, response: Response) -> VisitOut:
    """上门前客户再次确认了约定的时间；改约后须重新确认。改约用「提交小结」的 callback_agreed，并在备注中说明原因。"""
    visit = await on_site.confirm_appointment(work, agent, visit_id)
    response.headers["ETag"] = etag(visit.version)
    return VisitOut.of(visit)


@router.post("/{visit_id}/arrive", summary="到达现场")
async def arrive(visit_id: UUID, agent: Agent, work: WorkDep, rules: RulesDep) -> CallOut:
    """再次确认可以上门（未撤销、未推迟、客户未拒绝、同事未在联系），记录开始时间；重复调用不重新计时。"""
    visit = await on_site.arrive(work, agent, visit_id, rules)
    return CallOut(started_at=visit.call_started_at, ended_at=visit.call_ended_at)
