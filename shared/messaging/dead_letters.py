"""Dead letters: what could not be handled, kept with its reason until somebody replays or discards it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from msgspec.structs import replace
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.messaging import inbox
from shared.messaging.arrived import Arrived, arrive
from shared.messaging.broker import Record
from shared.messaging.outbox import append_record, pack_headers, unpack_headers
from shared.messaging.work import Work
from shared.privacy import mask_text

MOST_ERROR_CHARACTERS = 2000


class DeadLetterNotFound(NotFound):
    title = "没有这封死信"
    code = "dead-letter-not-found"


class DeadLetterAlreadySettled(Conflict):
    title = "这封死信已经处理过了"
    code = "dead-letter-already-settled"


_SAVE = text("""
    INSERT INTO dead_letter (id, consumer, event_key, event_id, event_type, topic, partition, record_offset,
                             record_timestamp, key, headers, value, error_type, error, attempts, created_at)
    VALUES (:id, :consumer, :event_key, :event_id, :event_type, :topic, :partition, :record_offset,
            :record_timestamp, :key, :headers, :value, :error_type, :error, :attempts, :created_at)
    ON CONFLICT (consumer, event_key) DO UPDATE
    SET state = 'open', error = excluded.error, error_type = excluded.error_type,
        attempts = dead_letter.attempts + excluded.attempts, settled_at = NULL
""")
_REASONS = text("""
    SELECT error_type, count(*), min(created_at) FROM dead_letter WHERE consumer = ANY(:consumers) AND state = 'open'
    GROUP BY error_type ORDER BY count(*) DESC, error_type
""")
_COLUMNS = "id, consumer, event_key, event_id, event_type, topic, partition, record_offset, record_timestamp, key, headers, value, error_type, error, attempts, state, note, created_at, settled_at"  # noqa: E501


async def bury(work: Work, consumer: str, arrived: Arrived, error: Exception | str, attempts: int) -> None:
    """Keep a poison message and publish it to the consumer's dead-letter topic, in the running transaction.

    One that would be too large there, with its reason, is only kept.
    """
    record, event = arrived.record, arrived.event
    error_type = "MalformedEvent" if isinstance(error, str) else type(error).__name__
    reason = _storable(mask_text(str(error))[:MOST_ERROR_CHARACTERS])
    await work.session.execute(
        _SAVE,
        {
            "id": new_id(),
            "consumer": consumer,
            "event_key": event.event_key,
            "event_id": _storable(event.id),
            "event_type": _storable(event.type),
            "topic": record.topic,
            "partition": record.partition,
            "record_offset": record.offset,
            "record_timestamp": record.timestamp,
            "key": _storable(record.key),
            "headers": pack_headers(record.headers),
            "value": record.value,
            "error_type": error_type,
            "error": reason,
            "attempts": attempts,
            "created_at": work.clock.machine(),
        },
    )
    origin = [
        ("dlq_reason", reason.encode()),
        ("dlq_error", error_type.encode()),
        ("dlq_origin", f"{record.topic}/{record.partition}/{record.offset}".encode()),
    ]
    copy = replace(record, topic=f"{work.service}-dlq", key=_storable(record.key), headers=[*record.headers, *origin])
    await append_record(work.session, copy, work.now())


@dataclass(frozen=True)
class DeadLetter:
    """A stored dead letter."""

    id: UUID
    consumer: str
    event_key: UUID
    event_id: str
    event_type: str
    state: str
    error_type: str
    error: str
    attempts: int
    note: str
    created_at: datetime
    settled_at: datetime | None
    record: Record

    def preview(self) -> str:
        """The value as masked text, for people."""
        return mask_text(self.record.value[:4000].decode("utf-8", "replace"))


@dataclass(frozen=True)
class Reason:
    """Open dead letters of one kind of error: how many, and since when (machine time)."""

    error_type: str
    count: int
    oldest: datetime


async def count_by_reason(session: AsyncSession, consumers: Sequence[str]) -> list[Reason]:
    """The kinds of errors of which dead letters are open, the most frequent first."""
    rows = await session.execute(_REASONS, {"consumers": list(consumers)})
    return [Reason(*row) for row in rows]


async def list_dead_letters(
    session: AsyncSession,
    consumers: Sequence[str],
    state: str,
    after: tuple[datetime, UUID] | None,
    limit: int,
    reason: str = "",
) -> list[DeadLetter]:
    """Oldest first, `limit` at most, of one `reason` (type of error) when given; `after` is (created_at, id) of the last one
    seen.
    """
    rows = await session.execute(
        text(
            f"SELECT {_COLUMNS} FROM dead_letter WHERE consumer = ANY(:consumers) AND state = :state "  # noqa: S608
            "AND (:reason = '' OR error_type = :reason) "
            "AND (CAST(:at AS timestamptz) IS NULL OR (created_at, id) > (CAST(:at AS timestamptz), CAST(:id AS uuid))) "
            "ORDER BY created_at, id LIMIT :limit"
        ),
        {
            "consumers": list(consumers),
            "state": state,
            "reason": reason,
            "at": after[0] if after else None,
            "id": after[1] if after else None,
            "limit": limit,
        },
    )
    return [_letter(row) for row in rows]


async def lock_dead_letter(session: AsyncSession, letter_id: UUID) -> DeadLetter:
    """An open dead letter, locked. Raises DeadLetterNotFound, DeadLetterAlreadySettled."""
    rows = await session.execute(
        text(f"SELECT {_COLUMNS} FROM dead_letter WHERE id = :id FOR UPDATE"),  # noqa: S608
        {"id": letter_id},
    )
    row = rows.one_or_none()
    if row is None:
        raise DeadLetterNotFound
    letter = _letter(row)
    if letter.state != "open":
        raise DeadLetterAlreadySettled
    return letter


async def settle(work: Work, letter: DeadLetter, state: str, note: str) -> None:
    """Close a dead letter as `replayed` or `discarded`."""
    await work.session.execute(
        text("UPDATE dead_letter SET state = :state, note = :note, settled_at = :at WHERE id = :id"),
        {"state": state, "note": note, "at": work.clock.machine(), "id": letter.id},
    )


async def revive(work: Work, letter: DeadLetter, data: dict[str, Any] | None) -> Arrived:
    """The dead letter as a fresh arrival (with `data` in place of its own when given), its inbox claim released."""
    record = letter.record
    if data is not None:
        record = Record(
            record.topic,
            record.partition,
            record.offset,
            record.timestamp,
            record.key,
            record.headers,
            orjson.dumps(data),
        )
    arrived = arrive(record)
    # one that was malformed keeps the claim on its place in the topic, where the same bytes still lie
    if arrived.event.event_key == letter.event_key:
        await inbox.forget(work.session, letter.consumer, letter.event_key)
    return arrived


def _storable(text: str) -> str:
    """The text without what PostgreSQL's text type refuses: NUL and lone surrogates."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _letter(row: Any) -> DeadLetter:
    record = Record(
        row.topic,
        row.partition,
        row.record_offset,
        row.record_timestamp,
        row.key,
        unpack_headers(row.headers),
        bytes(row.value),
    )
    return DeadLetter(
        row.id,
        row.consumer,
        row.event_key,
        row.event_id,
        row.event_type,
        row.state,
        row.error_type,
        row.error,
        row.attempts,
        row.note,
        row.created_at,
        row.settled_at,
        record,
    )
