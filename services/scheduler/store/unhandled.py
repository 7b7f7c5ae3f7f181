"""Events that the scheduler could not handle."""

from typing import NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.intake import number_of

_DEAD = text("""
    SELECT id, event_id, event_type, error, value FROM dead_letter
    WHERE state = 'open' AND ((CAST(:event_id AS text) IS NULL AND key = :customer_id) OR event_id = :event_id)
    ORDER BY created_at, id LIMIT :limit
""")


class Unhandled(NamedTuple):
    """An open dead letter."""

    id: UUID
    event_id: str
    event_type: str
    error: str


async def find_unhandled(
    session: AsyncSession, event_id: str | None, customer_id: str, order: str, limit: int
) -> list[Unhandled]:
    """Open dead letters of an event, or about a customer's document."""
    rows = await session.execute(_DEAD, {"event_id": event_id, "customer_id": customer_id, "limit": limit})
    return [Unhandled(*row[:4]) for row in rows if event_id or _number(bytes(row[4])) == order]


def _number(value: bytes) -> str:
    try:
        data = orjson.loads(value)
    except ValueError:
        return ""
    return number_of(data) if isinstance(data, dict) else ""
