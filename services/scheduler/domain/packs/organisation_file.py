"""A pack's `organisation.yaml`: the tree of units, and the teams."""

from services.scheduler.domain.organisation import Organisation, Team, Unit
from services.scheduler.domain.packs.timing_file import CODE_FORM, Content, read_calendar
from shared.declared.section import Section, meant

ORGANISATION = "organisation.yaml"
CODE = f"(?=.){CODE_FORM}"
SAY_CODE = "字母、数字、点、下划线和连字符组成的编号"
SAY_UNIT = "一个单位，如 {code: HQ, title: 总部, tier: head}"
DEEPEST = 12
MOST_AGENTS = 100_000
MOST = 1_000  # units, and teams


def read_organisation(section: Section, calendars: Content) -> Organisation:
    """The organisation; mistakes are noted in the section. `calendars` are those of the pack."""
    units: dict[str, Unit] = {}
    top = section.section("organisation", SAY_UNIT)
    if top is None:
        section.problem("organisation", f"缺少此项，应写{SAY_UNIT}")
    else:
        _read_unit(top, "", units, 1, calendars)
    teams: dict[str, Team] = {}
    for part in section.sections("teams", "一个班组，如 {code: hotline, title: 热线班, unit: HQ, agents: 4}", MOST):
        _read_team(part, units, teams)
    section.close()
    return Organisation(units, teams)


def _read_unit(section: Section, parent: str, units: dict[str, Unit], depth: int, calendars: Content) -> None:
    code = section.text("code", form=CODE, say=SAY_CODE)
    if code in units:
        section.problem("code", f"单位编号 {code} 出现了多次，每个单位只能在树中出现一次")
    unit = Unit(
        code,
        section.text("title", say="中文名称"),
        section.text("tier", "", CODE_FORM, "层级，如 head、branch"),
        parent,
        read_calendar(section, calendars),
    )
    if code:  # a unit without one would be above those at the top
        units.setdefault(code, unit)
    children = section.sections("children", SAY_UNIT, MOST)
    if len(units) + len(children) > MOST:
        section.problem("children", f"单位最多 {MOST} 个")
        children = []
    if depth == DEEPEST and children:
        section.problem("children", f"单位最多 {DEEPEST} 层")
        children = []
    for child in children:
        _read_unit(child, code, units, depth + 1, calendars)
    section.close()


def _read_team(section: Section, units: dict[str, Unit], teams: dict[str, Team]) -> None:
    team = Team(
        section.text("code", form=CODE, say=SAY_CODE),
        section.text("title", say="中文名称"),
        section.text("unit", form=CODE, say="所属单位的编号"),
        section.text("role", "", CODE_FORM, "角色，如 sales、backoffice"),
        section.integer("agents", 0, MOST_AGENTS, 1),
    )
    if team.unit and team.unit not in units:
        section.problem("unit", f"organisation 中没有单位 {team.unit}{meant(team.unit, units)}")
    if team.code in teams:
        section.problem("code", f"班组编号 {team.code} 出现了多次")
    teams.setdefault(team.code, team)
    section.close()
