"""Raw messages: kept first, understood later."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.models import MessageRow
from shared.ids import new_id
from shared.leases import SUSPECT

_ADD = text("""
    INSERT INTO raw_message (id, source, kind, content_type, body, state, reason, event_id, number, attempts, due_at,
                             received_at, practice)
    SELECT id, :source, :kind, :content_type, body, 'pending', '', '', '', 0, :due, :at, :practice
    FROM unnest(CAST(:ids AS uuid[]), CAST(:bodies AS bytea[])) AS row (id, body)
""")
# a lease is a later due_at: a worker that dies in between leaves the message to another after it, and the attempt counted
_LEASE = text("""
    UPDATE raw_message SET attempts = attempts + 1, due_at = :lease WHERE id IN (
        SELECT id FROM raw_message WHERE state = 'pending' AND due_at <= :now AND (attempts >= :suspect) = :suspects
        ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING id, source, kind, content_type, body, attempts, received_at, practice
""")
_LOCK = text("""
    SELECT id FROM raw_message WHERE state = 'pending' AND id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE SKIP LOCKED
""")
_SET_ASIDE = text("""
    UPDATE raw_message SET state = 'done', result = 'failed', reason = :reason
    WHERE state = 'pending' AND due_at <= :now AND attempts >= :most
""")
_GIVE_BACK = text("""
    UPDATE raw_message SET attempts = leased.attempts - 1, due_at = :now
    FROM (SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:counts AS int[])) AS row (id, attempts) ORDER BY id) leased
    WHERE raw_message.id = leased.id AND raw_message.attempts = leased.attempts AND state = 'pending'
""")
_SETTLE = text("""
    UPDATE raw_message SET state = 'done', result = row.result, reason = row.reason, event_id = row.event_id,
                           number = row.number
    FROM unnest(CAST(:ids AS uuid[]), CAST(:results AS text[]), CAST(:reasons AS text[]), CAST(:events AS text[]),
                CAST(:numbers AS text[])) AS row (id, result, reason, event_id, number)
    WHERE raw_message.id = row.id
""")


@dataclass(frozen=True, slots=True)
class Pending:
    """A claimed message; `body` is sealed."""

    id: UUID
    source: str
    kind: str
    content_type: str
    body: bytes
    attempts: int
    received_at: datetime
    practice: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a message came to: new, duplicate, rejected, ignored or failed."""

    id: UUID
    result: str
    reason: str = ""
    event_id: str = ""
    number: str = ""


async def add_messages(
    session: AsyncSession,
    source: str,
    kind: str,
    content_type: str,
    bodies: Sequence[bytes],
    at: datetime,
    due: datetime,
    practice: bool = False,
) -> list[UUID]:
    """Keep sealed raw messages for the canonicalising job; ids in order."""
    ids = [new_id() for _ in bodies]
    await session.execute(
        _ADD,
        {
            "ids": ids,
            "bodies": bodies,
            "source": source,
            "kind": kind,
            "content_type": content_type,
            "at": at,
            "due": due,
            "practice": practice,
        },
    )
    return ids


async def lease_pending(
    session: AsyncSession, now: datetime, lease: datetime, limit: int, suspects: bool = False
) -> list[Pending]:
    """Lease messages that are due (machine time), in the order of their arrival; other replicas take others. Either only
    what workers may have died of or nothing of that.
    """
    values = {"now": now, "lease": lease, "limit": limit, "suspect": SUSPECT, "suspects": suspects}
    rows = await session.execute(_LEASE, values)
    return sorted((Pending(*row) for row in rows), key=lambda message: message.id)


async def lock_leased(session: AsyncSession, leased: Sequence[Pending]) -> list[Pending]:
    """Those that are still pending, nobody else's until the transaction ends."""
    locked = set((await session.execute(_LOCK, {"ids": [message.id for message in leased]})).scalars())
    return [message for message in leased if message.id in locked]


async def give_back(session: AsyncSession, leased: Sequence[Pending], now: datetime) -> None:
    """Take back that these were taken, as far as they are still pending and nobody has taken them since."""
    values = {"ids": [message.id for message in leased], "counts": [message.attempts for message in leased]}
    await session.execute(_GIVE_BACK, values | {"now": now})


async def set_aside(session: AsyncSession, most: int, reason: str, now: datetime) -> None:
    """Fail what was taken `most` times and came to nothing."""
    await session.execute(_SET_ASIDE, {"most": most, "reason": reason, "now": now})


async def settle(session: AsyncSession, results: Sequence[Result]) -> None:
    """Write what messages came to."""
    if not results:
        return
    await session.execute(
        _SETTLE,
        {
            "ids": [item.id for item in results],
            "results": [item.result for item in results],
            "reasons": [item.reason for item in results],
            "events": [item.event_id for item in results],
            "numbers": [item.number for item in results],
        },
    )


async def put_off(session: AsyncSession, message_id: UUID, due: datetime, reason: str) -> None:
    """Try a message again at `due` (machine time)."""
    await session.execute(
        update(MessageRow)
        .where(MessageRow.id == message_id)  # type: ignore[arg-type]
        .values(due_at=due, reason=reason)
    )


async def reopen(session: AsyncSession, message_id: UUID, due: datetime) -> bool:
    """Make a settled message pending again; False when there is none such."""
    changed = await session.execute(
        update(MessageRow)
        .where(MessageRow.id == message_id, MessageRow.state == "done")  # type: ignore[arg-type]
        .values(state="pending", result=None, reason="", attempts=0, due_at=due)
        .returning(MessageRow.id)  # type: ignore[call-overload]
    )
    return changed.scalar() is not None


_COLUMNS: tuple[Any, ...] = (
    MessageRow.id, MessageRow.source, MessageRow.kind, MessageRow.content_type, MessageRow.body, MessageRow.state,
    MessageRow.result, MessageRow.reason, MessageRow.event_id, MessageRow.number, MessageRow.attempts,
    MessageRow.received_at, MessageRow.practice,
)  # fmt: skip


async def get_message(session: AsyncSession, message_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(*_COLUMNS).where(MessageRow.id == message_id))).one_or_none()  # type: ignore[arg-type]


async def list_messages(
    session: AsyncSession, source: str | None, result: str | None, before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Newest first; `before` is the last id of the page before."""
    query = select(*_COLUMNS).order_by(MessageRow.id.desc()).limit(limit)  # type: ignore[attr-defined]
    if source:
        query = query.where(MessageRow.source == source)  # type: ignore[arg-type]
    if result:
        query = query.where(MessageRow.state == "pending" if result == "pending" else MessageRow.result == result)  # type: ignore[arg-type]
    if before:
        query = query.where(MessageRow.id < before)  # type: ignore[arg-type]
    return (await session.execute(query)).all()


async def count_pending(session: AsyncSession) -> tuple[int, datetime | None]:
    """How many messages wait, and since when (machine time) the first of them is due."""
    query = select(func.count(), func.min(MessageRow.due_at)).where(MessageRow.state == "pending")  # type: ignore[arg-type]
    number, first = (await session.execute(query)).one()
    return number, first
