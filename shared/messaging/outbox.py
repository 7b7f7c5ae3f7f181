"""The outbox: outgoing events as rows of the transaction that caused them."""

import base64
import zlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.messaging import strict
from shared.messaging.broker import Record
from shared.messaging.event import Event, Headers, attributes
from shared.messaging.tables import SHARDS

CHANNEL = "huifang_outbox"
# bytes of value and headers; below what the broker takes (2 MiB), for a row that it refuses would block all behind it
LARGEST_EVENT = (2 << 20) - (16 << 10)

# ordinality: identity values are given in the order the events were appended
_APPEND = text("""
    INSERT INTO outbox (shard, topic, key, headers, value, at)
    SELECT shard, topic, key, headers, value, at
    FROM unnest(CAST(:shards AS smallint[]), CAST(:topics AS text[]), CAST(:keys AS text[]), CAST(:headers AS bytea[]),
                CAST(:values AS bytea[]), CAST(:times AS timestamptz[]))
         WITH ORDINALITY AS row (shard, topic, key, headers, value, at, position)
    ORDER BY position
""")
_NOTIFY = text(f"NOTIFY {CHANNEL}")


class EventTooLarge(ValueError):
    """An event that the broker would not take; refused before it is stored."""


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """An event and the topic it goes to."""

    topic: str
    event: Event


def shard_of(key: str) -> int:
    return zlib.crc32(key.encode()) % SHARDS


async def append(session: AsyncSession, outgoing: Sequence[Outgoing], notify: bool = False) -> None:
    """Write the events in the running transaction. `notify` wakes relays in other processes: once per batch, it costs.

    Raises EventTooLarge, and UnlikeContract where that is looked at (`shared.messaging.strict`).
    """
    if not outgoing:
        return
    rows = [(orjson.dumps(attributes(item.event)), orjson.dumps(item.event.data)) for item in outgoing]
    for item, row in zip(outgoing, rows, strict=True):
        if not fits(*row):
            raise EventTooLarge(f"{item.event.name} has {len(row[1])} bytes")
        if strict.STRICT:
            strict.require_contract(item.event.type, row[1])
    await session.execute(
        _APPEND,
        {
            "shards": [shard_of(item.event.key) for item in outgoing],
            "topics": [item.topic for item in outgoing],
            "keys": [item.event.key for item in outgoing],
            "headers": [headers for headers, _ in rows],
            "values": [value for _, value in rows],
            "times": [item.event.time for item in outgoing],
        },
    )
    if notify:
        await session.execute(_NOTIFY)


async def append_record(session: AsyncSession, record: Record, at: datetime) -> bool:
    """Write a record, be it an event or not, for its topic in the running transaction. False: the broker would not take it."""
    headers = pack_headers(record.headers)
    if not fits(headers, record.value):
        return False
    row = {"shards": shard_of(record.key), "topics": record.topic, "keys": record.key, "headers": headers}
    values = {**row, "values": record.value, "times": at}
    await session.execute(_APPEND, {name: [value] for name, value in values.items()})
    return True


def fits(headers: bytes, value: bytes) -> bool:
    """Whether the broker will take a message of these packed headers and value."""
    return len(headers) + len(value) <= LARGEST_EVENT


def pack_headers(headers: Headers) -> bytes:
    """Headers as stored: a JSON list of pairs; a value that is not UTF-8 is kept as base64 in a third place."""
    return orjson.dumps([_pack(name, value) for name, value in headers])


def unpack_headers(stored: bytes) -> Headers:
    return [
        (item[0], base64.b64decode(item[2]) if len(item) == 3 else item[1].encode()) for item in orjson.loads(stored)
    ]


def _pack(name: str, value: bytes) -> tuple[str, ...]:
    try:
        return (name, value.decode())
    except UnicodeDecodeError:
        return (name, "", base64.b64encode(value).decode())
