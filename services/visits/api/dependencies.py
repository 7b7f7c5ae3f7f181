"""Who may ask what, and what the routes share."""

from typing import Annotated, cast

from fastapi import Depends, Header, Request

from services.visits.settings import VisitsSettings
from shared.auth import Principal, Role, require
from shared.http import if_match


async def _settings(request: Request) -> VisitsSettings:
    return cast(VisitsSettings, request.app.state.runtime.settings)


async def _seen(
    value: Annotated[str | None, Header(alias="If-Match", description="修改前读到的 ETag，可不填")] = None,
) -> int | None:
    return None if value is None else if_match(value)


SettingsDep = Annotated[VisitsSettings, Depends(_settings)]
Seen = Annotated[int | None, Depends(_seen)]
Agent = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR))]
Supervisor = Annotated[Principal, Depends(require(Role.SUPERVISOR))]
Author = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.POLICY_OWNER))]
Reader = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.OPS, Role.AUDITOR))]
QuestionnaireReader = Annotated[
    Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.POLICY_OWNER, Role.OPS, Role.AUDITOR))
]
