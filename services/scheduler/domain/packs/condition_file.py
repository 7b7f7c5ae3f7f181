"""A condition as written in YAML: every mistake of form, of a tree as of its leaves."""

import re
from collections.abc import Mapping
from typing import Any

from services.scheduler.domain.conditions.cel import LONGEST, CelRefused, compile_cel
from services.scheduler.domain.conditions.comparisons import OPERATORS, ORDERINGS
from services.scheduler.domain.conditions.tree import EVENT_FIELDS
from services.scheduler.domain.packs.timing_file import CODE_FORM
from services.scheduler.domain.policy import ALL_EVENTS
from shared.declared.section import Section, written
from shared.patterns import PatternRefused, compile_pattern

EVENT_FORM = r"\*|[A-Za-z0-9][A-Za-z0-9._-]{0,126}"
PATH_FORM = r"[^\s.]+(\.[^\s.]+)*"
DEEPEST = 8
BRANCHES = ("all", "any", "not")
SYMBOLS = {"=": "eq", "==": "eq", "!=": "ne", "<>": "ne", ">": "gt", ">=": "ge", "<": "lt", "<=": "le"}
MOST_LEAVES = 200  # comparisons of one condition
LONGEST_VALUE, MOST_VALUES = 1_000, 1_000  # characters of a value compared with, and values of a list
COUNTED = ("eq", "ne", *ORDERINGS)
MOST_DAYS = 366  # as far back as contacts are looked up
MOST_YEARS = 10


def check_tree(section: Section) -> None:
    """Note what is wrong in the form of a condition; its values are the canonical content as they are."""
    if (count := _count(section.values)) > MOST_LEAVES:
        section.problem(
            "", f"一个条件最多 {MOST_LEAVES} 个比较，现在有 {count} 个；几个值请写成 {{op: in, value: [甲, 乙]}}"
        )
    else:
        _check_tree(section, 1)


def _count(tree: Any) -> int:
    """How many comparisons a tree of any form has."""
    if isinstance(tree, list):
        return sum(map(_count, tree))
    if not isinstance(tree, Mapping):
        return 0
    return sum(_count(tree[key]) for key in BRANCHES if key in tree) or 1


def _check_tree(section: Section, depth: int) -> None:
    if depth > DEEPEST:
        section.problem("", f"条件嵌套不能超过 {DEEPEST} 层")
    elif section.has("all") or section.has("any"):
        key = "all" if section.has("all") else "any"
        branches = section.sections(key, "一个条件")
        if not branches:
            section.problem(key, "应至少写一个条件")
        for branch in branches:
            _check_tree(branch, depth + 1)
    elif section.has("not"):
        inner = section.section("not", "一个条件")
        if inner is not None:
            _check_tree(inner, depth + 1)
    else:
        _check_leaf(section)
    section.close()


def _check_leaf(section: Section) -> None:
    if section.has("cel"):
        _check_cel(section)
        return
    if section.has("history"):
        _check_history(section)
        section.choice("op", COUNTED, other_words=SYMBOLS)
        section.integer("value", 0, 1_000_000_000)
        return
    _check_field(section)
    op = section.choice("op", OPERATORS, other_words=SYMBOLS)
    section.has("value")
    if message := _value_problem(op, section.values.get("value")):
        section.problem("value", message)


def _check_field(section: Section) -> None:
    field = section.text("field", form=PATH_FORM, say="数据字段路径，如 product.category")
    if field.startswith("event.") and field.partition(".")[2] not in EVENT_FIELDS:
        section.problem("field", f"event 之下只有 {'、'.join(EVENT_FIELDS)}")


def _check_cel(section: Section) -> None:
    text = section.text("cel", form=r"[\s\S]+", say="CEL 表达式，如 data.amount > 100.0", longest=LONGEST)
    try:
        if text:
            compile_cel(text)
    except CelRefused as error:
        section.problem("cel", str(error))


def _check_history(section: Section) -> None:
    part = section.section("history", "往事的说明，如 {events: [complaint.opened], within: {days: 365}}")
    if part is None:
        return
    contacts = part.flag("contacts", default=False)
    events = part.texts("events", "事件名的列表，如 [complaint.opened]")
    if contacts == bool(events):
        part.problem("", "应写且只写一种：events（发生过的事件）或 contacts: true（联系）")
    for event in events:
        if event == ALL_EVENTS or not re.fullmatch(EVENT_FORM, event):
            part.problem("events", f"应写具体的事件名，如 complaint.opened，现在是 {written(event)}")
    _check_respects(part, contacts)
    _check_within(part, contacts)
    part.close()


def _check_respects(part: Section, contacts: bool) -> None:
    part.text("same", "", PATH_FORM, "数据字段路径，如 category.code")
    part.text("result", "", CODE_FORM, "结果，如 dissatisfied")
    part.text("sum", "", PATH_FORM, "要合计的数据字段路径，如 amount")
    part.flag("in_a_row", default=False)
    for key in ("same", "result", "sum", "in_a_row"):
        if contacts and part.has(key):
            part.problem(key, "只用于 events；contacts 只数联系的次数，请删去此项")
    if part.values.get("in_a_row") is True and not (part.has("same") or part.has("result")):
        part.problem("in_a_row", "须同时写 same 或 result，说明连续的是什么")


def _check_within(part: Section, contacts: bool) -> None:
    within = part.section("within", "时长，如 {days: 365}")
    if within is not None:
        within.integer("days", 1, MOST_DAYS if contacts else MOST_DAYS * MOST_YEARS)
        within.close()
    elif contacts:
        part.problem("within", f"缺少此项，应写 {{days: 365}}：数多少天以内的联系，最多 {MOST_DAYS} 天")


def _value_problem(op: str, value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    if len(values) > MOST_VALUES or any(isinstance(one, str) and len(one) > LONGEST_VALUE for one in values):
        return f"最多比较 {MOST_VALUES} 个值，每个最长 {LONGEST_VALUE} 个字"
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if op in ("in", "not_in"):
        good = isinstance(value, list) and bool(value) and all(_is_scalar(one) for one in value)
        return "" if good else f"{op} 应写一个列表，如 [甲, 乙]"
    if op in ORDERINGS:
        return "" if number or isinstance(value, str) else f"{op} 应写一个数或带引号的时间"
    if op == "exists":
        return "" if value is None or isinstance(value, bool) else "exists 应写 true 或 false"
    if op == "matches":
        return _pattern_problem(value)
    return "" if _is_scalar(value) else f"{op} 应写一个值（文字、数或 true/false；日期须加引号）"


def _pattern_problem(value: Any) -> str:
    if not isinstance(value, str) or not value:
        return f"matches 应写一个正则表达式，如 ^L[0-9]+，现在是 {written(value)}"
    try:
        compile_pattern(value)
    except PatternRefused as error:
        return str(error)
    return ""


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
