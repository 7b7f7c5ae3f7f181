"""How a policy's contacts are made, as written in YAML: questionnaire, team, independence, who never goes alone."""

from collections.abc import Mapping
from typing import Any

from services.scheduler.domain.how import DOERS, KIND, text_of
from services.scheduler.domain.packs.timing_file import CODE_FORM
from services.scheduler.domain.packs.words import PATH_FORM
from shared.declared.section import Section

Content = dict[str, Any]
NONE = "none"
MOST_CASES = 500
SAY_CASES = "按值选择，如 {by: product.category, cases: {热水器: q1}, otherwise: q}"
SAY_TEAM = "班组编号，或 {by: org.code, cases: {CD: cd}, otherwise: hotline}，或 {role: backoffice}"


def read_how(section: Section, channel: str) -> Content:
    """`questionnaire` and `team` as they are without a choice, and `choose` with what is left to the fact."""
    questionnaire, choose = _named(section, "questionnaire", f"问卷编号，或{SAY_CASES}")
    team, by_fact = _named(section, "team", SAY_TEAM)
    choose |= by_fact
    if teams := section.texts("teams", "可替换的班组编号的列表，如 [cs, hq]"):
        choose["teams"] = teams
    if doers := _doers(section):
        choose["doers"] = doers
    elif teams:
        section.problem("teams", "teams 只用于 independent: true 的策略，写明可替换的班组")
    never_alone = section.texts("never_alone", "不得单独上门的角色的列表，如 [sales]")
    if never_alone and channel != "on_site":
        section.problem("never_alone", "never_alone 只用于上门回访，请写 channel: on_site")
    content: Content = {"questionnaire": questionnaire, "team": team}
    content |= {"choose": choose} if choose else {}
    return content | ({"never_alone": never_alone} if never_alone else {})


def _named(section: Section, key: str, say: str) -> tuple[str, Content]:
    """A plain code, or a choice: then the code is what is taken otherwise."""
    if key == "questionnaire" and section.has(key) and section.values[key] == NONE:
        return "", {}
    if not section.has(key) or not isinstance(section.values[key], Mapping):
        return section.text(key, "", CODE_FORM, say), {}
    part = section.section(key, say) or section
    if key == "team" and part.has("role"):
        role = part.text("role", form=f"(?=.){CODE_FORM}", say="organisation.yaml 中班组的角色")
        part.close()
        return "", {"role": role}
    by = part.text("by", form=PATH_FORM, say=f"数据字段路径，如 product.category；{KIND} 为业务种类")
    otherwise = part.text("otherwise", "", CODE_FORM, "其他情况的编号")
    content = {key: {"by": by, "cases": _cases(part), "otherwise": otherwise}}
    part.close()
    return otherwise, content


def _cases(section: Section) -> dict[str, str]:
    cases = section.section("cases", "值与编号，如 {热水器: q1, 灶具: q2}")
    if cases is None or not cases.values:
        section.problem("cases", "应至少写一个值与编号，如 {热水器: q1}")
        return {}
    if len(cases.values) > MOST_CASES:
        section.problem("cases", f"最多 {MOST_CASES} 个，现在有 {len(cases.values)} 个")
        return {}
    named = {str(key): key for key in cases.values}
    for name in named:
        cases.lines.setdefault(cases.path(name), cases.line(cases.at))
    texts = Section(cases.file, {name: cases.values[key] for name, key in named.items()}, cases.problems, cases.at)
    texts.lines = cases.lines
    return {text_of(key): texts.text(name, form=f"(?=.){CODE_FORM}", say="编号") for name, key in named.items()}


def _doers(section: Section) -> list[str]:
    """`independent: true`, or the paths that tell who did the work."""
    if isinstance(section.values.get("independent"), list):
        return section.texts("independent", "true，或说明作业方的数据字段路径的列表，如 [ext.team]")
    return [*DOERS] if section.flag("independent", default=False) else []
