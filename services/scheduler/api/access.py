"""Who may ask the scheduler for what."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, require

Owner = Annotated[Principal, Depends(require(Role.POLICY_OWNER))]
Mender = Annotated[Principal, Depends(require(Role.POLICY_OWNER, Role.OPS))]
Checker = Annotated[Principal, Depends(require(Role.POLICY_OWNER, Role.SUPERVISOR, Role.AUDITOR))]
Reader = Annotated[
    Principal, Depends(require(Role.POLICY_OWNER, Role.SUPERVISOR, Role.AUDITOR, Role.INTEGRATOR, Role.AGENT))
]
