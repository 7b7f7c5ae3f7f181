"""The work rules in words: what each field is called, what its value says, and what a version changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.visits.domain.results import RESULTS
from services.visits.domain.work_rules_document import RulesDocument, amount_in_words

Change = tuple[str, Any, Any]  # the field, before, after; None = was or is not there
FIELDS: Mapping[str, str] = {
    "contact_hours": "每天可以拨打的时段",
    "on_days_off": "周末与节假日也拨打",
    "most_attempts": "一张单最多联系几次",
    "grace": "时限过后仍可办理",
    "most_held": "坐席同时最多持有几张",
    "callback.lead": "预约回呼提前多久排到最前",
    "callback.kept_within": "约定时间之后多久之内拨打算守约",
    "callback.expiry": "约定时间之后多久未拨打转给他人",
    "callback.takes": "同一坐席的两个预约至少相隔",
    "self_answer.after": "哪些结果之后给客户发编号，请其自助作答",
    "self_answer.code_lives": "编号的有效时间",
    "correct_within": "办结后坐席可以更正自己的记录",
    "results": "小结中的顺序",
}
RESULT_FIELDS: Mapping[str, str] = {
    "title": "名称",
    "means": "相当于",
    "group": "归入哪一组",
    "shortcut": "快捷键",
    "ending": "单据如何结束",
    "retry": "再次联系的间隔",
    "retry_hours": "再次联系的时段",
    "most": "最多出现几次",
    "needs_note": "须写备注",
    "needs_answers": "须已有答案",
    "retired": "停用",
}
ENDINGS: Mapping[str, str] = {"completed": "办结", "refused": "按拒访办结", "invalid_number": "按无效号码办结"}
NEXT_WORKING_DAY = "下一工作日"


def changes_of(before: RulesDocument, after: RulesDocument) -> list[Change]:
    """What differs, in the order in which fields stand in the document."""
    old, new = before.flat, after.flat
    return [(at, old.get(at), new.get(at)) for at in dict.fromkeys((*old, *new)) if old.get(at) != new.get(at)]


def in_words(changes: Sequence[Change], titles: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(what, before, after) of each change, for people to read; `titles` of result codes by their code."""
    return [
        (field_in_words(at, titles), value_in_words(at, old, titles), value_in_words(at, new, titles))
        for at, old, new in changes
    ]


def field_in_words(at: str, titles: Mapping[str, str]) -> str:
    part, _, rest = at.partition(".")
    if part != "results" or not rest:
        return FIELDS.get(at, at)
    code, _, field = rest.partition(".")
    return f"「{titles.get(code, code)}」{RESULT_FIELDS.get(field, field)}"


def value_in_words(at: str, value: Any, titles: Mapping[str, str]) -> str:
    field = at.rpartition(".")[2]
    match value:
        case None:
            return "（没有）"
        case bool():
            return "是" if value else "否"
        case dict():
            return amount_in_words(value)
        case list():
            return "、".join(titles.get(code, code) for code in value) or "（没有）"
        case "next_working_day":
            return NEXT_WORKING_DAY
        case str() if field == "ending":
            return ENDINGS.get(value, value)
        case str() if field == "means":
            return RESULTS[value].label if value in RESULTS else value
    return str(value) or "（没有）"


def titles_of(*documents: RulesDocument) -> dict[str, str]:
    """What result codes are called; the last document that has one says it."""
    return {result.code: result.title for document in documents for result in document.results}
