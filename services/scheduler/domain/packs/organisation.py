"""A pack's `organisation.yaml`: the tree of units, and the teams."""

from typing import Annotated, ClassVar

from pydantic import Field

from services.scheduler.domain import organisation as domain
from services.scheduler.domain.packs.windows import known_calendar
from shared.declared.model import Declared, read
from shared.declared.section import Section, meant
from shared.declared.values import Say
from shared.declared.words import Code, CodeOrNone, Content, Title

DEEPEST = 12
MOST_AGENTS = 100_000
MOST = 1_000  # units, and teams


class Unit(Declared):
    SAY: ClassVar[str] = "一个单位，如 {code: HQ, title: 总部, tier: head}"
    code: Code = Field(description="编号")
    title: Title = Field(description="中文名称")
    tier: Annotated[CodeOrNone, Say("层级，如 head、branch")] = Field("", description="层级")
    calendar: CodeOrNone = Field("", description="本单位及下级单位的日历编号，见 pack.yaml 的 calendars")
    children: Annotated[list["Unit"], Say(most=MOST)] = Field([], description="下级单位")


class Team(Declared):
    SAY: ClassVar[str] = "一个班组，如 {code: hotline, title: 热线班, unit: HQ, agents: 4}"
    code: Code = Field(description="编号")
    title: Title = Field(description="中文名称")
    unit: Annotated[Code, Say("所属单位的编号")] = Field(description="所属单位")
    role: Annotated[CodeOrNone, Say("角色，如 sales、backoffice")] = Field("", description="角色")
    agents: int = Field(1, ge=0, le=MOST_AGENTS, description="坐席数")


class OrganisationFile(Declared):
    organisation: Unit = Field(description="最上级单位，及其下级")
    teams: Annotated[list[Team], Say(most=MOST)] = Field([], description="班组")


def read_organisation(section: Section, calendars: Content) -> domain.Organisation:
    """The organisation; mistakes are noted in the section. `calendars` are those of the pack."""
    file = read(OrganisationFile, section)
    units: dict[str, domain.Unit] = {}
    _add(file.organisation, "", units, 1, calendars)
    teams: dict[str, domain.Team] = {}
    for team in file.teams:
        if team.unit and team.unit not in units:
            team.place.problem("unit", f"organisation 中没有单位 {team.unit}{meant(team.unit, units)}")
        if team.code in teams:
            team.place.problem("code", f"班组编号 {team.code} 出现了多次")
        teams.setdefault(team.code, domain.Team(team.code, team.title, team.unit, team.role, team.agents))
    return domain.Organisation(units, teams)


def _add(unit: Unit, parent: str, units: dict[str, domain.Unit], depth: int, calendars: Content) -> None:
    """Add the unit and all below it."""
    place = unit.place
    if unit.code in units:
        place.problem("code", f"单位编号 {unit.code} 出现了多次，每个单位只能在树中出现一次")
    calendar = known_calendar(place, unit.calendar, calendars)
    if unit.code:  # a unit without one would be above those at the top
        units.setdefault(unit.code, domain.Unit(unit.code, unit.title, unit.tier, parent, calendar))
    if depth == DEEPEST and unit.children:
        place.problem("children", f"单位最多 {DEEPEST} 层")
    elif len(units) + len(unit.children) > MOST:
        place.problem("children", f"单位最多 {MOST} 个")
    else:
        for child in unit.children:
            _add(child, unit.code, units, depth + 1, calendars)
