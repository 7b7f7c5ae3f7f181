"""The condition that did not hold, in a Chinese sentence."""

from collections.abc import Mapping
from typing import Any

from services.scheduler.domain.conditions.tree import IS_DATE
from shared.conditions.tree import CEL
from shared.contracts.registry import by_name, short_name

OPERATORS = {
    "eq": "等于",
    "ne": "不等于",
    "in": "属于",
    "not_in": "不属于",
    "gt": "大于",
    "ge": "不小于",
    "lt": "小于",
    "le": "不大于",
    "exists": "有值为",
    "contains": "包含",
    "matches": "符合表达式",
    IS_DATE: "是日期为",
}
NOT = "not "


def unmet(failed: Mapping[str, Any]) -> str:
    """What was asked and what was met; `failed` as a decision records it."""
    op, actual = failed["op"].removeprefix(NOT), failed["actual"]
    wanted = f"{'不是' if failed['op'].startswith(NOT) else ''}{OPERATORS.get(op, '')}"
    if op == CEL:
        return f"要求表达式 {failed['value']} {wanted or '为'}真，{_met(actual)}"
    if isinstance(failed["field"], Mapping):
        return f"要求{_history(failed['field'])}{wanted} {failed['value']}，实际为 {actual:g}"
    met = "没有值" if actual is None else f"实际为 {_shown(actual)}"
    return f"要求 {failed['field']} {wanted} {_shown(failed['value'])}，{met}"


def _met(actual: Any) -> str:
    if isinstance(actual, str):
        return f"无法判断：{actual}"
    return "实际为真" if actual else "实际为假"


def _history(history: Mapping[str, Any]) -> str:
    within = f" {history['within']['days']} 天内" if history.get("within") else ""
    if history.get("contacts"):
        return f"客户{within}的联系次数（含已计划）"
    respects = [f"{history['same']} 相同"] if history.get("same") else []
    respects += [f"结果为 {history['result']}"] if history.get("result") else []
    respects += ["连续"] if history.get("in_a_row") else []
    alike = f"（{'、'.join(respects)}）" if respects else ""
    total = f"的 {history['sum']} 合计" if history.get("sum") else "的次数"
    return f"客户{within}{'、'.join(_title(name) for name in history['events'])}{alike}{total}"


def _title(name: str) -> str:
    declared = by_name(short_name(name))
    return declared.title if declared else name


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return "、".join(_shown(one) for one in value)
    return {True: "是", False: "否"}[value] if isinstance(value, bool) else f"“{value}”"
