"""Durations as written in YAML, `{days: 2}`: exactly one unit with a whole number; the canonical content names both."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from services.scheduler.domain.when.amounts import WORKING_HOURS
from shared.declared.model import Form, form_of
from shared.declared.section import Section
from shared.declared.words import CLOCK_FORM, Clock, Content

MOST_OF = {  # ten years, a year of working hours; of shorter units MOST
    "weeks": 520,
    "half_months": 240,
    "months": 120,
    "working_days": 2_500,
    "end_of_working_day": 2_500,
    WORKING_HOURS: 2_000,
}
MOST = 10_000
BASE = "base"  # the key of the date that a policy counts from
CLOCK = form_of(Clock)


@lru_cache
def _whole(low: int, high: int) -> Form:
    return form_of(Annotated[int, Field(ge=low, le=high)])


@dataclass(frozen=True)
class Duration:
    """The form of a duration in one of these units; `usual` is the one to show. `least` and `most` are of every unit.

    What may lie `before` a date is negative where the policy counts from one.
    """

    units: Sequence[str]
    usual: str = "days"
    least: int = 0
    most: int = MOST
    wording: str = ""
    before: bool = False
    nothing: None = None

    @property
    def say(self) -> str:
        return self.wording or f"时长，如 {{{self.usual}: 2}}"

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> Content:
        return self.schema

    @property
    def schema(self) -> Content:
        """The JSON Schema."""
        units = {
            unit: {"type": "integer", "minimum": self._least_of(unit, self.before), "maximum": self._most_of(unit)}
            for unit in self.units
        }
        one = {"minProperties": 1, "maxProperties": 1}
        return {"type": "object", "properties": units, "additionalProperties": False, **one}

    def read(self, section: Section, key: str, say: str) -> Content | None:
        part = section.as_section(key, section.values[key], say)
        return self.amount(section, key, part) if part else None

    def amount(self, section: Section, key: str, part: Section) -> Content | None:
        """The duration that stands in `part`."""
        given = [unit for unit in self.units if part.has(unit)]
        part.close()
        if len(given) != 1:
            section.problem(key, f"应写且只写一个单位（{'、'.join(self.units)}），如 {{{self.usual}: 2}}")
            return None
        unit = given[0]
        before = self.before and section.values.get(BASE) is not None
        whole = _whole(self._least_of(unit, before), self._most_of(unit))
        amount = whole.read(part, unit, whole.say)
        return {"amount": whole.nothing if amount is None else amount, "unit": unit}

    def _least_of(self, unit: str, before: bool) -> int:
        return -self._most_of(unit) if before else self.least

    def _most_of(self, unit: str) -> int:
        return min(self.most, MOST_OF.get(unit, MOST))


@dataclass(frozen=True)
class UntilClock(Duration):
    """A deadline: `{working_days: 3, at: "15:00"}` for working days that end earlier than the contact window closes."""

    usual: str = "working_days"

    @property
    def schema(self) -> Content:
        least = self._least_of("working_days", self.before)
        days: Any = {"type": "integer", "minimum": least, "maximum": MOST_OF["working_days"]}
        at = {
            "type": "string",
            "pattern": CLOCK_FORM,
            "description": "最后一天到几点为止，默认联系时段结束时",
            "examples": ["15:00"],
        }
        by_time = {"type": "object", "properties": {"working_days": days, "at": at}, "additionalProperties": False}
        return {"anyOf": [super().schema, {**by_time, "required": ["working_days", "at"]}]}

    def read(self, section: Section, key: str, say: str) -> Content | None:
        part = section.as_section(key, section.values[key], say)
        if part is None:
            return None
        at = CLOCK.read(part, "at", CLOCK.say) if part.has("at") else None
        content = self.amount(section, key, part)
        if at and content and content["unit"] != "working_days":
            part.problem("at", "只用于工作日时限：最后一天到此时为止；其他单位的时限自有时刻，请删去 at")
        return content | {"at": at} if at and content else content
