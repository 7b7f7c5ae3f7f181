"""Who may ask what, and what the routes share."""

from typing import Annotated, cast

from fastapi import Depends, Request

from services.visits.domain.hours import RetryPlan
from services.visits.settings import VisitsSettings
from shared.auth import Principal, Role, require, require_whole_organisation
from shared.calendar import WorkCalendar
from shared.http import WorkDep
from shared.official import KeptCalendar


async def _settings(request: Request) -> VisitsSettings:
    return cast(VisitsSettings, request.app.state.runtime.settings)


async def _calendar(request: Request, work: WorkDep) -> WorkCalendar:
    kept: KeptCalendar = request.app.state.runtime.state["calendar"]
    return await kept.current(work.session)


async def plan_of(request: Request, work: WorkDep) -> RetryPlan:
    settings: VisitsSettings = request.app.state.runtime.settings
    return settings.retry_plan.on(await _calendar(request, work))


CalendarDep = Annotated[WorkCalendar, Depends(_calendar)]
PlanDep = Annotated[RetryPlan, Depends(plan_of)]
SettingsDep = Annotated[VisitsSettings, Depends(_settings)]
Agent = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR))]
Supervisor = Annotated[Principal, Depends(require(Role.SUPERVISOR))]
Viewer = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.AUDITOR))]
Listener = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.AUDITOR))]
Author = Annotated[Principal, Depends(require_whole_organisation(Role.SUPERVISOR, Role.POLICY_OWNER))]
Reader = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.OPS, Role.AUDITOR))]
QuestionnaireReader = Annotated[
    Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.POLICY_OWNER, Role.OPS, Role.AUDITOR))
]
