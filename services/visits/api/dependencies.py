"""Who may ask what, and what the routes share."""

from typing import Annotated, cast

from fastapi import Depends, Request

from services.visits.settings import VisitsSettings
from shared.auth import Principal, Role, require


async def _settings(request: Request) -> VisitsSettings:
    return cast(VisitsSettings, request.app.state.runtime.settings)


SettingsDep = Annotated[VisitsSettings, Depends(_settings)]
Agent = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR))]
Supervisor = Annotated[Principal, Depends(require(Role.SUPERVISOR))]
Author = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.POLICY_OWNER))]
Reader = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.OPS, Role.AUDITOR))]
QuestionnaireReader = Annotated[
    Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.POLICY_OWNER, Role.OPS, Role.AUDITOR))
]
