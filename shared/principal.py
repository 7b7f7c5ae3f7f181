"""Who somebody is and what they are here for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.roles import ROLE_NAMES, Role
from shared.scope import Scope

__all__ = ["ROLE_NAMES", "Principal", "Role", "read_codes", "read_principal"]


@dataclass(frozen=True)
class Principal:
    """Somebody known, a person or a machine.

    `id` is recorded in audit logs. `units` limits what is seen (empty = the whole organisation), `teams` which queues a
    person works from (empty = every team of those units). `worker` is the person's code in the systems that send facts, so
    that nobody is asked to judge work of their own ("" = does no such work). `skills` are languages spoken and what else a
    contact may need, such as `on_site` (empty = nobody has said: any contact may be theirs). `below` are the units and teams
    below `units`, filled in by the service that is asked (`shared.units`); `scope` has both.
    """

    id: str
    roles: tuple[Role, ...]
    name: str = ""
    units: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    worker: str = ""
    skills: tuple[str, ...] = ()
    below: tuple[str, ...] = ()

    @property
    def scope(self) -> Scope:
        return Scope(self.units + self.below)

    def has(self, *roles: Role) -> bool:
        """Whether one of these roles is theirs."""
        return any(role in self.roles for role in roles)

    def may(self, *roles: Role) -> bool:
        """Whether they may do what these roles are for: `admin` may do everything."""
        return self.has(Role.ADMIN, *roles)


def read_principal(claims: Mapping[str, Any], identity: str) -> Principal:
    """What a token, a session or a file says of somebody: `role` or `roles`, and `name`, `units`, `teams`, `worker`, `skills`.

    Raises KeyError, ValueError: what can't be read must not become a role, or the whole organisation.
    """
    named = claims["roles"] if "roles" in claims else [claims["role"]]
    roles = tuple(Role(role) for role in read_codes(named, "roles"))
    if not roles:
        raise ValueError("somebody without a role may do nothing")
    units, teams, skills = (read_codes(claims.get(each, []), each) for each in ("units", "teams", "skills"))
    return Principal(identity, roles, claims.get("name", ""), units, teams, claims.get("worker", ""), skills=skills)


def read_codes(claimed: Any, what: str) -> tuple[str, ...]:
    """Raises ValueError unless it is a list of codes."""
    if not isinstance(claimed, list) or not all(isinstance(code, str) and code for code in claimed):
        raise ValueError(f"{what} must be a list of codes")
    return tuple(claimed)
