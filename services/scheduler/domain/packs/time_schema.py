"""The JSON Schema of triggers by time (`time_trigger_file`)."""

from typing import Any, get_args

from services.scheduler.domain.packs.time_trigger_file import (
    ATTRIBUTE_FORM,
    CALENDARS,
    DAY_FORM,
    LAST_OF_MONTH,
    MOST_OFFSET,
    OFFSET_UNITS,
)
from services.scheduler.domain.packs.timing_file import TIME_FORM
from services.scheduler.domain.when.periods import Every
from services.scheduler.domain.when.recurrence import WEEKDAYS

Schema = dict[str, Any]


def time_schemas() -> list[Schema]:
    """A recurrence of each kind, and an anniversary."""
    ons: dict[str, Schema] = {
        "week": {"enum": [*WEEKDAYS], "description": "星期几，默认第一个工作日"},
        "month": {"type": "integer", "minimum": 1, "maximum": LAST_OF_MONTH, "description": "几号，默认第一个工作日"},
        "year": _day("哪一天，默认第一个工作日"),
    }
    return [*(_recurrence(every, ons.get(every)) for every in get_args(Every)), _anniversary()]


def _recurrence(every: str, on: Schema | None) -> Schema:
    season = {"from": _day("首日"), "to": _day("末日，早于首日则跨年")}
    properties: Schema = {
        "every": {"const": every, "description": "每周、月、季、半年、年，对所有已知客户"},
        "at": _text(TIME_FORM, "时刻", "09:00"),
        "spread": {"type": "boolean", "description": "每位客户在周期内各定一个工作日，使工作量均匀"},
        "seasons": {"type": "array", "items": _object(season, ["from", "to"]), "description": "只在这些季节"},
    }
    schema = _object(properties | ({"on": on} if on else {}), ["every"])
    return schema | {"not": {"properties": {"spread": {"const": True}}, "required": ["on", "spread"]}} if on else schema


def _anniversary() -> Schema:
    units = {unit: {"type": "integer", "minimum": -MOST_OFFSET, "maximum": MOST_OFFSET} for unit in OFFSET_UNITS}
    properties: Schema = {
        "anniversary": _text(ATTRIBUTE_FORM, "客户档案中的日期", "customer.birthday"),
        "calendar": {"enum": [*CALENDARS], "description": "按公历或农历"},
        "offset": _object(units, []) | {"minProperties": 1, "maxProperties": 1, "description": "提前（负数）或推后"},
        "once": {"type": "boolean", "description": "只在这个日期本身，不是每年"},
        "at": _text(TIME_FORM, "时刻", "09:00"),
    }
    return _object(properties, ["anniversary"])


def _object(properties: Schema, required: list[str]) -> Schema:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _day(description: str) -> Schema:
    return _text(DAY_FORM, description, "11-01")


def _text(form: str, description: str, example: str) -> Schema:
    return {"type": "string", "pattern": f"^({form})$", "description": description, "examples": [example]}
