"""What pydantic found wrong with a value, told in Chinese and without the value: it may be a person's."""

from collections.abc import Mapping
from typing import Any

OWN = ("value_error", "assertion_error")  # raised by our validators, in Chinese
WORDS = {
    "missing": "缺少必填字段",
    "extra_forbidden": "没有这个字段，请删去",
    "json_invalid": "不是有效的 JSON",
    "json_type": "应为 JSON 文字",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "应不小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "应不大于 {le}",
    "multiple_of": "应为 {multiple_of} 的整数倍",
    "finite_number": "应为有限的数",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "string_too_short": "至少 {min_length} 个字",
    "string_too_long": "最多 {max_length} 个字",
    "string_pattern_mismatch": "格式应为 {pattern}",
    "string_unicode": "有无法识别的文字，请用 UTF-8 编码",
    "enum": "取值只能是 {expected}",
    "literal_error": "取值只能是 {expected}",
    "date_from_datetime_inexact": "应为日期，不带时刻",
    "date_past": "应为过去的日期",
    "date_future": "应为将来的日期",
    "datetime_past": "应为过去的时间",
    "datetime_future": "应为将来的时间",
    "timezone_naive": "时间不应带时区",
    "timezone_aware": "时间应带时区，如 2026-03-06T15:00:00+08:00",
    "int_from_float": "应为整数，不带小数",
    "int_parsing_size": "数太大",
    "decimal_max_digits": "最多 {max_digits} 位数字",
    "decimal_max_places": "最多 {decimal_places} 位小数",
    "decimal_whole_digits": "整数部分最多 {whole_digits} 位",
    "url_scheme": "网址应以 {expected_schemes} 开头",
    "url_too_long": "网址最多 {max_length} 个字",
    "union_tag_invalid": "{discriminator} 只能是 {expected_tags}",
    "union_tag_not_found": "缺少 {discriminator}，不知道是哪一种",
    "none_required": "应为空",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
}
KINDS = {
    "string": "文本（加引号的字符串）",
    "int": "整数",
    "float": "数",
    "decimal": "数",
    "datetime": "时间，如 2026-03-06T15:00:00+08:00",
    "date_from_datetime": "日期，如 2026-03-06",
    "datetime_from_date": "时间，如 2026-03-06T15:00:00+08:00",
    "date": "日期，如 2026-03-06",
    "time_delta": "时长，如 PT2H",
    "time": "时刻，如 09:00",
    "uuid": "编号，如 019c9c4e-5f00-7000-8000-000000000000",
    "url": "网址，如 https://example.com",
    "dict": "对象",
    "mapping": "对象",
    "model": "对象",
    "model_attributes": "对象",
    "dataclass": "对象",
    "list": "列表",
    "tuple": "列表",
    "set": "列表",
    "frozen_set": "列表",
    "iterable": "列表",
    "bytes": "文件内容",
}
ENDINGS = ("_type", "_parsing", "_syntax_violation", "_version")


def in_words(error: Mapping[str, Any]) -> str:
    """One of `ValidationError.errors()` in Chinese; of a kind that has no words here only that it doesn't fit."""
    kind, context = str(error["type"]), error.get("ctx", {})
    if kind in OWN:
        return str(context["error"])
    if kind == "string_too_short" and context["min_length"] == 1:
        return "不能为空"
    if kind in WORDS:
        return WORDS[kind].format_map({name: _listed(value) for name, value in context.items()})
    what = next((KINDS.get(kind.removesuffix(ending)) for ending in ENDINGS if kind.endswith(ending)), None)
    return f"应为{what}" if what else "取值不符合要求"


def _listed(value: Any) -> str:
    """Of a list of words as pydantic has it in English: `'a', 'b' or 'c'`."""
    return str(value).replace(" or ", ", ").replace("'", "").replace(", ", "、")


def place(error: Mapping[str, Any]) -> str:
    """Where it is wrong: `body.files`."""
    return ".".join(str(part) for part in error["loc"])
