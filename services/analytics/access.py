"""Who may ask analytics for what."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, require

READERS = (Role.SUPERVISOR, Role.AUDITOR, Role.POLICY_OWNER, Role.OPS)
Reader = Annotated[Principal, Depends(require(*READERS))]
Agent = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR))]
TimelineReader = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.AUDITOR, Role.OPS))]
