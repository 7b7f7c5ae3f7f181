"""What travels: a CloudEvents 1.0 event, in binary content mode on Kafka (CloudEvents Kafka protocol binding §3.2)."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import orjson

from shared.contracts.base import EventData
from shared.contracts.registry import short_name
from shared.ids import derived_from_digest
from shared.practice import is_practice

M = TypeVar("M", bound=EventData)
Headers = list[tuple[str, bytes]]
# every event has a partition of its UTC day, so its day must be one that PostgreSQL and Python can both name
FIRST_YEAR, LAST_YEAR = 1971, 2999
ModelClass = type[M]  # inside Event the name `type` is taken


class MalformedEvent(ValueError):
    """A record that is not one of our events; says what is missing."""


class Event(msgspec.Struct, frozen=True, dict=True):
    """One event. `key` orders it (the customer id), `lineage` ties it to the first fact, `cause` is the event before.

    What is made per message is a msgspec value, here and in `Record`: ten times quicker than a frozen dataclass.
    """

    id: str
    source: str
    type: str
    time: datetime
    key: str
    data: dict[str, Any]
    subject: str = ""
    lineage: str = ""
    cause: str = ""
    traceparent: str = ""

    @property
    def practice(self) -> bool:
        """Whether it concerns a practice customer (`shared.practice`); told to others as the attribute `practice`."""
        return is_practice(self.key)

    @property
    def event_key(self) -> UUID:
        """Identity `(source, id)` as a time-ordered UUID; the same event has the same key in every database."""
        known: UUID | None = self.__dict__.get("_event_key")  # not cached_property: it takes a lock in Python 3.11
        if known is None:
            known = self.__dict__["_event_key"] = event_key(self.time, self.source, self.id)
        return known

    @property
    def taken_ms(self) -> int:
        """When the broker took it, machine time in ms since 1970; 0 for an event that was not polled."""
        taken: int = self.__dict__.get("_taken_ms", 0)
        return taken

    def taken(self, ms: int) -> "Event":
        """The same event, polled from a broker that took it at `ms`."""
        self.__dict__["_taken_ms"] = ms
        return self

    @property
    def day(self) -> date:
        """UTC day of `time`: the inbox partition it is remembered in."""
        return utc_day(self.time)

    @property
    def name(self) -> str:
        """Short name such as `visit.completed`; the wire type where nobody declared one."""
        return short_name(self.type)

    def read(self, model: ModelClass[M]) -> M:
        """The data as its contract's model. Raises pydantic.ValidationError."""
        return model.model_validate(self.data)


def utc_day(moment: datetime) -> date:
    """The day of a moment in UTC, which nearly every moment that we read is told in already."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).date()


def event_key(at: datetime, source: str, event_id: str) -> UUID:
    """UUIDv8 of an event's identity: time prefix, then a hash of source and id."""
    digest = hashlib.blake2b(f"{source}\x1f{event_id}".encode(), digest_size=10).digest()
    return derived_from_digest(int(at.timestamp() * 1000), digest)


def encode(event: Event) -> tuple[Headers, bytes]:
    """Kafka headers and value of an event."""
    return [(name, value.encode()) for name, value in attributes(event)], orjson.dumps(event.data)


def attributes(event: Event) -> list[tuple[str, str]]:
    """The event's headers as text. Empty attributes are left out."""
    known = (
        ("ce_specversion", "1.0"),
        ("ce_id", event.id),
        ("ce_source", event.source),
        ("ce_type", event.type),
        ("ce_time", event.time.isoformat()),
        ("ce_partitionkey", event.key),
        ("ce_subject", event.subject),
        ("ce_lineageid", event.lineage),
        ("ce_causationid", event.cause),
        ("ce_practice", "true" if event.practice else ""),
        ("traceparent", event.traceparent),
        ("content-type", "application/json; charset=utf-8"),
    )
    return [pair for pair in known if pair[1]]


def decode(headers: Iterable[tuple[str, bytes]], value: bytes) -> Event:
    """The event in a record. Raises MalformedEvent, naming what is wrong."""
    texts = _texts(headers)
    for name in ("ce_id", "ce_source", "ce_type", "ce_time"):
        if not texts.get(name):
            raise MalformedEvent(f"attribute {name} is missing")
    try:
        time = datetime.fromisoformat(texts["ce_time"])
        data = orjson.loads(value)
    except ValueError as error:
        raise MalformedEvent(str(error)) from error
    if not FIRST_YEAR <= time.year <= LAST_YEAR:
        raise MalformedEvent(f"ce_time is in the year {time.year}")
    if not isinstance(data, dict):
        raise MalformedEvent("data is not a JSON object")
    return Event(
        id=texts["ce_id"],
        source=texts["ce_source"],
        type=texts["ce_type"],
        time=time if time.tzinfo else time.replace(tzinfo=UTC),
        key=texts.get("ce_partitionkey", ""),
        data=data,
        subject=texts.get("ce_subject", ""),
        lineage=texts.get("ce_lineageid", ""),
        cause=texts.get("ce_causationid", ""),
        traceparent=texts.get("traceparent", ""),
    )


def _texts(headers: Iterable[tuple[str, bytes]]) -> Mapping[str, str]:
    try:
        return {name: value.decode() for name, value in headers}
    except (UnicodeDecodeError, AttributeError) as error:
        raise MalformedEvent("a header is not UTF-8 text") from error
