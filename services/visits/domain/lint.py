"""What is wrong, or unwise, about a questionnaire whose shape is right."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from services.visits.domain.questionnaire import UNCLEAR, Question, Questionnaire
from services.visits.domain.script import FACTS, VARIABLE, VARIABLES, is_variable
from shared.conditions.comparisons import ORDERINGS
from shared.contracts.common import Resolution, Satisfaction

MOST_REQUIRED = 8
HIGHEST_RATING = 10
_ID = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_CHOICES = ("single", "multiple", "yes_no")
_ROLE_KINDS = {
    "satisfaction": ("single", "rating"),
    "responded": ("yes_no",),
    "resolved": ("yes_no", "single"),
    "reason": ("single", "multiple", "text"),
    "remark": ("text",),
}


def faults_of(questionnaire: Questionnaire) -> Iterator[tuple[int | None, str]]:
    """Why this cannot be published, each with the position of its question (None = the whole)."""
    if not _ID.fullmatch(questionnaire.id):
        yield None, "问卷：id 只能用小写字母、数字、- 和 _，以字母开头，不超过 64 位"
    for role in ("satisfaction", "responded", "resolved"):
        if len(questionnaire.for_role(role)) > 1:
            yield None, f"作用 {role} 只能由一道题承担"
    earlier: dict[str, Question] = {}
    for number, question in enumerate(questionnaire.questions):
        if question.id in earlier:
            yield number, f"题号 {question.id} 重复"
        for fault in _question_faults(question, earlier):
            yield number, f"「{question.title}」：{fault}"
        earlier[question.id] = question
    unknown = {name for text in _spoken(questionnaire) for name in VARIABLE.findall(text) if not is_variable(name)}
    known = f"{'、'.join(VARIABLES)}，或 {FACTS}字段路径"
    for name in sorted(unknown):
        yield None, f"变量 {{{name}}} 不存在，可用：{known}"


def warnings_of(questionnaire: Questionnaire) -> list[str]:
    """What its author should think about."""
    warnings = []
    required = sum(question.required and question.when is None for question in questionnaire.questions)
    if required > MOST_REQUIRED:
        warnings.append(f"无条件必答题有 {required} 道，超过 {MOST_REQUIRED} 道时客户容易中途挂断")
    if not questionnaire.opening:
        warnings.append("没有开场白")
    if not questionnaire.closing:
        warnings.append("没有结束语")
    if not questionnaire.for_role("satisfaction"):
        warnings.append("没有满意度题，办结后不计满意率")
    return warnings


def _spoken(questionnaire: Questionnaire) -> Iterator[str]:
    """Every text that is read aloud."""
    yield from (questionnaire.opening, questionnaire.closing)
    for question in questionnaire.questions:
        yield question.ask
        yield from (objection.reply for objection in question.objections)


def _question_faults(question: Question, earlier: dict[str, Question]) -> Iterator[str]:
    if not _ID.fullmatch(question.id):
        yield f"id {question.id} 只能用小写字母、数字、- 和 _，以字母开头"
    values = [option.value for option in question.options]
    if question.kind in ("single", "multiple") and len(values) < 2:
        yield "至少要有两个选项"
    if question.kind not in _CHOICES and values:
        yield "这种题型没有选项"
    if len(set(values)) < len(values):
        yield "选项的 value 重复"
    if question.least is not None and question.most is not None and question.least >= question.most:
        yield "min 应小于 max"
    if question.kind == "rating" and not _is_scale(question):
        yield f"评分应为整数，从 0 或 1 到最多 {HIGHEST_RATING}"
    if question.problem and question.kind not in (*_CHOICES, "rating"):
        yield "这种题型不能判定问题件"
    elif question.kind in _CHOICES:
        yield from (f"问题件答案 {value} 不在选项内" for value in question.problem if value not in values)
    yield from _role_faults(question)
    for comparison in question.when.comparisons() if question.when else ():
        yield from _comparison_faults(comparison, earlier)


def _is_scale(question: Question) -> bool:
    """Whether somebody can be shown all of its numbers."""
    least, most = question.least, question.most
    whole = isinstance(least, int) and isinstance(most, int)
    return whole and least in (0, 1) and most is not None and most <= HIGHEST_RATING


def _role_faults(question: Question) -> Iterator[str]:
    if question.role and question.kind not in _ROLE_KINDS[question.role]:
        yield f"作用 {question.role} 只能用于 {'、'.join(_ROLE_KINDS[question.role])} 题"
    elif question.role == "satisfaction" and question.kind == "single":
        known = get_args(Satisfaction)
        yield from (
            f"满意度选项 {o.value} 应为 {'、'.join(known)} 之一" for o in question.options if o.value not in known
        )
    elif question.role == "resolved" and question.kind == "single":
        known = (*get_args(Resolution), UNCLEAR)
        yield from (
            f"是否解决的选项 {o.value} 应为 {'、'.join(known)} 之一" for o in question.options if o.value not in known
        )
    elif question.role == "satisfaction" and question.least != 1:
        yield "满意度评分应从 1 开始"


def _comparison_faults(comparison: Mapping[str, Any], earlier: dict[str, Question]) -> Iterator[str]:
    op, asked = comparison["op"], earlier.get(comparison["field"])
    if asked is None:
        yield f"条件引用的题 {comparison['field']} 不存在或排在后面"
    elif op == "matches":
        yield "坐席的页面断网时也要判断下一题，问卷的条件不能写 matches"
    elif op == "exists":
        return
    elif asked.kind == "text":
        yield f"条件不能引用文字题 {asked.title}，只能问答了没有：op: exists"
    elif asked.kind == "multiple" and op != "contains":
        yield f"{asked.title} 是多选题，答案有几个：请写 op: contains，每个选项一个比较"
    elif asked.kind != "multiple" and op == "contains":
        yield f"{asked.title} 的答案只有一个：请写 op: eq 或 in"
    elif asked.kind in _CHOICES:
        yield from _choice_faults(asked, op, comparison["value"])
    elif op in ORDERINGS and isinstance(comparison["value"], str):
        yield f"{op} 只能与数字比较"


def _choice_faults(asked: Question, op: str, value: Any) -> Iterator[str]:
    if op in ORDERINGS:
        yield f"条件永远不会成立：{asked.title} 的答案不是数字"
        return
    for one in value if isinstance(value, list) else [value]:
        if asked.option(one) is None:
            yield f"条件永远不会成立：{asked.title} 没有答案 {one}"
