"""Who may ask visits for what."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, require, require_whole_organisation

AGENTS = (Role.AGENT, Role.SUPERVISOR)
Agent = Annotated[Principal, Depends(require(*AGENTS))]
Supervisor = Annotated[Principal, Depends(require(Role.SUPERVISOR))]
Viewer = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.AUDITOR))]
Listener = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.AUDITOR))]
Author = Annotated[Principal, Depends(require_whole_organisation(Role.SUPERVISOR, Role.POLICY_OWNER))]
Reader = Annotated[Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.OPS, Role.AUDITOR))]
QuestionnaireReader = Annotated[
    Principal, Depends(require(Role.AGENT, Role.SUPERVISOR, Role.POLICY_OWNER, Role.OPS, Role.AUDITOR))
]
RulesOwner = Annotated[Principal, Depends(require_whole_organisation(Role.SUPERVISOR))]
RulesReader = QuestionnaireReader
RulesPageReader = Annotated[Principal, Depends(require(Role.SUPERVISOR, Role.POLICY_OWNER, Role.OPS, Role.AUDITOR))]
