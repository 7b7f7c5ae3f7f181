"""What policies, caps and blackouts say about teams, roles, tiers and branches, held against the pack's organisation."""

from collections.abc import Collection, Iterator
from typing import Any

from services.scheduler.domain.organisation import Organisation
from services.scheduler.domain.packs.document import ORGANISATION
from shared.declared.section import Section, meant

Content = dict[str, Any]


def check_head(head: Section, organisation: Organisation | None) -> None:
    """Note tiers of caps and branches of blackouts that the organisation does not have."""
    tiers = {unit.tier for unit in organisation.units.values()} - {""} if organisation else set()
    for cap in head.sections("caps"):
        for tier in cap.texts("tiers"):
            _require(cap, "tiers", tier, tiers, "层级", organisation)
    if organisation:
        for blackout in head.sections("blackouts"):
            for branch in blackout.texts("branches"):
                _require(blackout, "branches", branch, organisation.units, "单位", organisation)


def check_how(section: Section, content: Content, organisation: Organisation | None) -> None:
    """Note what a policy's choice of a team can't come to."""
    choose = content.get("choose", {})
    if organisation:
        for team in dict.fromkeys(_teams(content)):
            _require(section, "team", team, organisation.teams, "班组", organisation)
            role = organisation.teams[team].role if team in organisation.teams else ""
            if role and role in content.get("never_alone", ()):
                section.problem(
                    "never_alone",
                    _alone(team, role),
                    warning=True,
                )
    if role := choose.get("role"):
        roles = {team.role for team in organisation.teams.values()} - {""} if organisation else set()
        _require(section, "team", role, roles, "角色", organisation)
    if choose.get("doers") and not organisation and not choose.get("teams") and "team" not in choose:
        section.problem("independent", f"没有可替换的班组，请写 teams，或补上 {ORGANISATION}", warning=True)


def _alone(team: str, role: str) -> str:
    return f"班组 {team} 的角色是 {role}，不得单独上门；请改派其他班组，或确认有人同行"


def _teams(content: Content) -> Iterator[str]:
    choose = content.get("choose", {})
    yield from (team for team in (content["team"], *choose.get("teams", ())) if team)
    yield from choose.get("team", {}).get("cases", {}).values()


def _require(
    section: Section, key: str, code: str, known: Collection[str], what: str, organisation: Organisation | None
) -> None:
    if code not in known:
        lacking = "" if organisation else f"（包里没有 {ORGANISATION}）"
        section.problem(key, f"{ORGANISATION} 中没有{what} {code}{lacking}{meant(code, known)}")
