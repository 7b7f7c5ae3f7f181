"""A JSON sender without an adapter of its own: canonical data, or its own shape with a field mapping."""

from collections.abc import Mapping
from typing import Any

from services.gateway.domain.documents import Document, Options, Read, Reading, Refused, fact_id, stamp
from services.gateway.domain.facts import Candidate
from services.gateway.domain.mapping import NotText, apply_options, get, text_at
from services.gateway.domain.problems import FieldError
from services.gateway.domain.times import parse_time
from services.gateway.domain.words import UNDONE, meaning
from shared.contracts.intake import number_of
from shared.contracts.registry import wire_type

_TIMES = ("time", "modified_at", "update_time", "completed_at", "closed_at", "done_at")


def read(body: Mapping[str, Any], options: Options) -> Read:
    """The body's `data` (or the body itself) under the source's mapping. Identity: the sender's id, else number, state
    and time of change; without any of them the caller's digest of the body stands in.
    """
    try:
        return _read(body, options)
    except NotText as error:
        return Refused([FieldError(error.field, NotText.reason)])


def _read(body: Mapping[str, Any], options: Options) -> Read:
    inner = body.get("data")
    data = apply_options(dict(inner) if isinstance(inner, Mapping) else dict(body), body, options)
    name = text_at(body, "type") or options.type
    if not name:
        return Refused([FieldError("type", "消息和来源设置都没有给出业务类型")])
    time = next((at for at in (_time(body, data, field, options) for field in _TIMES) if at is not None), None)
    number = number_of(data)
    status = text_at(data, "status")
    own_id = text_at(body, "id", "event_id")
    undone = _undone(status, options)
    fact = "" if undone or time is None else f"{status}/{stamp(time)}"
    document = Document(f"{name}/{number}", status, time, fact, undone) if number and time else None
    if undone:
        return Reading(None if own_id else document, ignored=f"状态 {status[:50]} 不是完成状态", source=options.uri)
    event_id = own_id or (fact_id(name, number, status, stamp(time)) if document and time else "")
    candidate = Candidate(id=event_id, source=options.uri, type=wire_type(name), data=data, time=time, subject=number)
    return Reading(None if own_id else document, candidate)


def _undone(status: str, options: Options) -> str:
    """Whether the source's own words say that this state is no completion."""
    state = meaning({}, options.own("state"), status) or ""
    return state if state in UNDONE else ""


def _time(body: Mapping[str, Any], data: dict[str, Any], field: str, options: Options) -> Any:
    """A time of the message; in the data it is rewritten with its zone, as contracts ask for."""
    value = get(data, field) if field in data else body.get(field)
    moment = parse_time(value, options.zone)
    if moment is not None and isinstance(data.get(field), str | int | float):
        data[field] = moment.astimezone(options.zone).isoformat()
    return moment
