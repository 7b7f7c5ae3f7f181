"""Times of a policy that can never be kept, or that can never have an effect."""

from datetime import timedelta
from typing import Any

from services.scheduler.domain.packs.deadline_check import check_deadline
from services.scheduler.domain.when.amounts import BY_CALENDAR, WORKING_HOURS
from shared.declared.section import Section

Content = dict[str, Any]
DAYS_OF = {"days": 1, "weeks": 7, "end_of_day": 1}
SHORTEST_MONTH, LONGEST_MONTH = 28, 31


def check_timing(section: Section, content: Content, origin: str = "event") -> None:
    """Note what is wrong with a contact's delay, target, deadline and warning; `origin` is what a step counts from."""
    delay, deadline = content["delay"], content["deadline"]
    target, warn = content.get("target"), content.get("warn")
    if deadline and _always_later(delay, deadline):
        section.problem("deadline", "时限早于最早的联系时间，永远无法按时联系；请延长 deadline 或缩短 delay")
    else:
        check_deadline(section, content, origin)
    if deadline and target and _always_later(target, deadline):
        section.problem("target", "晚于时限，永远不起作用；请缩短 target 或延长 deadline")
    if target and delay["amount"] and _always_later(delay, target):
        section.problem("target", "早于最早的联系时间，永远不起作用；请延长 target 或缩短 delay")
    if deadline is None and content["merge"] and "merge_within" not in content:
        say = "没有 deadline 又不限相差多久，会与几个月以后的联系合并成那时的一次；请写 deadline 或 merge: {within: {days: 7}}"
        section.problem("merge", say, warning=True)
    if warn and content["purpose"] != "followup":
        section.problem("warn", "关怀和告知由通知发出，不等结果，无从提醒；请删去此项")
    if deadline and warn and "base" not in content and _least(warn) >= _most(deadline):
        section.problem("warn", "提醒不晚于事实发生，一计划就会提醒；请缩短 warn 或延长 deadline", warning=True)


def _always_later(start: Content, end: Content) -> bool:
    """Whether a day or moment counted by `start` always lies behind that counted by `end`."""
    if start["unit"] in DAYS_OF and end["unit"] in DAYS_OF:
        return bool(start["amount"] * DAYS_OF[start["unit"]] > end["amount"] * DAYS_OF[end["unit"]])
    if start["unit"] == end["unit"]:
        return bool(start["amount"] > end["amount"])
    if min(start["amount"], end["amount"]) < 0:
        return False  # before a date: what that comes to is found by planning samples
    return _least(start) > _most(end)


def _least(amount: Content) -> timedelta:
    """The shortest time it can mean; what counts days begins with the day, up to a day earlier."""
    unit, count = amount["unit"], amount["amount"]
    if unit in ("minutes", "hours"):
        return timedelta(**{unit: count})
    if unit == WORKING_HOURS:
        return timedelta(hours=count)
    days = count * SHORTEST_MONTH if unit == "months" else count
    return timedelta(days=max(days - 1, 0))


def _most(amount: Content) -> timedelta:
    """The longest time it can mean; of working days nobody can tell."""
    unit, count = amount["unit"], amount["amount"]
    if unit in BY_CALENDAR:
        return timedelta.max
    if unit == "end_of_day":
        return timedelta(days=count + 1)
    return timedelta(days=count * LONGEST_MONTH) if unit == "months" else timedelta(**{unit: count})
