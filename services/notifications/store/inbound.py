"""Receipts, replies and greeting days."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.store.contacts import of_seen
from shared.bulk import as_rows, insertion, whole_rows
from shared.scope import Scope

_RECEIPT = ("provider", "provider_ref", "recipient", "status", "send_id", "code", "reported_at", "received_at")
_REPLY = (
    *("provider", "sequence", "recipient", "content", "customer_id", "send_id", "digit", "refused", "received_at"),
)
_ADD_RECEIPTS = text(f"""
    {insertion("receipt", _RECEIPT, whole_rows("receipt"))}
    ON CONFLICT DO NOTHING RETURNING provider_ref, recipient, status
""")
_ADD_REPLIES = text(f"""
    {insertion("reply", _REPLY, whole_rows("reply"))}
    ON CONFLICT DO NOTHING RETURNING sequence, recipient
""")
_REPLIES = text(f"""
    SELECT {", ".join(_REPLY)} FROM reply WHERE customer_id = :customer_id AND {of_seen("reply")}
    AND (CAST(:at AS timestamptz) IS NULL OR (received_at, sequence) < (CAST(:at AS timestamptz), CAST(:sequence AS text)))
    ORDER BY received_at DESC, sequence DESC LIMIT :limit
""")  # noqa: S608 - constants only
_LAST_DAY = text("SELECT max(day) FROM greeting_day")
_CLAIM_DAY = text("""
    INSERT INTO greeting_day (day, planned_at, planned) VALUES (:day, :at, 0) ON CONFLICT DO NOTHING RETURNING day
""")
_NOTE_PLANNED = text("UPDATE greeting_day SET planned = :planned WHERE day = :day")


async def add_receipts(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> set[tuple[str, str, str]]:
    """Note receipts; returns (ref, recipient, status) of those not seen before."""
    added = await session.execute(_ADD_RECEIPTS, {"rows": as_rows(rows)})
    return {tuple(row) for row in added}


async def add_replies(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> set[tuple[str, str]]:
    """Note replies; returns (sequence, recipient) of those not seen before."""
    added = await session.execute(_ADD_REPLIES, {"rows": as_rows(rows)})
    return {tuple(row) for row in added}


async def list_replies(
    session: AsyncSession, customer_id: str, scope: Scope, after: tuple[datetime, str] | None, limit: int
) -> list[dict[str, Any]]:
    """A customer's replies, the newest first, from behind `after`."""
    at, sequence = after or (None, None)
    values = {"customer_id": customer_id, "units": scope.limit, "at": at, "sequence": sequence, "limit": limit}
    rows = await session.execute(_REPLIES, values)
    return [dict(row) for row in rows.mappings()]


async def last_greeting_day(session: AsyncSession) -> date | None:
    """The latest day planned; None before the first."""
    found: date | None = (await session.execute(_LAST_DAY)).scalar()
    return found


async def claim_greeting_day(session: AsyncSession, day: date, at: datetime) -> bool:
    """Whether this transaction is the one that plans `day`; a twin waits for us, then finds it taken."""
    return (await session.execute(_CLAIM_DAY, {"day": day, "at": at})).scalar() is not None


async def note_planned(session: AsyncSession, day: date, planned: int) -> None:
    await session.execute(_NOTE_PLANNED, {"day": day, "planned": planned})
