"""What is wrong with something received, in words its sender understands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class FieldError:
    """`field` is a path (`data.customer.id`) or a column name; `reason` is Chinese and carries no received value."""

    field: str
    reason: str


def joined(errors: Sequence[FieldError]) -> str:
    """All errors as one line."""
    return "；".join(f"{error.field}：{error.reason}" for error in errors)


_REASONS = {
    "missing": "缺少必填字段",
    "string_type": "应为文本（加引号的字符串）",
    "string_too_short": "不能为空",
    "string_too_long": "超过 {max_length} 个字符",
    "string_pattern_mismatch": '格式不对，数字应写成文本，如 "1280.50"',
    "literal_error": "取值只能是 {expected}",
    "bool_type": "应为 true 或 false",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "finite_number": "应为有限的数字",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "list_type": "应为数组",
    "too_long": "不能超过 {max_length} 项",
    "too_short": "至少要有 {min_length} 项",
    "dict_type": "应为对象",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "datetime_type": "应为时间文本，如 2026-11-20T18:32:07+08:00",
    "datetime_parsing": "时间格式不对，应如 2026-11-20T18:32:07+08:00",
    "datetime_from_date_parsing": "时间格式不对，应如 2026-11-20T18:32:07+08:00",
    "date_type": "应为日期文本，如 2026-11-20",
    "date_parsing": "日期格式不对，应如 2026-11-20",
    "date_from_datetime_parsing": "日期格式不对，应如 2026-11-20",
    "timezone_aware": "时间须带时区，如 +08:00",
}


def explain(error: ValidationError, prefix: str = "data") -> list[FieldError]:
    """A contract's complaints as field errors."""
    items = error.errors(include_url=False, include_input=False)
    return [FieldError(_path(prefix, item["loc"]), _reason(item["type"], item.get("ctx", {}))) for item in items]


def _path(prefix: str, loc: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in (prefix, *loc) if part != "")


def _reason(kind: str, context: Mapping[str, Any]) -> str:
    if kind == "value_error":  # raised by our own contracts, in Chinese
        return str(context["error"])
    pattern = _REASONS.get(kind, "取值不符合要求")
    return pattern.format_map({name: _listed(value) for name, value in context.items()})


def _listed(value: Any) -> str:
    return str(value).replace(" or ", ", ").replace("'", "").replace(", ", "、")
