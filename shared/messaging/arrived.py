"""A polled record, decoded."""

from datetime import UTC, datetime

import msgspec

from shared.messaging.broker import Record
from shared.messaging.event import Event, MalformedEvent, decode


class Arrived(msgspec.Struct, frozen=True, gc=False):
    """A polled record with its event, or what is wrong with it."""

    record: Record
    event: Event
    malformed: str = ""


def arrive(record: Record) -> Arrived:
    """Decode a record. One that is no event gets an identity from where it lies, so that it dies only once."""
    try:
        return Arrived(record, decode(record.headers, record.value).taken(record.timestamp))
    except MalformedEvent as error:
        at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
        where = f"{record.topic}/{record.partition}/{record.offset}"
        return Arrived(record, Event(where, "/huifang/kafka", "malformed", at, record.key, {}), str(error))
