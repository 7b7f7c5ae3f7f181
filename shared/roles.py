"""What somebody is here for."""

from enum import StrEnum


class Role(StrEnum):
    """What somebody is here for. `admin` may do everything; `auditor` may read everything."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    POLICY_OWNER = "policy_owner"
    INTEGRATOR = "integrator"
    OPS = "ops"
    AUDITOR = "auditor"
    ADMIN = "admin"
