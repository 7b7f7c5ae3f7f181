"""Who may ask the gateway for what."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, require, require_whole_organisation

Submitter = Annotated[Principal, Depends(require(Role.INTEGRATOR))]
Viewer = Annotated[Principal, Depends(require(Role.INTEGRATOR, Role.OPS, Role.AUDITOR))]
Templates = Annotated[Principal, Depends(require(Role.INTEGRATOR, Role.SUPERVISOR))]
# sources, receivers, raw messages and sheets belong to no unit: each may hold things of any
Operator = Annotated[Principal, Depends(require_whole_organisation(Role.INTEGRATOR, Role.OPS))]
RawReader = Annotated[Principal, Depends(require_whole_organisation(Role.INTEGRATOR, Role.OPS, Role.AUDITOR))]
Uploader = Annotated[Principal, Depends(require_whole_organisation(Role.INTEGRATOR, Role.SUPERVISOR))]
UploadOperator = Annotated[Principal, Depends(require_whole_organisation(Role.INTEGRATOR, Role.SUPERVISOR, Role.OPS))]
UploadViewer = Annotated[
    Principal, Depends(require_whole_organisation(Role.INTEGRATOR, Role.SUPERVISOR, Role.OPS, Role.AUDITOR))
]
# keys and people
Admin = Annotated[Principal, Depends(require_whole_organisation(Role.ADMIN))]
KeyReader = Annotated[Principal, Depends(require_whole_organisation(Role.OPS, Role.AUDITOR))]
PeopleChanger = Annotated[Principal, Depends(require(Role.SUPERVISOR))]
PeopleReader = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.AUDITOR))]
