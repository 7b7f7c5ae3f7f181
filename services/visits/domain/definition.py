"""Reads a questionnaire's definition (a JSON-like tree) and finds everything wrong with it, in Chinese."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from services.visits.domain.conditions import AllOf, AnyOf, Comparison, Condition, Operator
from services.visits.domain.errors import InvalidQuestionnaire
from services.visits.domain.lint import faults_of
from services.visits.domain.questionnaire import YES_NO, Kind, MeaningRole, Objection, Option, Question, Questionnaire

MOST_QUESTIONS = 100
MOST_NESTING = 5
MOST_ITEMS = 100  # options of a question, answers of a list
LARGEST_NUMBER = 1e9
LONGEST = 5_000  # characters of a text that is read out
LONGEST_SHOWN, MOST_SHOWN = 100, 20
_TOP = {"id", "title", "opening", "closing", "questions"}
_QUESTION = {"id", "kind", "title", "ask", "required", "options", "when", "problem", "role", "min", "max", "hint",
             "objections"}  # fmt: skip
_OPTION = {"value", "label", "score"}
_OBJECTION = {"heard", "reply"}


class _Fault(Exception):
    """One thing wrong with the shape of a definition."""


def read_definition(raw: Any) -> Questionnaire:
    """The questionnaire in a definition. Raises InvalidQuestionnaire listing every fault."""
    questionnaire = kept_definition(raw)
    if faults := faults_of(questionnaire):
        raise _invalid(faults)
    return questionnaire


def kept_definition(raw: Any) -> Questionnaire:
    """A definition that was checked when it was published, maybe when more was allowed. Raises InvalidQuestionnaire."""
    try:
        return _questionnaire(raw)
    except _Fault as fault:
        raise _invalid([str(fault)]) from fault


def _invalid(faults: list[str]) -> InvalidQuestionnaire:
    return InvalidQuestionnaire("；".join(faults), errors=[{"message": fault} for fault in faults])


def _questionnaire(raw: Any) -> Questionnaire:
    known = _fields(raw, _TOP, "问卷")
    items = raw.get("questions")
    if not isinstance(items, list) or not 1 <= len(items) <= MOST_QUESTIONS:
        raise _Fault(f"问卷：questions 应为 1 至 {MOST_QUESTIONS} 个问题的列表")
    return Questionnaire(
        id=_text(known, "id", "问卷"),
        title=_text(known, "title", "问卷"),
        opening=_text(known, "opening", "问卷", ""),
        closing=_text(known, "closing", "问卷", ""),
        questions=tuple(_question(item, f"第 {number} 题") for number, item in enumerate(items, 1)),
    )


def _question(raw: Any, where: str) -> Question:
    known = _fields(raw, _QUESTION, where)
    kind = _choice(known, "kind", get_args(Kind), where)
    question = Question(
        id=_text(known, "id", where),
        kind=kind,
        title=_text(known, "title", where),
        ask=_text(known, "ask", where),
        required=_flag(known, "required", where),
        options=YES_NO if kind == "yes_no" else _options(known.get("options", []), where),
        when=_condition(known["when"], where) if "when" in known else None,
        problem=tuple(_value(value, where) for value in _list(known, "problem", where)),
        role=_choice(known, "role", get_args(MeaningRole), where) if "role" in known else None,
        least=_number(known, "min", where),
        most=_number(known, "max", where),
        hint=_text(known, "hint", where, ""),
        objections=_objections(known, where),
    )
    if kind != "rating":
        return question
    return replace(question, least=1 if question.least is None else question.least, most=question.most or 5)


def _options(raw: Any, where: str) -> tuple[Option, ...]:
    if not isinstance(raw, list) or len(raw) > MOST_ITEMS:
        raise _Fault(f"{where}：options 应为列表，最多 {MOST_ITEMS} 个选项")
    options = []
    for number, item in enumerate(raw, 1):
        place = f"{where}选项 {number}"
        known = _fields(item, _OPTION, place)
        options.append(
            Option(_text(known, "value", place), _text(known, "label", place), _number(known, "score", place))
        )
    return tuple(options)


def _objections(known: Mapping[str, Any], where: str) -> tuple[Objection, ...]:
    objections = []
    for number, item in enumerate(_list(known, "objections", where), 1):
        place = f"{where}常见应答 {number}"
        told = _fields(item, _OBJECTION, place)
        objections.append(Objection(_text(told, "heard", place), _text(told, "reply", place)))
    return tuple(objections)


def _condition(raw: Any, where: str, depth: int = 0) -> Condition:
    if depth > MOST_NESTING:
        raise _Fault(f"{where}：when 嵌套超过 {MOST_NESTING} 层")
    known = _fields(raw, {"question", "all", "any", *get_args(Operator)}, f"{where} when")
    for name, group in (("all", AllOf), ("any", AnyOf)):
        if name in known:
            parts = _list(known, name, where)
            if len(known) > 1 or not parts:
                raise _Fault(f"{where}：when 的 {name} 应单独使用且不能为空")
            return group(tuple(_condition(part, where, depth + 1) for part in parts))
    return _comparison(known, where)


def _comparison(known: Mapping[str, Any], where: str) -> Comparison:
    operators = [name for name in get_args(Operator) if name in known]
    if len(operators) != 1:
        raise _Fault(f"{where}：when 应有且只有一个比较 (eq、ne、in、lt、gt)")
    operator = operators[0]
    if operator == "in":
        value: Any = tuple(_value(item, where) for item in _list(known, "in", where))
    else:
        value = _value(known[operator], where)
    if operator in ("lt", "gt") and not isinstance(value, int | float):
        raise _Fault(f"{where}：when 的 {operator} 只能与数字比较")
    return Comparison(_text(known, "question", where), operator, value)


def plain(value: Any) -> Any:
    """YAML reads a bare yes or no as a truth value; here they are answers."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else value


def _value(raw: Any, where: str) -> str | float:
    """An answer as it may stand in a condition or a list of problem answers."""
    value = plain(raw)
    if isinstance(value, str) or _is_number(value):
        return value  # type: ignore[no-any-return]
    raise _Fault(f"{where}：{repr(raw)[:LONGEST_SHOWN]} 不是答案，应为文字或数字")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LARGEST_NUMBER


def _fields(raw: Any, allowed: set[str], where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise _Fault(f"{where}：应为键值结构")
    unknown = [str(name)[:LONGEST_SHOWN] for name in raw if name not in allowed][:MOST_SHOWN]
    if unknown:
        raise _Fault(f"{where}：不认识的字段 {'、'.join(unknown)}")
    return raw


def _text(known: Mapping[str, Any], name: str, where: str, default: str | None = None) -> str:
    value = plain(known.get(name, default))
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise _Fault(f"{where}：{name} 应为文字")
    if len(value) > LONGEST:
        raise _Fault(f"{where}：{name} 最长 {LONGEST} 个字，现在有 {len(value)} 个")
    return value.strip()


def _flag(known: Mapping[str, Any], name: str, where: str) -> bool:
    value = plain(known.get(name, False))
    if value not in ("yes", "no"):
        raise _Fault(f"{where}：{name} 应为 true 或 false")
    return bool(value == "yes")


def _number(known: Mapping[str, Any], name: str, where: str) -> float | None:
    value = known.get(name)
    if value is not None and not _is_number(value):
        raise _Fault(f"{where}：{name} 应为数字")
    return value


def _list(known: Mapping[str, Any], name: str, where: str) -> list[Any]:
    value = known.get(name, [])
    if not isinstance(value, list) or len(value) > MOST_ITEMS:
        raise _Fault(f"{where}：{name} 应为列表，最多 {MOST_ITEMS} 项")
    return value


def _choice(known: Mapping[str, Any], name: str, allowed: tuple[Any, ...], where: str) -> Any:
    if known.get(name) not in allowed:
        raise _Fault(f"{where}：{name} 应为 {'、'.join(allowed)} 之一")
    return known[name]
