"""Who may ask notifications for what."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, require, require_whole_organisation

Worker = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER))]
# whom a customer tells in a call that no more messages are wanted
Hearer = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER))]
# templates, rules and what providers sent belong to no unit
Keeper = Annotated[Principal, Depends(require_whole_organisation(Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER))]
Checker = Annotated[
    Principal, Depends(require_whole_organisation(Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER, Role.AUDITOR))
]
Reader = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER, Role.AUDITOR))]
# an agent in a call sees what the customer was told, too
PageReader = Annotated[
    Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER, Role.AUDITOR))
]
