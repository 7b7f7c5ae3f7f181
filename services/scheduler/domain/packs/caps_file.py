"""A pack's `caps` as written in YAML: how often a customer may be contacted."""

import re
from collections.abc import Collection
from typing import Any, get_args

from services.scheduler.domain.ledger.caps import ANY_ENDING, PARTS, Period
from services.scheduler.domain.policy import Purpose
from shared.declared.section import Section, meant, written

Content = dict[str, Any]
NAMES_FORM = r"[a-z0-9][a-z0-9._-]{0,62}\*?"
SAY_PARTS = {
    "purposes": "用途的列表，如 [followup]",
    "policies": "策略编号的列表，如 [r02.2-opening]；r02.* 表示以此开头的所有策略",
    "tiers": "organisation.yaml 中层级的列表，如 [head, branch]",
}
SAY = "一条频次上限，如 {limit: 2, per: quarter}"


def read_caps(section: Section) -> list[Content]:
    """At most `limit` contacts `per` period, of all contacts or of a part of them."""
    return [_cap(part) for part in section.sections("caps", SAY)]


def _cap(section: Section) -> Content:
    per = section.choice("per", get_args(Period))
    cap: Content = {"limit": section.integer("limit", 1, 1000), "per": per, "days": 0}
    if per == "days":
        cap["days"] = section.integer("days", 1, 366)
    cap |= {name: names for name in PARTS if (names := section.texts(name, SAY_PARTS[name]))}
    _check_names(section, cap)
    section.close()
    return cap


def _check_names(section: Section, cap: Content) -> None:
    for purpose in cap.get("purposes", ()):
        if purpose not in get_args(Purpose):
            section.problem("purposes", f"用途只有 {'、'.join(get_args(Purpose))}，现在是 {written(purpose)}")
    for name in cap.get("policies", ()):
        if not re.fullmatch(NAMES_FORM, name):
            section.problem("policies", f"应写策略编号，或编号的开头加 *（如 r02.*），现在是 {written(name)}")


def check_caps(head: Section, policies: Collection[str]) -> None:
    """Note caps that name policies the pack does not have."""
    for section in head.sections("caps", SAY):
        for name in section.texts("policies", ""):
            start = name.removesuffix(ANY_ENDING)
            if not any(one.startswith(start) if start != name else one == name for one in policies):
                section.problem("policies", f"包里没有策略 {name}{meant(start, policies)}", warning=True)
