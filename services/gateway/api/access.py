"""Who may do what at the gateway."""

from typing import Annotated, cast

from fastapi import Depends, Request

from services.gateway.settings import GatewaySettings
from shared.auth import Principal, Role, require

Submitter = Annotated[Principal, Depends(require(Role.INTEGRATOR))]
Operator = Annotated[Principal, Depends(require(Role.INTEGRATOR, Role.OPS))]
Viewer = Annotated[Principal, Depends(require(Role.INTEGRATOR, Role.OPS, Role.AUDITOR))]
Uploader = Annotated[Principal, Depends(require(Role.INTEGRATOR, Role.SUPERVISOR))]
UploadOperator = Annotated[Principal, Depends(require(Role.INTEGRATOR, Role.SUPERVISOR, Role.OPS))]
UploadViewer = Annotated[Principal, Depends(require(Role.INTEGRATOR, Role.SUPERVISOR, Role.OPS, Role.AUDITOR))]


def _settings(request: Request) -> GatewaySettings:
    return cast(GatewaySettings, request.app.state.runtime.settings)


SettingsDep = Annotated[GatewaySettings, Depends(_settings)]
