"""The inbox: which events this consumer has already taken effect of."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.messaging.event import Event

# sorted, so that two members claiming the same events wait for each other instead of deadlocking
_CLAIM = text("""
    WITH claim AS (
        SELECT day, key FROM unnest(CAST(:days AS date[]), CAST(:keys AS uuid[])) AS claim (day, key)
    ), fresh AS (
        INSERT INTO inbox (consumer, event_day, event_key)
        SELECT :consumer, day, key FROM claim ORDER BY day, key
        ON CONFLICT DO NOTHING
        RETURNING event_key
    )
    SELECT array_agg(key) FROM claim WHERE key NOT IN (SELECT event_key FROM fresh)
""")
_FORGET = text("DELETE FROM inbox WHERE consumer = :consumer AND event_key = :key")


async def claim(session: AsyncSession, consumer: str, events: Sequence[Event]) -> list[Event]:
    """Claim events for `consumer` in the running transaction; returns those nobody had claimed, in order, each once."""
    unique: dict[UUID, Event] = {}
    for event in events:
        unique.setdefault(event.event_key, event)
    values = {"consumer": consumer, "days": [event.day for event in unique.values()], "keys": list(unique)}
    known = set(await session.scalar(_CLAIM, values) or ())
    return [event for key, event in unique.items() if key not in known]


async def forget(session: AsyncSession, consumer: str, key: UUID) -> None:
    """Forget a claim, so that a replayed dead letter can be handled."""
    await session.execute(_FORGET, {"consumer": consumer, "key": key})
