"""Moving values between a sender's names and ours, along dotted paths."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from services.gateway.domain.documents import Options


def get(data: Any, path: str) -> Any:
    """The value at a dotted path; None where there is none. A sheet's column may have dots in its very name."""
    if isinstance(data, Mapping) and path in data:
        return data[path]
    for part in path.split("."):
        if not isinstance(data, Mapping):
            return None
        data = data.get(part)
    return data


def put(data: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path, making the objects on the way."""
    *parents, last = path.split(".")
    for part in parents:
        inner = data.get(part)
        data = data.setdefault(part, {}) if isinstance(inner, dict) or inner is None else {}
    data[last] = value


def apply_options(data: dict[str, Any], body: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Our data with the source's own mapping laid over it: constants fill what is empty, mapped fields always win."""
    for path, value in options.constants.items():
        if get(data, path) in (None, ""):
            put(data, path, value)
    for path, theirs in options.fields.items():
        value = get(body, theirs)
        if value not in (None, "", False):
            put(data, path, value)
    return data


def with_branch(data: dict[str, Any], options: Options) -> dict[str, Any]:
    """A sender that names no branch is one: figures need to put its facts somewhere."""
    for path in ("org", "provider") if "provider" in data else ("org",):
        if not get(data, f"{path}.code"):
            put(data, path, {"code": options.source, "name": options.source})
    return data


def text_of(value: Any) -> str:
    """A value as text; "" for none (Odoo says false for an empty field)."""
    if value is None or value is False:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def decimal_text(value: Any) -> str | None:
    """An amount as plain decimal text; None when it is none."""
    if value is None or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value).replace(",", "").strip())
    except InvalidOperation:
        return None
    return f"{amount:f}" if amount.is_finite() else None


def compact(data: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty, at every depth: contracts have defaults for it."""
    kept = {name: compact(value) if isinstance(value, dict) else value for name, value in data.items()}
    return {name: value for name, value in kept.items() if value not in (None, "", {}, [])}
