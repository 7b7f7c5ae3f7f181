"""How a contact is made, where a policy leaves that to the fact: questionnaire and team by its data, and independence.

Independent (R02.1, R07.5): never by the team or unit that did the work. `DOERS` are the data paths that tell it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.scheduler.domain.organisation import Organisation
from shared.contracts.intake import DONE_BY

KIND = "kind"
DOERS = (
    "done_by",
    "responsible_unit",
    "team",
    *DONE_BY,
    "org.code",
)  # the platform's own events, facts, else the branch


@dataclass(frozen=True)
class Choice:
    """`cases` by the value at a path of the fact (see conditions), or by its business `kind`."""

    by: str
    cases: Mapping[str, str]
    otherwise: str = ""


@dataclass(frozen=True)
class How:
    """What is chosen when a contact is planned. `teams` may stand in for a team that is not independent, in this order.

    `role`: the team with that role in the fact's branch, or in the nearest unit above it that has one. `doers` are the
    paths that tell who did the work; none where independence is not asked for.
    """

    team: Choice | None = None
    role: str = ""
    questionnaire: Choice | None = None
    teams: tuple[str, ...] = ()
    doers: tuple[str, ...] = ()
    organisation: Organisation = field(default_factory=Organisation)


def text_of(value: object) -> str:
    """A value as a case names it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def how_of(content: Mapping[str, Any], organisation: Organisation) -> How:
    """What `how_file.read_how` has put under `choose`."""
    choices = {key: Choice(**content[key]) for key in ("team", "questionnaire") if key in content}
    named = {key: tuple(content[key]) for key in ("teams", "doers") if key in content}
    return How(role=content.get("role", ""), organisation=organisation, **choices, **named)  # type: ignore[arg-type]
