"""Who may do what here."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, require, require_whole_organisation

Worker = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER))]
# whom a customer tells in a call that no more messages are wanted
Hearer = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER))]
# templates, rules and what providers sent belong to no unit
_keepers = require_whole_organisation(Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER)
_checkers = require_whole_organisation(Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER, Role.AUDITOR)
Keeper = Annotated[Principal, Depends(_keepers)]
Checker = Annotated[Principal, Depends(_checkers)]
Reader = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.OPS, Role.POLICY_OWNER, Role.AUDITOR))]
