"""Moving values between a sender's names and ours, along dotted paths."""

from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal, InvalidOperation
from typing import Any

from services.gateway.domain.documents import Options
from services.gateway.domain.markup import plain_text


class NotText(ValueError):
    """An object or a list where a text is asked for; `field` is the sender's name, "" where the reader doesn't know it."""

    reason = "应为文本，收到的是对象或列表"

    def __init__(self, field: str = "") -> None:
        super().__init__(self.reason)
        self.field = field


def get(data: Any, path: str) -> Any:
    """The value at a dotted path (`items.0.sku` looks into a list); None where there is none. A member that is named like
    the whole path goes first.
    """
    if isinstance(data, Mapping) and path in data:
        return data[path]
    for part in path.split("."):
        if isinstance(data, list) and part.isdecimal() and len(part) < 6 and int(part) < len(data):
            data = data[int(part)]
        elif isinstance(data, Mapping):
            data = data.get(part)
        else:
            return None
    return data


def put(data: dict[str, Any], path: str, value: Any) -> None:
    """Set the value at a dotted path, making the objects on the way; what stands in the way and is no object gives way."""
    *parents, last = path.split(".")
    for part in parents:
        if not isinstance(data.get(part), dict):
            data[part] = {}
        data = data[part]
    data[last] = value


def apply_options(data: dict[str, Any], body: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """Our data with the source's own mapping laid over it: constants fill what is empty, mapped fields always win.

    All values are read before the first is set: one mapping never sees what another has done.
    """
    data = deepcopy(data)
    mapped = {path: get(body, theirs) for path, theirs in options.fields.items()}
    for path, value in options.constants.items():
        if get(data, path) in (None, ""):
            put(data, path, value)
    for path, value in mapped.items():
        if not (value is None or value == "" or (value is False and options.kind == "odoo")):
            put(data, path, deepcopy(value))
    return data


def with_branch(data: dict[str, Any], options: Options) -> dict[str, Any]:
    """A sender that names no branch is one: figures need to put its facts somewhere."""
    for path in ("org", "provider") if "provider" in data else ("org",):
        if not get(data, f"{path}.code"):
            put(data, path, {"code": options.source, "name": options.source})
    return data


def text_of(value: Any) -> str:
    """A value as text; "" for none (Odoo says false for an empty field). Raises NotText."""
    if value is None or value is False:
        return ""
    if isinstance(value, Mapping | list | tuple):
        raise NotText
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def text_at(body: Mapping[str, Any], *names: str) -> str:
    """The first of these members that has a text; "" when none has. Raises NotText, naming the member."""
    for name in names:
        try:
            text = text_of(body.get(name))
        except NotText as error:
            raise NotText(name) from error
        if text:
            return text
    return ""


def prose_at(body: Mapping[str, Any], *names: str) -> str:
    """As `text_at`, for what people have written: HTML becomes plain text."""
    return plain_text(text_at(body, *names))


def amount_at(body: Mapping[str, Any], name: str) -> str | None:
    """An amount as plain decimal text; None when it is none. Raises NotText, naming the member."""
    value = body.get(name)
    if isinstance(value, bool) or not text_at(body, name):
        return None
    try:
        amount = Decimal(str(value).replace(",", "").strip())
    except InvalidOperation:
        return None
    return f"{amount:f}" if amount.is_finite() and abs(amount.adjusted()) < 40 else None


def compact(data: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is empty, at every depth: contracts have defaults for it."""
    kept = {name: compact(value) if isinstance(value, dict) else value for name, value in data.items()}
    return {name: value for name, value in kept.items() if value not in (None, "", {}, [])}
