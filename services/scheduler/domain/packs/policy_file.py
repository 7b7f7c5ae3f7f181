"""One policy as written in YAML, read into its canonical content."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, get_args

from services.scheduler.domain.packs.conditions import Tree
from services.scheduler.domain.packs.guards_file import read_guards
from services.scheduler.domain.packs.how_file import read_how
from services.scheduler.domain.packs.time_trigger_file import ANNIVERSARY, EVERY, read_time
from services.scheduler.domain.packs.timing_file import Timing, read_timing
from services.scheduler.domain.packs.whom_file import read_whom
from services.scheduler.domain.packs.words import EVENT_FORM
from services.scheduler.domain.policy import Participation, Purpose
from shared.contracts.common import Channel
from shared.declared.section import Section, written

Content = dict[str, Any]
MOST_DAYS_APART = 366
USUAL_DAYS_APART = 7  # after a week a matter is no longer fresh, and what was to be asked soon is not asked late
ID_FORM = r"[a-z0-9][a-z0-9._-]{0,62}"
ELSEWHERE = {
    **dict.fromkeys(("caps", "pauses", "windows", "calendars", "blackouts"), "对整个包都适用，写在 pack.yaml"),
    **dict.fromkeys(("events", "condition", "every", "anniversary", "seasons"), "写在 trigger 之下"),
    **dict.fromkeys(("from", "if", "wait", "repeat", "fallback"), "写在 steps 的一步里，如 steps: [{id: first, …}]"),
    "frames": "写在 window 之下",
}
BEGINNING_FORM = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}.*)?"


@dataclass(frozen=True)
class Defaults:
    """What the pack says for all its policies."""

    seed: str
    caps: list[Content]
    pauses: list[Content]
    timing: Timing

    def for_units(self, calendars: dict[str, str]) -> "Defaults":
        """As they are where units (by code) go by these of the pack's calendars."""
        return replace(self, timing=replace(self.timing, units=calendars))


def read_policy(section: Section, defaults: Defaults) -> tuple[Content, bool, datetime | None]:
    """The canonical content, whether it starts enabled, and from when it decides; mistakes are noted in the section."""
    channel = section.choice("channel", get_args(Channel), "phone")
    purpose = section.choice("purpose", get_args(Purpose), "followup")
    timing = read_timing(section, defaults.timing, channel, purpose)
    content: Content = {
        "id": section.text("id", form=ID_FORM, say="小写字母、数字、点、下划线和连字符组成的编号"),
        "title": section.text("title", say="中文名称"),
        "clauses": section.texts("clauses", "条款编号的列表，如 [R01.1]"),
        "trigger": _trigger(section),
        **timing,
        **read_whom(section),
        "seed": defaults.seed,
        "caps": defaults.caps,
        **({"pauses": defaults.pauses} if defaults.pauses else {}),
        "cap": section.choice("cap", get_args(Participation), "counted"),
        "channel": channel,
        **read_how(section, channel),
        "priority": section.integer("priority", 1, 9, 5),
        "purpose": purpose,
        "round": section.integer("round", 1, 9, 1),
        **_merge(section, without_deadline=timing["deadline"] is None),
        **read_guards(section),
    }
    enabled = section.flag("enabled", default=True)
    valid_from = section.beginning("valid_from")
    section.close(ELSEWHERE)
    return content, enabled, valid_from


def _merge(section: Section, without_deadline: bool) -> Content:
    """`merge` says whether; `{within: {days: n}}` that it does with what is wanted at most so many days apart.

    Left out, a deadline tells how far a contact may be put off; where there is none, USUAL_DAYS_APART do.
    """
    if without_deadline and not section.has("merge"):
        return {"merge": True, "merge_within": USUAL_DAYS_APART}
    if not isinstance(section.values.get("merge"), Mapping):
        return {"merge": section.flag("merge", default=True)}
    part = section.section("merge", "如 {within: {days: 3}}") or section
    within = part.section("within", "天数，如 {days: 3}")
    part.close()
    if within is None:
        part.problem("within", "缺少此项，应写天数，如 {days: 3}")
        return {"merge": True}
    days = within.integer("days", 0, MOST_DAYS_APART)
    within.close()
    return {"merge": True, "merge_within": days}


def _trigger(section: Section) -> Content:
    part = section.section("trigger", "触发条件，如 {events: [repair.closed]}")
    if part is None:
        section.problem("trigger", "缺少此项，应写触发的事件，如 {events: [repair.closed]}")
        return {"events": [], "condition": None}
    content = _what_triggers(part)
    tree = Tree()
    condition = tree.read(part, "condition", tree.say) if part.has("condition") else None
    part.close()
    return content | {"condition": condition}


def _what_triggers(section: Section) -> Content:
    given = [key for key in ("events", EVERY, ANNIVERSARY) if section.has(key)]
    if len(given) > 1:
        section.problem(given[1], f"{given[0]} 与 {given[1]} 只能写一种：一条策略由事件触发，或由时间触发")
    if "events" not in given and (by_time := read_time(section)) is not None:
        return {"events": [], "time": by_time}
    events = section.texts("events", "事件名的列表，如 [repair.closed]；* 表示所有事件", required=True)
    for event in events:
        if not re.fullmatch(rf"\*|{EVENT_FORM}", event):
            section.problem("events", f"事件名只含字母、数字、点、下划线和连字符，现在是 {written(event)}")
    return {"events": events}
