"""An organisation: a tree of units with tiers (R02.1), and the teams that belong to them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Content = dict[str, Any]


@dataclass(frozen=True)
class Unit:
    """`parent` is the unit above, "" at the top; `calendar` the one it names itself, "" where it names none."""

    code: str
    title: str = ""
    tier: str = ""
    parent: str = ""
    calendar: str = ""


@dataclass(frozen=True)
class Team:
    """Those who take visits, `agents` of them (R12.1), of the unit they belong to."""

    code: str
    title: str = ""
    unit: str = ""
    role: str = ""
    agents: int = 1


@dataclass(frozen=True)
class Organisation:
    """Units and teams by code, in the order they are written."""

    units: Mapping[str, Unit] = field(default_factory=dict)
    teams: Mapping[str, Team] = field(default_factory=dict)

    def tier_of(self, team: str) -> str:
        """The tier of the unit a team belongs to; "" when either is not known."""
        found = self.teams.get(team)
        unit = self.units.get(found.unit) if found else None
        return unit.tier if unit else ""

    def upwards(self, unit: str) -> Iterator[str]:
        """The unit and those above it, the top last."""
        while found := self.units.get(unit):
            yield found.code
            unit = found.parent

    def calendars(self) -> dict[str, str]:
        """Unit → the calendar it goes by: its own, else that of the nearest unit above that names one."""
        named = {code: [self.units[above].calendar for above in self.upwards(code)] for code in self.units}
        return {code: next(filter(None, found)) for code, found in named.items() if any(found)}

    def teams_of(self, unit: str) -> Iterator[Team]:
        return (team for team in self.teams.values() if team.unit == unit)

    def is_part_of(self, team: str, doer: str) -> bool:
        """Whether a team is `doer`, or of the unit `doer` or of one below it; of the top unit only its own teams are."""
        found = self.teams.get(team)
        if team == doer or found is None:
            return team == doer
        above = self.units.get(doer)
        return found.unit == doer if above and not above.parent else doer in self.upwards(found.unit)

    @cached_property
    def parts(self) -> Mapping[str, tuple[str, ...]]:
        """Unit → the teams that are part of it (`is_part_of`), and the units below it; below the top one none are told."""
        return {
            code: (
                *(team for team in self.teams if self.is_part_of(team, code)),
                *(other for other in self.units if unit.parent and other != code and code in self.upwards(other)),
            )
            for code, unit in self.units.items()
        }

    def recorded(self) -> Content:
        """What rules need of it, as JSON."""
        return {
            "units": {unit.code: [unit.parent, unit.tier] for unit in self.units.values()},
            "teams": {team.code: [team.unit, team.role] for team in self.teams.values()},
        }


def recalled(content: Content) -> Organisation:
    """The organisation that `recorded` tells of."""
    units = {code: Unit(code, parent=parent, tier=tier) for code, (parent, tier) in content["units"].items()}
    teams = {code: Team(code, unit=unit, role=role) for code, (unit, role) in content["teams"].items()}
    return Organisation(units, teams)
