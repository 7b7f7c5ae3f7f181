"""What triggers a policy by time, as written in YAML: a recurrence, or the anniversary of a date in the customer's profile."""

from collections.abc import Mapping
from datetime import time
from typing import Any, get_args

from services.scheduler.domain.packs.timing_file import TIME_FORM
from services.scheduler.domain.when.anniversary import Anniversary, Offset
from services.scheduler.domain.when.periods import Every
from services.scheduler.domain.when.recurrence import WEEKDAYS, Recurrence, Season
from shared.declared.section import Section

Content = dict[str, Any]
EVERY, ANNIVERSARY = "every", "anniversary"
ATTRIBUTE_FORM = r"customer\.[a-z][a-z0-9_]{0,39}"
DAY_FORM = r"(0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|[12]\d)"
CALENDARS = ("solar", "lunar")
OFFSET_UNITS = ("days", "months")
MOST_OFFSET = 366
MORNING = "09:00"
LAST_OF_MONTH = 31


def read_time(section: Section) -> Content | None:
    """The canonical content of a trigger by time; None when events trigger it."""
    if section.has(EVERY):
        return _recurrence(section)
    return _anniversary(section) if section.has(ANNIVERSARY) else None


def time_of(content: Mapping[str, Any]) -> Recurrence | Anniversary:
    """The trigger of a canonical content."""
    at = time.fromisoformat(content["at"])
    if EVERY in content:
        seasons = tuple(Season(one["from"], one["to"]) for one in content["seasons"])
        return Recurrence(content[EVERY], content["on"], at, content["spread"], seasons)
    offset = Offset(**content["offset"])
    return Anniversary(content[ANNIVERSARY], content["calendar"] == "lunar", offset, content["once"], at)


def _recurrence(section: Section) -> Content:
    every = section.choice(EVERY, get_args(Every))
    content: Content = {
        EVERY: every,
        "on": _on(section, every),
        "at": _at(section),
        "spread": section.flag("spread", default=False),
        "seasons": [_season(part) for part in section.sections("seasons", '一季，如 {from: "11-01", to: "03-31"}')],
    }
    if content["spread"] and content["on"]:
        section.problem("on", "spread 为每位客户各定一天，不能再写 on；请删去其一")
    return content


def _at(section: Section) -> str:
    return section.text("at", MORNING, TIME_FORM, '一天中的时刻，须加引号，如 "09:00"')


def _on(section: Section, every: str) -> str:
    if not section.has("on"):
        return ""
    if every == "week":
        return section.choice("on", WEEKDAYS, WEEKDAYS[0])
    if every == "month":
        return str(section.integer("on", 1, LAST_OF_MONTH))
    if every == "year":
        return section.text("on", form=DAY_FORM, say='月日，须加引号，如 "03-15"')
    section.problem("on", f"every: {every} 不能写 on：在第一个工作日；每位客户各定一天请写 spread: true")
    return ""


def _season(section: Section) -> Content:
    say = '月日，须加引号，如 "11-01"'
    season = {key: section.text(key, form=DAY_FORM, say=say) for key in ("from", "to")}
    section.close()
    return season


def _anniversary(section: Section) -> Content:
    attribute = section.text(ANNIVERSARY, form=ATTRIBUTE_FORM, say="客户档案中的日期，如 customer.birthday")
    return {
        ANNIVERSARY: attribute.removeprefix("customer."),
        "calendar": section.choice("calendar", CALENDARS, CALENDARS[0]),
        "offset": _offset(section),
        "once": section.flag("once", default=False),
        "at": _at(section),
    }


def _offset(section: Section) -> Content:
    part = section.section("offset", "提前（负数）或推后，如 {days: -3}")
    if part is None:
        return {"amount": 0, "unit": "days"}
    given = [unit for unit in OFFSET_UNITS if part.has(unit)]
    part.close()
    if len(given) != 1:
        section.problem("offset", "应写且只写一个单位（days、months），如 {days: -3}")
        return {"amount": 0, "unit": "days"}
    return {"amount": part.integer(given[0], -MOST_OFFSET, MOST_OFFSET), "unit": given[0]}
