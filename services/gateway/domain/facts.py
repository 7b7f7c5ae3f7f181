"""When something received is a fact: attributes, contract, time, key; and how personal data is protected before it is kept."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import orjson
from pydantic import ValidationError

from services.gateway.domain.envelope import Envelope
from services.gateway.domain.faults import read_data, size_faults
from services.gateway.domain.fitting import fitted
from services.gateway.domain.moments import time_errors
from services.gateway.domain.practice import names_practice, practised
from services.gateway.domain.problems import FieldError, explain
from shared.contracts.base import INTAKE, Contract
from shared.contracts.intake import FactWithdrawn, names_in, number_of
from shared.contracts.registry import by_model, by_type, short_name, wire_type
from shared.messaging.event import Event, event_key
from shared.privacy import ForeignToken, Sealer, pseudonym, with_numbers
from shared.texts import text_fault

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST_AHEAD = timedelta(days=2)
LONGEST_NAME = 200  # of what services find a fact by: it is a part of keys of their databases
OWN_SOURCES = "/huifang/"
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
FOREIGN = "含有不是本系统加密的号码，请提交原号码"
HOTLINE = wire_type("hotline.case_closed")
WITHDRAWN = by_model(FactWithdrawn).type


class Candidate(msgspec.Struct, frozen=True):
    """What claims to be a fact; `time` None = not said. `notes`: what in it could not be read and refuses nothing."""

    id: str
    source: str
    type: str
    data: dict[str, Any]
    time: datetime | None = None
    subject: str = ""
    key: str = ""
    traceparent: str = ""
    notes: tuple[FieldError, ...] = ()
    practice: bool = False


def with_read_numbers(candidate: Candidate) -> Candidate:
    """The candidate with the phones of its people read; what is no number is left out and noted. Doing it twice is once."""
    data, unread = with_numbers(candidate.data)
    if data is candidate.data:
        return candidate
    notes = tuple(FieldError(f"data.{one.path}", f"{one.why}，已按没有号码接收") for one in unread)
    return msgspec.structs.replace(candidate, data=data, notes=candidate.notes + notes)


def read_candidate(envelope: Envelope) -> Candidate | list[FieldError]:
    """A CloudEvents envelope as a candidate, or everything that is wrong with its attributes."""
    errors = _attribute_errors(envelope)
    time, time_errors = _read_time(envelope.time)
    data = read_data(bytes(envelope.data))
    if isinstance(data, list):
        errors += data
    if errors or time_errors or isinstance(data, list):
        return errors + time_errors
    return Candidate(
        id=envelope.id,
        source=envelope.source,
        type=wire_type(envelope.type),
        data=data,
        time=time,
        subject=envelope.subject or "",
        key=envelope.partitionkey or "",
        traceparent=envelope.traceparent if _is_traceparent(envelope.traceparent) else "",
        practice=_YES_NO[envelope.practice],
    )


def _is_traceparent(value: Any) -> bool:
    return isinstance(value, str) and _TRACEPARENT.fullmatch(value) is not None


# as JSON and as a header say it
_YES_NO = {None: False, False: False, True: True, "false": False, "true": True}
_LIMITS = {"id": 256, "source": 256, "type": 200, "subject": 512, "partitionkey": 128}
_OPTIONAL = {"subject", "partitionkey"}


def _attribute_errors(envelope: Envelope) -> list[FieldError]:
    errors = []
    if envelope.specversion != "1.0":
        errors.append(FieldError("specversion", '应为 "1.0"'))
    for name, limit in _LIMITS.items():
        reason = _text_fault(getattr(envelope, name), limit, name in _OPTIONAL)
        if reason:
            errors.append(FieldError(name, reason))
    if isinstance(envelope.source, str) and envelope.source.startswith(OWN_SOURCES):
        errors.append(FieldError("source", f"{OWN_SOURCES} 为平台内部来源，不能使用"))
    if not isinstance(envelope.practice, bool | str | None) or envelope.practice not in _YES_NO:
        errors.append(FieldError("practice", "应为 true 或 false"))
    if envelope.data_base64 is not None:
        errors.append(FieldError("data_base64", "不支持二进制数据，请用 data"))
    if "json" not in str(envelope.datacontenttype or "application/json"):
        errors.append(FieldError("datacontenttype", "仅支持 application/json"))
    return errors


def _text_fault(value: Any, limit: int, optional: bool) -> str:
    if value is None:
        return "" if optional else "缺少必填字段"
    if not isinstance(value, str):
        return "应为文本（加引号的字符串）"
    if not value.strip():
        return "不能为空"
    if len(value) > limit:
        return f"超过 {limit} 个字符"
    return text_fault(value)


def _read_time(value: Any) -> tuple[datetime | None, list[FieldError]]:
    if value is None:
        return None, []
    try:
        time = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        return None, [FieldError("time", "时间格式不对，应如 2026-11-20T18:32:07+08:00")]
    if time.tzinfo is None:
        return None, [FieldError("time", "时间须带时区，如 +08:00")]
    return time, []


def judge(
    candidate: Candidate, received_at: datetime, sealer: Sealer, traceparent: str = ""
) -> Event | list[FieldError]:
    """The event a candidate becomes (personal data sealed, key and lineage given), or why it is refused.

    The numbers of its people have been read (`with_read_numbers`). A type nobody declared is taken as it is: policies may
    match on it. `traceparent` stands in for a missing one.
    """
    declared = by_type(candidate.type)
    written = orjson.dumps(candidate.data)
    errors = _time_errors(candidate.time, received_at) + _too_long(candidate) + size_faults(written)
    if declared is not None:
        errors += _contract_errors(declared, written)
    named = {error.field for error in errors}
    errors += [error for error in _long_names(candidate.data) if error.field not in named]
    if candidate.type == WITHDRAWN and candidate.data.get("event_source") != candidate.source:
        errors.append(FieldError("data.event_source", "只能撤回同一来源的事实，应与 source 相同"))
    if errors:
        return errors
    try:
        data = sealer.protect(candidate.data)
        key, subject = sealer.protect(candidate.key, "id"), sealer.protect(candidate.subject)
        event_id, source = sealer.protect(candidate.id, "id"), sealer.protect_path(candidate.source)
    except ForeignToken:
        return [FieldError("data", FOREIGN)]
    if candidate.type == HOTLINE:
        data = with_customer(data, source)
    time = candidate.time or received_at
    event = Event(
        id=event_id,
        source=source,
        type=candidate.type,
        time=time,
        key=key or key_of(data) or source,
        data=data,
        subject=subject or number_of(data),
        lineage=str(event_key(time, source, event_id)),
        traceparent=candidate.traceparent or traceparent,
    )
    return practised(event) if candidate.practice or names_practice(event) else event


def _too_long(candidate: Candidate) -> list[FieldError]:
    """Attributes that a reader took from a message and no event may have; envelopes are checked as they are read."""
    texts = {"id": candidate.id, "source": candidate.source, "type": candidate.type, "subject": candidate.subject}
    return [
        FieldError(name, f"超过 {_LIMITS[name]} 个字符") for name, value in texts.items() if len(value) > _LIMITS[name]
    ]


def _long_names(data: dict[str, Any]) -> list[FieldError]:
    """Names in the data that are too long, of types whose contract has no limit for them, or that have no contract."""
    found = ((path, value) for path, value in names_in(data) if len(str(value)) > LONGEST_NAME)
    return [FieldError(f"data.{path}", f"超过 {LONGEST_NAME} 个字符") for path, _ in found]


@dataclass(frozen=True, slots=True)
class Accepted:
    """A fact accepted before: what its withdrawal says of it; `key` is "" where it was accepted before keys were kept."""

    type: str
    number: str
    key: str
    lineage: str


def withdrawal(source: str, event_id: str, reason: str, at: datetime) -> Event:
    """The event that withdraws a fact; `of_fact` completes it."""
    data = {"event_id": event_id, "event_source": source, "reason": reason, "withdrawn_at": at.isoformat()}
    own = f"{fitted(event_id, 240)}/withdrawn"
    return Event(own, source, WITHDRAWN, at, source, data, lineage=str(event_key(at, source, own)))


def of_fact(event: Event, fact: Accepted) -> Event:
    """A withdrawal in its fact's place: after it in the order of its customer, and in its lineage."""
    said = {"event_type": short_name(fact.type), "number": fact.number, "customer_id": fact.key}
    data = event.data | {name: value for name, value in said.items() if value}
    return msgspec.structs.replace(
        event, key=fact.key or event.key, subject=fact.number or event.subject, data=data, lineage=fact.lineage
    )


def time_faults(time: datetime, received_at: datetime) -> list[FieldError]:
    """Why a moment that a document tells can't be one."""
    return _time_errors(time, received_at)


def _time_errors(time: datetime | None, received_at: datetime) -> list[FieldError]:
    if time is None:
        return []
    if time < EARLIEST:
        return [FieldError("time", "早于 2000-01-01")]
    if time > received_at + LATEST_AHEAD:
        return [FieldError("time", "晚于当前时间两天以上")]
    return []


def _contract_errors(declared: Contract, data: bytes) -> list[FieldError]:
    if declared.topic != INTAKE:
        return [FieldError("type", "此类型由平台内部产生，不接受外部提交")]
    try:
        # strict, and from JSON: what is published is the sender's own data, so it must already have the declared types
        model = declared.model.model_validate_json(data, strict=True)
    except ValidationError as error:
        return explain(error)
    return time_errors(model)


def key_of(data: dict[str, Any]) -> str:
    """The customer, with whose events this one is to stay in order; "" when it names none."""
    customer = data.get("customer")
    if isinstance(customer, dict) and isinstance(customer.get("id"), str | int) and customer["id"] != "":
        return fitted(str(customer["id"]), 128)
    return ""


def with_customer(data: dict[str, Any], source: str) -> dict[str, Any]:
    """A 12345 case with the customer its appellant is: the same (sealed) number is always the same customer.

    Who left no number is nobody else: the appellant of that case alone, and of its rounds.
    """
    appellant = data.get("appellant")
    if data.get("customer") or not appellant or (data.get("is_anonymous") and not appellant.get("phone")):
        return data
    phone = appellant.get("phone")
    return data | {
        "customer": {
            "id": customer_id(phone) if phone else customer_id(f"{source} {data['case_no']}", "N"),
            "name": appellant.get("name", ""),
            "phone": phone,
            "phones": appellant.get("phones", []),
        }
    }


def customer_id(identity: str, kind: str = "P") -> str:
    """A customer id from a sealed phone; `N`: from the case of an appellant who left no number."""
    return pseudonym(identity, kind)
