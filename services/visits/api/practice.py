"""「练习一单」."""

from fastapi import APIRouter

from services.visits.access import Agent
from services.visits.api.dependencies import SettingsDep
from services.visits.commands import practice
from services.visits.schemas.visits import VisitOut
from shared.http import OnceDep, WorkDep

router = APIRouter(prefix="/api/v1/practice", tags=["坐席作业"])


@router.post("", status_code=201, summary="练习一单")
async def begin(agent: Agent, once: OnceDep, work: WorkDep, settings: SettingsDep) -> VisitOut:
    """给本人一张练习客户的单：作答、小结与真实的单相同，不拨号、不立案、不回写、不计数，也不会给别人；可以反复练习。"""

    async def create() -> VisitOut:
        return VisitOut.of(await practice.begin(work, agent, settings.lease))

    return await once(VisitOut, create)
