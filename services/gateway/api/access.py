"""Who may do what at the gateway."""

from typing import Annotated, cast

from fastapi import Depends, Request

from services.gateway.settings import GatewaySettings
from shared.auth import Principal, Role, require, require_whole_organisation

Submitter = Annotated[Principal, Depends(require(Role.INTEGRATOR))]
Viewer = Annotated[Principal, Depends(require(Role.INTEGRATOR, Role.OPS, Role.AUDITOR))]
Templates = Annotated[Principal, Depends(require(Role.INTEGRATOR, Role.SUPERVISOR))]
# sources, receivers, raw messages and sheets belong to no unit: each may hold things of any
_operators = require_whole_organisation(Role.INTEGRATOR, Role.OPS)
_readers = require_whole_organisation(Role.INTEGRATOR, Role.OPS, Role.AUDITOR)
_uploaders = require_whole_organisation(Role.INTEGRATOR, Role.SUPERVISOR)
_upload_operators = require_whole_organisation(Role.INTEGRATOR, Role.SUPERVISOR, Role.OPS)
_upload_viewers = require_whole_organisation(Role.INTEGRATOR, Role.SUPERVISOR, Role.OPS, Role.AUDITOR)
Operator = Annotated[Principal, Depends(_operators)]
RawReader = Annotated[Principal, Depends(_readers)]
Uploader = Annotated[Principal, Depends(_uploaders)]
UploadOperator = Annotated[Principal, Depends(_upload_operators)]
UploadViewer = Annotated[Principal, Depends(_upload_viewers)]


def _settings(request: Request) -> GatewaySettings:
    return cast(GatewaySettings, request.app.state.runtime.settings)


SettingsDep = Annotated[GatewaySettings, Depends(_settings)]
