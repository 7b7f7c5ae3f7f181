"""Who may ask complaints for what."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, require

Reader = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.AUDITOR))]
Taker = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR))]
Supervisor = Annotated[Principal, Depends(require(Role.SUPERVISOR))]
