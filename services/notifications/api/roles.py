"""Who may do what here."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, require

Worker = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER))]
Reader = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER, Role.AUDITOR))]
