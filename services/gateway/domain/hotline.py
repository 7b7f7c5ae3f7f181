"""12345 cases: pushed one by one or as rows of a sheet, under our names, a platform's, or a sheet's headers."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.gateway.domain.documents import Document, Options, Read, Reading, Refused, fact_id, stamp
from services.gateway.domain.facts import HOTLINE, Candidate
from services.gateway.domain.fitting import fitted
from services.gateway.domain.hotline_fields import CAUTIOUS, NAMES, TOLERANT, Unreadable, path_of, read_value
from services.gateway.domain.mapping import compact, get, put, text_of
from services.gateway.domain.problems import FieldError
from services.gateway.domain.words import STATES, UNDONE, meaning
from shared.contracts.intake import HotlineCaseClosed
from shared.privacy import is_phone, mask_text

_NESTED = ("area", "category", "host_dept", "appellant")
_EMPTY = ("", "-", "—", "/", "无")
_FINAL = ("closed", "closed_unresolved")
_CLAIMS = {"yes": True, "no": False}


def read(body: Mapping[str, Any], options: Options) -> Read:
    """A pushed case; platforms that wrap it in `data` are understood."""
    return read_case(unwrapped(body), options)


def unwrapped(body: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = body.get("data")
    return inner if isinstance(inner, Mapping) else body


def read_case(fields: Mapping[str, Any], options: Options) -> Read:
    """A case from its fields. Errors name the field as the sender does."""
    values, names = _gather(fields, options)
    data, errors, notes = _read_values(values, names, options)
    broken = {error.field for error in errors}
    for path in ("case_no", "handle_status"):
        if not data.get(path) and names.get(path) not in broken:
            errors.append(FieldError(names.get(path, NAMES[path][0]), "缺少必填内容"))
    return Refused(errors) if errors else _reading(data, names, notes, options)


def _reading(data: dict[str, Any], names: Mapping[str, str], notes: list[FieldError], options: Options) -> Read:
    number, written = data["case_no"], mask_text(data["handle_status"])
    if is_phone(number):
        return Refused([FieldError(names.get("case_no", NAMES["case_no"][0]), "是电话号码，请检查列是否错位")])
    closed = _moment(data.get("closed_at"))
    modified = _moment(data.pop("updated_at", None)) or closed
    status = meaning(STATES, options.own("state"), written) or written
    if status not in _FINAL:
        document = Document(number, status, modified, undone=status if status in UNDONE else "") if modified else None
        return Reading(document, ignored=f"状态 {written[:20]} 不是办结状态", notes=notes, source=options.uri)
    if closed is None or modified is None:
        return Refused([FieldError(names.get("closed_at", NAMES["closed_at"][0]), "缺少必填内容")])
    candidate = Candidate(
        id=fact_id(number, status, stamp(closed)),
        source=options.uri,
        type=HOTLINE,
        data={"category": {}} | compact(data | {"handle_status": status}),
        time=closed,
        subject=number,
    )
    return Reading(Document(number, status, modified, f"{status}/{stamp(closed)}"), candidate, notes=notes)


def _gather(fields: Mapping[str, Any], options: Options) -> tuple[dict[str, Any], dict[str, str]]:
    """Values by canonical path, and what the sender calls each. What nobody knows is left out."""
    values = {path: get(fields, theirs) for path, theirs in options.fields.items()}
    names = dict(options.fields)
    for name, value in fields.items():
        if name in _NESTED and isinstance(value, Mapping):
            values |= {f"{name}.{part}": item for part, item in value.items() if f"{name}.{part}" not in values}
            continue
        path = f"{name}.name" if name in _NESTED else path_of(name) or name
        if path not in values and (path in NAMES or path in HotlineCaseClosed.model_fields):
            values[path], names[path] = value, name
    values = {path: value for path, value in values.items() if not _is_empty(path, value)}
    return dict(options.constants) | values, names


def _is_empty(path: str, value: Any) -> bool:
    """Whether nothing was said; a mark in the place of a number is told like all that is none."""
    empty = _EMPTY[:1] if path == "appellant.phone" else _EMPTY
    return value is None or (isinstance(value, str) and value.strip() in empty)


def _read_values(
    values: Mapping[str, Any], names: Mapping[str, str], options: Options
) -> tuple[dict[str, Any], list[FieldError], list[FieldError]]:
    """The data, what refuses it, and what could not be read of optional fields."""
    data: dict[str, Any] = {}
    errors, notes, written = [], [], {}
    for path, value in values.items():
        try:
            put(data, path, _read(path, value, options))
        except Unreadable as error:
            fault = FieldError(names.get(path, path), str(error))
            if path in TOLERANT and not isinstance(value, dict | list):
                notes.append(fault)
                written[path] = text_of(value)
            else:
                errors.append(fault)
    data |= dict.fromkeys(written.keys() & CAUTIOUS, True)
    if written:
        known = data.get("as_written")
        data["as_written"] = (known if isinstance(known, dict) else {}) | written
    _name_codes(data)
    if "resolution_claim" in data:
        data["resolved_claim"] = _CLAIMS.get(data["resolution_claim"])
    return data, errors, notes


def _read(path: str, value: Any, options: Options) -> Any:
    """A state is kept however it is written: most are no closing."""
    if path not in NAMES:
        return value
    if path == "handle_status" and not isinstance(value, dict | list):
        return text_of(value)
    return read_value(path, value, options)


def _name_codes(data: dict[str, Any]) -> None:
    """Sheets name areas and units without a code: then the name is the code."""
    for part in ("area", "host_dept"):
        named = data.get(part, {})
        if not named.get("code") and named.get("name"):
            named["code"] = fitted(named["name"], 64)


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None


def in_senders_words(errors: list[FieldError], fields: Mapping[str, Any], options: Options) -> list[FieldError]:
    """Contract errors with the sender's column names instead of our paths."""
    _, names = _gather(unwrapped(fields), options)
    return [FieldError(_column(error.field, names), error.reason) for error in errors]


def _column(field: str, names: Mapping[str, str]) -> str:
    path = "closed_at" if field == "time" else field.removeprefix("data.")
    whole = path.partition(".")[0]
    candidates = (path, f"{whole}.name", f"{whole}.code", whole)
    known = [names[at] for at in candidates if at in names]
    return next(iter(known), None) or next((NAMES[at][0] for at in candidates if at in NAMES), path)
