"""Who somebody is and what they are here for."""

from dataclasses import dataclass
from enum import StrEnum

from shared.scope import Scope


class Role(StrEnum):
    """What somebody is here for. `admin` may do everything; `auditor` may read everything."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    POLICY_OWNER = "policy_owner"
    INTEGRATOR = "integrator"
    OPS = "ops"
    AUDITOR = "auditor"
    ADMIN = "admin"


@dataclass(frozen=True)
class Principal:
    """Somebody known: `id` is recorded in audit logs; `units` limits what is seen (empty = the whole organisation)."""

    id: str
    role: Role
    name: str = ""
    units: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        return Scope(self.units)
