"""Identities of accepted events; raw messages that came with them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.domain.facts import Accepted
from services.gateway.domain.writeback import Origin
from shared.contracts.registry import short_name
from shared.ids import new_id
from shared.messaging.event import Event

Identity = tuple[str, str]


class Incoming(msgspec.Struct, frozen=True):
    """An event to accept, its lineage being its own event key.

    `body` is the sealed raw message to keep beside it, None when that is kept already.
    """

    event: Event
    kind: str = ""
    body: bytes | None = None

    @property
    def identity(self) -> Identity:
        return (self.event.id, self.event.source)


# sorted, so that concurrent batches with the same events wait for each other instead of deadlocking
_CLAIM = text("""
    WITH incoming AS (
        SELECT * FROM unnest(
            CAST(:ids AS text[]), CAST(:sources AS text[]), CAST(:keys AS uuid[]), CAST(:types AS text[]),
            CAST(:numbers AS text[]), CAST(:messages AS uuid[]), CAST(:kinds AS text[]), CAST(:bodies AS bytea[]),
            CAST(:customers AS text[])
        ) AS row (id, source, event_key, type, number, message, kind, body, key)
    ), claimed AS (
        INSERT INTO event_identity (id, source, event_key, type, number, received_at, key)
        SELECT id, source, event_key, type, number, :at, key FROM incoming ORDER BY id, source
        ON CONFLICT DO NOTHING RETURNING id, source
    ), kept AS (
        INSERT INTO raw_message (id, source, kind, content_type, body, state, result, reason, event_id, number,
                                 attempts, due_at, received_at)
        SELECT message, source, kind, 'application/cloudevents+json', body, 'done', 'new', '', id, number, 1, :at, :at
        FROM incoming JOIN claimed USING (id, source) WHERE body IS NOT NULL
    )
    SELECT id, source FROM claimed
""")
_ORIGINALS = text("""
    SELECT identity.id, identity.source, identity.event_key FROM event_identity AS identity
    JOIN unnest(CAST(:ids AS text[]), CAST(:sources AS text[])) AS wanted (id, source) USING (id, source)
""")
# looked up by id, which the primary key begins with, and told apart by source then
_ORIGINS = text("""
    SELECT id, source, type, number, event_key FROM event_identity
    WHERE event_key = ANY(CAST(:lineages AS uuid[])) OR id = ANY(CAST(:ids AS text[]))
""")
_ACCEPTED = text("""
    SELECT identity.id, identity.source, type, number, key, event_key FROM event_identity AS identity
    JOIN unnest(CAST(:ids AS text[]), CAST(:sources AS text[])) AS wanted (id, source) USING (id, source)
""")


async def claim(session: AsyncSession, incoming: Sequence[Incoming], at: datetime) -> set[Identity]:
    """Remember identities not seen before, with their raw messages, in one statement; returns the new ones."""
    rows = await session.execute(
        _CLAIM,
        {
            "ids": [item.event.id for item in incoming],
            "sources": [item.event.source for item in incoming],
            "keys": [item.event.event_key for item in incoming],
            "customers": [item.event.key for item in incoming],
            "types": [item.event.type for item in incoming],
            "numbers": [item.event.subject for item in incoming],
            "messages": [new_id() for _ in incoming],
            "kinds": [item.kind for item in incoming],
            "bodies": [item.body for item in incoming],
            "at": at,
        },
    )
    return {(row.id, row.source) for row in rows}


async def get_originals(session: AsyncSession, identities: Sequence[Identity]) -> dict[Identity, str]:
    """Lineages of what was accepted earlier under these identities."""
    if not identities:
        return {}
    rows = await session.execute(
        _ORIGINALS, {"ids": [item[0] for item in identities], "sources": [item[1] for item in identities]}
    )
    return {(row.id, row.source): str(row.event_key) for row in rows}


async def find_accepted(session: AsyncSession, identities: Sequence[Identity]) -> dict[Identity, Accepted]:
    """What was accepted earlier under these identities."""
    rows = await session.execute(
        _ACCEPTED, {"ids": [item[0] for item in identities], "sources": [item[1] for item in identities]}
    )
    return {(row.id, row.source): Accepted(row.type, row.number, row.key, str(row.event_key)) for row in rows}


async def find_origins(session: AsyncSession, lineages: Iterable[UUID], ids: Iterable[str]) -> list[Origin]:
    """The accepted facts with these lineages or event ids."""
    rows = await session.execute(_ORIGINS, {"lineages": list(lineages), "ids": list(ids)})
    return [Origin(row.source, row.id, short_name(row.type), row.number, str(row.event_key)) for row in rows]


async def forget_before(session: AsyncSession, table: str, at: datetime, limit: int) -> int:
    """Delete the oldest rows of `event_identity` or `raw_message` received before `at`; returns how many."""
    deleted = await session.execute(_FORGET[table], {"at": at, "limit": limit})
    return len(deleted.all())


_FORGET = {
    "raw_message": text("""
        DELETE FROM raw_message WHERE id IN (
            SELECT id FROM raw_message WHERE received_at < :at AND state = 'done' ORDER BY received_at LIMIT :limit
            FOR UPDATE SKIP LOCKED) RETURNING 1
    """),
    "event_identity": text("""
        DELETE FROM event_identity WHERE (id, source) IN (
            SELECT id, source FROM event_identity WHERE received_at < :at ORDER BY received_at LIMIT :limit
            FOR UPDATE SKIP LOCKED) RETURNING 1
    """),
    "import_file": text("""
        DELETE FROM import_file WHERE id IN (
            SELECT id FROM import_file WHERE created_at < :at AND state IN ('done', 'failed') ORDER BY id LIMIT :limit
            FOR UPDATE SKIP LOCKED) RETURNING 1
    """),
}
