"""Whom a policy follows up, as written in YAML: `rate`, `quota`, `ceiling`."""

import re
from typing import Any, get_args

from services.scheduler.domain.packs.words import PATH_FORM
from services.scheduler.domain.when.periods import PeriodKind
from services.scheduler.domain.when.recurrence import WEEKDAYS
from services.scheduler.domain.whom.sampling import EVERYBODY
from shared.declared.section import Section, written

Content = dict[str, Any]
KINDS: tuple[PeriodKind, ...] = get_args(PeriodKind)
MOST = 1_000_000
MOST_FIELDS = 5
FORMS = (
    " all（全部）或 0 到 100 的百分比（如 20），"
    "或 {exact: 20, of: day}（每日总量的 20%）、{number: 5, of: week}（每周 5 件）"
)
BY = "分层字段的列表，如 [branch, kind, product.category]"


def read_whom(section: Section) -> Content:
    """The canonical `rate`, and `quota` and `ceiling` when they are given."""
    content: Content = {"rate": _rate(section)}
    if quota := section.section("quota", "数量上限，如 {limit: 100, per: week, by: [branch]}"):
        content["quota"] = {
            "limit": quota.integer("limit", 1, MOST),
            "per": quota.choice("per", KINDS),
            "by": _by(quota),
        }
        quota.close()
    if ceiling := section.section("ceiling", "每日上限，如 {per_day: 200}"):
        content["ceiling"] = ceiling.integer("per_day", 1, MOST)
        ceiling.close()
    return content


def _rate(section: Section) -> float | Content:
    if not section.has("rate"):
        section.problem("rate", f"缺少此项，应写{FORMS}")
        return EVERYBODY
    value = section.values["rate"]
    if isinstance(value, dict):
        return _drawing(section.section("rate", "") or section)
    if value == "all":
        return EVERYBODY
    if not _is_percentage(value):
        section.problem("rate", f"应写{FORMS}，现在是 {written(value)}")
        return EVERYBODY
    return float(value)


def _drawing(section: Section) -> Content:
    percent, number = _percent(section), None
    if section.has("number"):
        number = section.integer("number", 1, MOST)
    if (percent is None) == (number is None):
        section.problem("", "应写且只写一种：exact（百分比）或 number（数量），如 {exact: 20, of: day}")
    content: Content = {
        "of": section.choice("of", KINDS),
        "percent": percent,
        "number": number,
        "by": _by(section),
        "minimum": section.integer("minimum", 0, MOST, 0),
        "reserve": section.integer("reserve", 0, MOST, 0),
        "closes": WEEKDAYS.index(section.choice("closes", WEEKDAYS, WEEKDAYS[0])),
    }
    if section.has("closes") and content["of"] != "week":
        section.problem("closes", "只用于 of: week（一周在此日零时截止）；按日、按月抽取请删除此项")
    section.close()
    return content


def _percent(section: Section) -> float | None:
    if not section.has("exact"):
        return None
    value = section.values["exact"]
    if not _is_percentage(value):
        section.problem("exact", f"应写 0 到 100 的百分比，如 20，现在是 {written(value)}")
        return EVERYBODY
    return float(value)


def _is_percentage(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= EVERYBODY


def _by(section: Section) -> list[str]:
    fields = section.texts("by", BY)
    for field in fields:
        if not re.fullmatch(PATH_FORM, field):
            section.problem("by", f"应写{BY}，{field!r} 不是字段路径")
    if len(fields) > MOST_FIELDS or len(set(fields)) < len(fields):
        section.problem("by", f"最多写 {MOST_FIELDS} 个字段，且不能重复")
    return fields
