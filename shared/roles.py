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


ROLE_NAMES = {
    Role.AGENT: "坐席",
    Role.SUPERVISOR: "主管",
    Role.POLICY_OWNER: "策略管理员",
    Role.INTEGRATOR: "接入管理员",
    Role.OPS: "运维",
    Role.AUDITOR: "审计员",
    Role.ADMIN: "系统管理员",
}
