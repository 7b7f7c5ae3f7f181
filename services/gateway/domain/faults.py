"""What no event may contain, whatever its type: it would break somebody further down."""

from typing import Any

import orjson

from services.gateway.domain.problems import FieldError

MOST_DEPTH = 32
MOST_BYTES = 256 * 1024  # well below what a Kafka message may hold, sealed numbers and headers included


def read_data(raw: bytes) -> dict[str, Any] | list[FieldError]:
    """The event's data as an object, or why it can't be taken."""
    if not raw:
        return [FieldError("data", "缺少必填字段")]
    if len(raw) > MOST_BYTES:
        return [FieldError("data", f"单个事件的数据不能超过 {MOST_BYTES // 1024} KB")]
    try:
        data = orjson.loads(raw)
    except ValueError:
        return [FieldError("data", "不是有效的 JSON（或数值超出范围、文本不是 UTF-8）")]
    if not isinstance(data, dict):
        return [FieldError("data", "应为 JSON 对象")]
    return find_faults(data) if _is_suspicious(raw) else data


def _is_suspicious(raw: bytes) -> bool:
    return b"\\u0000" in raw or raw.count(b"{") + raw.count(b"[") > MOST_DEPTH


def find_faults(data: dict[str, Any]) -> dict[str, Any] | list[FieldError]:
    """The data itself when it is nested sanely and free of NUL characters (PostgreSQL text can't hold them)."""
    errors: list[FieldError] = []
    stack: list[tuple[str, Any, int]] = [("data", data, 1)]
    while stack:
        path, value, depth = stack.pop()
        if depth > MOST_DEPTH:
            return [FieldError("data", f"嵌套超过 {MOST_DEPTH} 层")]
        if isinstance(value, str) and "\0" in value:
            errors.append(FieldError(path, "含有空字符（\\u0000）"))
        elif isinstance(value, dict):
            if any("\0" in name for name in value):
                errors.append(FieldError(path, "字段名含有空字符（\\u0000）"))
            stack += [(f"{path}.{name}", item, depth + 1) for name, item in value.items()]
        elif isinstance(value, list):
            stack += [(f"{path}.{index}", item, depth + 1) for index, item in enumerate(value)]
    return errors or data
