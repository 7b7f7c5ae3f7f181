"""Who may ask the scheduler for what."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, require, require_whole_organisation

# policies, packs, calendars, draws, limits and trials are the whole organisation's
Owner = Annotated[Principal, Depends(require_whole_organisation(Role.POLICY_OWNER))]
Mender = Annotated[Principal, Depends(require_whole_organisation(Role.POLICY_OWNER, Role.OPS))]
Overseer = Annotated[Principal, Depends(require_whole_organisation(Role.POLICY_OWNER, Role.SUPERVISOR, Role.AUDITOR))]
Tester = Annotated[
    Principal,
    Depends(require_whole_organisation(Role.POLICY_OWNER, Role.SUPERVISOR, Role.AUDITOR, Role.INTEGRATOR, Role.AGENT)),
]
Exporter = Annotated[Principal, Depends(require(Role.POLICY_OWNER))]
Checker = Annotated[Principal, Depends(require(Role.POLICY_OWNER, Role.SUPERVISOR, Role.AUDITOR))]
Reader = Annotated[
    Principal, Depends(require(Role.POLICY_OWNER, Role.SUPERVISOR, Role.AUDITOR, Role.INTEGRATOR, Role.AGENT))
]
Canceller = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.POLICY_OWNER))]
