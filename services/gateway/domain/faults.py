"""What no event may contain, whatever its type: it would break somebody further down."""

from collections.abc import Iterable
from typing import Any

import orjson

from services.gateway.domain.problems import FieldError
from shared.texts import faults_in, json_fault

MOST_DEPTH = 32
MOST_BYTES = 256 * 1024  # well below what a Kafka message may hold, sealed numbers and headers included


def read_data(raw: bytes) -> dict[str, Any] | list[FieldError]:
    """The event's data as an object, or why it can't be taken."""
    if not raw:
        return [FieldError("data", "缺少必填字段")]
    if faults := size_faults(raw):
        return faults
    try:
        data = orjson.loads(raw)
    except ValueError:
        return [_json_fault(raw)]
    if not isinstance(data, dict):
        return [FieldError("data", "应为 JSON 对象")]
    return find_faults(data) if _is_suspicious(raw) else data


def size_faults(raw: bytes) -> list[FieldError]:
    """Why an event's data, as JSON text, is too much for one event."""
    return [FieldError("data", f"单个事件的数据不能超过 {MOST_BYTES // 1024} KB")] if len(raw) > MOST_BYTES else []


def _json_fault(raw: bytes) -> FieldError:
    where, reason = json_fault(raw.decode("utf-8", "replace"))
    return FieldError(f"data.{where}".strip("."), reason)


def _is_suspicious(raw: bytes) -> bool:
    return b"\\u0000" in raw or raw.count(b"{") + raw.count(b"[") > MOST_DEPTH


def find_faults(data: dict[str, Any]) -> dict[str, Any] | list[FieldError]:
    """The data itself when it is nested sanely and every text in it can be kept."""
    if _depth(data) > MOST_DEPTH:
        return [FieldError("data", f"嵌套超过 {MOST_DEPTH} 层")]
    return [FieldError(path, reason) for path, reason in faults_in(data, "data")] or data


def _depth(value: Any) -> int:
    """How deep a value is nested, as far as that matters."""
    level, depth = [value], 0
    while level and depth <= MOST_DEPTH:
        depth += 1
        level = [part for item in level for part in _parts(item)]
    return depth


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
