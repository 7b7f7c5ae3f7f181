"""Event kinds that a pack declares: a business kind the platform never heard of needs no code.

A kind gives an event its Chinese title and the JSON Schema of its data. Data that don't fit are not decided on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, SchemaError, ValidationError

from services.scheduler.domain.facts import Fact

Schema = Mapping[str, Any]
Flaw = Callable[[Mapping[str, Any]], str]
TYPES = {
    "string": "文字",
    "integer": "整数",
    "number": "数",
    "boolean": "true 或 false",
    "array": "列表",
    "object": "对象",
    "null": "空",
}
FORMATS = {"date-time": "时间，如 2026-03-06T15:00:00+08:00", "date": "日期，如 2026-03-06"}
BOUNDS = {
    "minimum": "应不小于 {}",
    "maximum": "应不大于 {}",
    "exclusiveMinimum": "应大于 {}",
    "exclusiveMaximum": "应小于 {}",
    "minLength": "至少 {} 个字",
    "maxLength": "最多 {} 个字",
    "minItems": "至少 {} 项",
    "maxItems": "最多 {} 项",
    "minProperties": "至少 {} 个字段",
    "maxProperties": "最多 {} 个字段",
    "pattern": "应符合表达式 {}",
    "const": "应为 {}",
    "multipleOf": "应为 {} 的整数倍",
    "uniqueItems": "各项不能相同",
}


@dataclass(frozen=True)
class Kind:
    """`event` is the name policies use and senders send; `schema` describes the event's data."""

    event: str
    title: str
    schema: Schema


@dataclass(frozen=True)
class CompiledKind:
    """A kind ready to judge facts; `flaw` says what is wrong with data, nothing when they fit."""

    title: str
    flaw: Flaw

    def named(self, fact: Fact) -> Fact:
        """The fact with the kind's title, for whoever is told of it."""
        return fact._replace(title=self.title)


def compile_kind(kind: Kind) -> CompiledKind:
    """A kind whose schema has been checked (`kinds_file`)."""
    errors = Draft202012Validator(kind.schema, format_checker=_formats()).iter_errors

    def flaw(data: Mapping[str, Any]) -> str:
        try:
            error = next(errors(data), None)
        except RecursionError:
            return "数据无法检查：此类事件的 schema 引用了自己"
        return "" if error is None else told(error)

    return CompiledKind(kind.title, flaw)


def told(error: ValidationError | SchemaError) -> str:
    """What is wrong, with the field's path but without its value: it may be a person's."""
    path = ".".join(str(part) for part in error.absolute_path)
    return f"{path or '数据'} {_demand(error)}"


def _demand(error: ValidationError | SchemaError) -> str:
    rule = str(error.validator)
    wanted: Any = error.validator_value
    met: Any = error.instance
    schema: Any = error.schema
    if rule == "required":
        return f"缺少 {'、'.join(name for name in wanted if name not in met)}"
    if rule == "type":
        return f"应为{'或'.join(TYPES.get(one, one) for one in ([wanted] if isinstance(wanted, str) else wanted))}"
    if rule == "enum":
        return f"应为以下之一：{'、'.join(map(str, wanted))}"
    if rule == "additionalProperties":
        return f"有未声明的字段：{'、'.join(name for name in met if name not in schema.get('properties', {}))}"
    if rule == "format":
        return f"应为{FORMATS.get(wanted, wanted)}"
    return BOUNDS[rule].format(wanted) if rule in BOUNDS else f"不符合 {rule} 的要求"


@cache
def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())
    checker.checks("date-time", raises=ValueError)(lambda value: not isinstance(value, str) or _has_zone(value))
    checker.checks("date", raises=ValueError)(
        lambda value: not isinstance(value, str) or bool(date.fromisoformat(value))
    )
    return checker


def _has_zone(text: str) -> bool:
    return datetime.fromisoformat(text).tzinfo is not None
