"""A policy's content in Chinese: its values, and when it says to contact, which a task's moments were computed from."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from services.scheduler.domain.explain.decision import local_text
from shared.festivals import BY_CODE

WEEKDAYS = {"mon": "一", "tue": "二", "wed": "三", "thu": "四", "fri": "五", "sat": "六", "sun": "日"}
TERMS = {"delay": "最早", "target": "目标", "deadline": "时限"}
UNITS = {
    "minutes": "分钟",
    "hours": "小时",
    "days": "天",
    "weeks": "周",
    "working_hours": "个工作小时",
    "working_days": "个工作日",
    "half_months": "×半个月",
    "months": "个月",
    "quarter": "季度",
}
ENDS = {"end_of_day": ("当天", "第 {} 天"), "end_of_working_day": ("当个工作日", "第 {} 个工作日")}
NEAR_HOLIDAYS = {"after_holiday": "节后第一个工作日", "before_holiday": "节前最后一个工作日"}
NOTHING = "（无）"


def arithmetic_text(content: Mapping[str, Any], at: datetime | str, calendar: str = "") -> str:
    """With the window of a branch's own `calendar`, where that is named.

    `自 2026-03-06 15:00 (周五) 起算：最早 1 天，时限 3 个工作日；联系时段为工作日 09:00-12:00、14:00-18:00。`
    """
    window = content["window"]["calendars"][calendar] if calendar else content["window"]
    terms = [f"{name} {shown(content[key])}" for key, name in TERMS.items() if content.get(key)]
    worked = f"；上班时间为 {_frames(window['worked'])}" if "worked" in window else ""
    return f"自 {local_text(at)} 起算：{'，'.join(terms)}；联系时段为{_window(window)}{worked}。"


def _window(window: Mapping[str, Any]) -> str:
    days = "工作日" if window["days"] == "working" else "每天"
    weekdays = "、".join(WEEKDAYS[day] for day in window.get("weekdays", ()))
    calendar = f"（日历 {window['calendar']['id']}）" if "calendar" in window else ""
    excepted = "、".join(_excepted(one) for one in window.get("except", ()))
    excepted = f"（{excepted}除外）" if excepted else ""
    earlier = "，那天不能联系则提前" if window.get("when_closed") == "earlier" else ""
    return f"{days}{f'中的周{weekdays}' if weekdays else ''}{excepted}{calendar} {_frames(window['frames'])}{earlier}"


def _excepted(one: str | Mapping[str, Any]) -> str:
    """`节后第一个工作日`, `春节前 3 天至后 15 天`."""
    if isinstance(one, str):
        return NEAR_HOLIDAYS[one]
    return f"{festivals_text(one['festivals'])}{_beside(one['from'])}至{_beside(one['to'])}"


def festivals_text(codes: Iterable[str]) -> str:
    return "、".join(BY_CODE[code].name for code in codes)


def _beside(amount: Mapping[str, Any]) -> str:
    if not amount["amount"]:
        return "当天"
    return f"{'前' if amount['amount'] < 0 else '后'} {shown({**amount, 'amount': abs(amount['amount'])})}"


def _frames(frames: Sequence[Sequence[str]]) -> str:
    return "、".join(f"{opens}-{'次日 ' if closes <= opens else ''}{closes}" for opens, closes in frames)


def is_amount(value: Any) -> bool:
    """Whether a canonical value is an amount of time."""
    return isinstance(value, Mapping) and value.keys() - {"at"} == {"amount", "unit"}


def shown(value: Any) -> str:
    """A canonical value as a policy owner reads it."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "是" if value else "否"
    if is_amount(value):
        if value["unit"] in ENDS:
            same, later = ENDS[value["unit"]]
            return f"{later.format(value['amount']) if value['amount'] else same}结束"
        until = f"，到 {value['at']} 为止" if "at" in value else ""
        return f"{value['amount']} {UNITS.get(value['unit'], value['unit'])}{until}"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "、".join(value)
    return value if isinstance(value, str) else orjson.dumps(value).decode()
