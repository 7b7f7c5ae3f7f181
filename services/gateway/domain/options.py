"""A source's options: checked when set, read when its messages are."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from services.gateway.domain.documents import Options
from services.gateway.domain.problems import FieldError

_MOST_ENTRIES = 100


def options_of(source: str, kind: str, zone: str, stored: Mapping[str, Any]) -> Options:
    return Options(
        source=source,
        kind=kind,
        zone=ZoneInfo(zone),
        type=stored.get("type", ""),
        fields=stored.get("fields", {}),
        constants=stored.get("constants", {}),
    )


def check_zone(zone: str) -> list[FieldError]:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        return [FieldError("zone", "没有这个时区，应如 Asia/Shanghai")]
    return []


def check_paths(name: str, entries: Mapping[str, Any]) -> list[FieldError]:
    """Mapping entries are dotted paths of plain names."""
    if len(entries) > _MOST_ENTRIES:
        return [FieldError(name, f"最多 {_MOST_ENTRIES} 项")]
    bad = [path for path in entries if not all(path.split(".")) or len(path) > 200 or not path.isprintable()]
    return [FieldError(name, f"路径写法不对：{path[:50]}") for path in bad]
