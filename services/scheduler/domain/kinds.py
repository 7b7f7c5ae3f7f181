"""Event kinds that a pack declares: a business kind the platform never heard of needs no code.

A kind gives an event its Chinese title and the JSON Schema of its data. Data that don't fit are not decided on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kind_schema import Schema, TooManyChecks, first_error, undeclared
from shared.json_schema import SchemaError, ValidationError

MOST_SHOWN, LONGEST_SHOWN = 20, 100
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
    first = first_error(kind.schema)

    def flaw(data: Mapping[str, Any]) -> str:
        try:
            error = first(data)
        except (RecursionError, TooManyChecks):
            return "数据无法检查：此类事件的 schema 引用了自己，或对这份数据要检查太多次"
        return "" if error is None else flaw_in(error)

    return CompiledKind(kind.title, flaw)


def flaw_in(error: ValidationError | SchemaError) -> str:
    """What is wrong, with the field's path but without its value: it may be a person's."""
    path = ".".join(str(part) for part in error.absolute_path)
    return f"{path or '数据'} {_demand(error)}"


def _demand(error: ValidationError | SchemaError) -> str:
    if error.validator is None:
        return "不能有此项"
    rule = str(error.validator)
    wanted: Any = error.validator_value
    met: Any = error.instance
    schema: Any = error.schema
    if rule == "required":
        return f"缺少 {_listed([name for name in wanted if name not in met])}"
    if rule == "type":
        return f"应为{'或'.join(TYPES.get(one, one) for one in ([wanted] if isinstance(wanted, str) else wanted))}"
    if rule == "enum":
        return f"应为以下之一：{_listed(wanted)}"
    if rule == "additionalProperties":
        return f"有未声明的字段：{_listed(undeclared(met, schema))}"
    if rule == "format":
        return f"应为{FORMATS.get(wanted, wanted)}"
    return BOUNDS[rule].format(wanted) if rule in BOUNDS else f"不符合 {rule} 的要求"


def _listed(values: Sequence[Any]) -> str:
    shown = "、".join(str(value)[:LONGEST_SHOWN] for value in values[:MOST_SHOWN])
    return shown if len(values) <= MOST_SHOWN else f"{shown} 等 {len(values)} 个"
