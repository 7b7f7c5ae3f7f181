"""Replies that may be refusals, and rows of providers that could not be read."""

# ruff: noqa: S608 - statements are put together from our own column names only

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.store.contacts import of_seen
from shared.bulk import as_rows, insertion, whole_rows
from shared.scope import Scope


@dataclass(frozen=True)
class DoubtfulReply:
    """`recipient` is the sealed number it came from, `category` that of the message it answers ("" for none); `refuses` is
    None until somebody has decided."""

    id: UUID
    recipient: str
    customer_id: str
    send_id: UUID | None
    category: str
    lineage: str
    content: str
    received_at: datetime
    refuses: bool | None = None
    remark: str = ""
    decided_by: str = ""
    decided_at: datetime | None = None


_NAMES = [field.name for field in fields(DoubtfulReply)]
_COLUMNS = ", ".join(_NAMES)
_SEEN = of_seen("doubtful_reply")
_ADD = text(insertion("doubtful_reply", _NAMES, whole_rows("doubtful_reply")))
_LOCK = text(f"SELECT {_COLUMNS} FROM doubtful_reply WHERE id = :id AND {_SEEN} FOR UPDATE")
_DECIDE = text("""
    UPDATE doubtful_reply SET refuses = :refuses, remark = :remark, decided_by = :by, decided_at = :at WHERE id = :id
""")
_DECIDE_REFUSED = text("""
    UPDATE doubtful_reply SET refuses = true, remark = :remark, decided_by = :by, decided_at = :at
    FROM unnest(CAST(:numbers AS text[]), CAST(:notices AS boolean[])) AS refused (number, notices)
    WHERE recipient = refused.number AND decided_at IS NULL AND (refused.notices OR category <> 'notice')
""")
_OPEN = f"""
    SELECT {_COLUMNS} FROM doubtful_reply WHERE decided_at IS NULL AND {_SEEN}
    AND (CAST(:at AS timestamptz) IS NULL OR (received_at, id) > (CAST(:at AS timestamptz), CAST(:id AS uuid)))
    ORDER BY received_at, id LIMIT :limit
"""
_DECIDED = _OPEN.replace("decided_at IS NULL", "decided_at IS NOT NULL")
_UNDECIDED = text("""
    SELECT recipient, customer_id FROM doubtful_reply WHERE decided_at IS NULL
    AND (recipient = ANY(:recipients) OR (customer_id <> '' AND customer_id = ANY(:customers)))
""")
_COUNT = text("SELECT count(*) FROM doubtful_reply WHERE decided_at IS NULL")


async def add(session: AsyncSession, replies: Sequence[DoubtfulReply]) -> None:
    if replies:
        await session.execute(_ADD, {"rows": as_rows(replies)})


async def list_replies(
    session: AsyncSession, decided: bool, scope: Scope, after: tuple[datetime, UUID] | None, limit: int
) -> list[DoubtfulReply]:
    """Those decided, or those still open: the longest waiting first."""
    at, row_id = after or (None, None)
    values = {"at": at, "id": row_id, "units": scope.limit, "limit": limit}
    rows = await session.execute(text(_DECIDED if decided else _OPEN), values)
    return [DoubtfulReply(**row) for row in rows.mappings()]


async def lock(session: AsyncSession, reply_id: UUID, scope: Scope) -> DoubtfulReply | None:
    row = (await session.execute(_LOCK, {"id": reply_id, "units": scope.limit})).mappings().one_or_none()
    return DoubtfulReply(**row) if row else None


async def decide(session: AsyncSession, reply_id: UUID, refuses: bool, remark: str, by: str, at: datetime) -> None:
    await session.execute(_DECIDE, {"id": reply_id, "refuses": refuses, "remark": remark, "by": by, "at": at})


async def decide_refused(
    session: AsyncSession, refused: Mapping[str, bool], remark: str, by: str, at: datetime
) -> None:
    """The open ones of these numbers are refusals; those of notices only where notices are refused too (number → whether)."""
    if refused:
        values = {"numbers": list(refused), "notices": list(refused.values())}
        await session.execute(_DECIDE_REFUSED, values | {"remark": remark, "by": by, "at": at})


async def undecided(
    session: AsyncSession, recipients: Sequence[str], customers: Sequence[str]
) -> tuple[set[str], set[str]]:
    """The numbers and the customers among these that an open reply is of."""
    found = (await session.execute(_UNDECIDED, {"recipients": recipients, "customers": customers})).all()
    return {row[0] for row in found}, {row[1] for row in found} - {""}


async def count_open(session: AsyncSession) -> int:
    return int((await session.execute(_COUNT)).scalar_one())


@dataclass(frozen=True)
class BrokenRow:
    """`kind` is receipts or replies; `content` is masked."""

    id: UUID
    provider: str
    kind: str
    digest: str
    content: str
    reason: str
    received_at: datetime


_BROKEN_NAMES = [field.name for field in fields(BrokenRow)]
_BROKEN_COLUMNS = ", ".join(_BROKEN_NAMES)
_ADD_BROKEN = text(
    insertion("broken_row", _BROKEN_NAMES, whole_rows("broken_row"))
    + " ON CONFLICT (provider, kind, digest) DO NOTHING"
)
_BROKEN = text(f"""
    SELECT {_BROKEN_COLUMNS} FROM broken_row
    WHERE CAST(:at AS timestamptz) IS NULL OR (received_at, id) < (CAST(:at AS timestamptz), CAST(:id AS uuid))
    ORDER BY received_at DESC, id DESC LIMIT :limit
""")


async def add_broken(session: AsyncSession, rows: Sequence[BrokenRow]) -> None:
    """Keep rows; one that is kept already stays once."""
    if rows:
        await session.execute(_ADD_BROKEN, {"rows": as_rows(rows)})


async def list_broken(session: AsyncSession, after: tuple[datetime, UUID] | None, limit: int) -> list[BrokenRow]:
    """The newest first."""
    at, row_id = after or (None, None)
    rows: Any = await session.execute(_BROKEN, {"at": at, "id": row_id, "limit": limit})
    return [BrokenRow(**row) for row in rows.mappings()]
