"""A source's options: checked when set, read when its messages are."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from services.gateway.domain.documents import Options
from services.gateway.domain.problems import FieldError
from services.gateway.domain.words import check_words, own_words
from shared.texts import text_fault

_MOST_ENTRIES = 100
_MOST_PARTS = 20


def options_of(source: str, kind: str, zone: str, stored: Mapping[str, Any]) -> Options:
    return Options(
        source=source,
        kind=kind,
        zone=ZoneInfo(zone),
        type=stored.get("type", ""),
        fields=stored.get("fields", {}),
        constants=stored.get("constants", {}),
        words=own_words(stored.get("words", {})),
    )


def check_zone(zone: str) -> list[FieldError]:
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        return [FieldError("zone", "没有这个时区，应如 Asia/Shanghai")]
    return []


def check_options(kind: str, stored: Mapping[str, Any]) -> list[FieldError]:
    """Whatever is saved is carried out: everything that could not be is named."""
    fields, constants = stored.get("fields", {}), stored.get("constants", {})
    errors = _path_errors("options.fields", fields) + _path_errors("options.constants", constants)
    errors += _path_errors("options.fields", fields.values(), "对方路径")
    return errors or _clashes([*fields, *constants]) + check_words(kind, stored.get("words", {}))


def _path_errors(name: str, paths: Collection[str], what: str = "路径") -> list[FieldError]:
    """Mapping entries are dotted paths of plain names; a target can't be a place in a list."""
    if len(paths) > _MOST_ENTRIES:
        return [FieldError(name, f"最多 {_MOST_ENTRIES} 项")]
    return [FieldError(name, f"{what}写法不对：{path[:50]}") for path in paths if _is_bad(path, what == "路径")]


def _is_bad(path: str, target: bool) -> bool:
    parts = path.split(".")
    if not all(parts) or len(path) > 200 or len(parts) > _MOST_PARTS or text_fault(path):
        return True
    return target and any(part.isdecimal() for part in parts)


def _clashes(targets: Collection[str]) -> list[FieldError]:
    """Of `customer` and `customer.id` one would overwrite the other."""
    known = set(targets)
    return [
        FieldError("options", f"{whole} 与 {path} 互相覆盖，只能留一个")
        for path in sorted(known)
        for whole in _prefixes(path)
        if whole in known
    ]


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split(".")
    return (".".join(parts[:length]) for length in range(1, len(parts)))
