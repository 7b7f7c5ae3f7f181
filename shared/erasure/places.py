"""Where the core of every service holds whole events of a customer, and how their data is overwritten there.

An event is its customer's by its key. What people and the organisation tell of themselves is keyed otherwise and is not theirs.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.base import ORGANISATION, PEOPLE
from shared.erasure.scrub import scrubbed

_OTHERS = [PEOPLE, ORGANISATION]
_WAITING = text(
    "SELECT id, headers, value FROM outbox WHERE key = ANY(:customers) AND topic <> ALL(:others) ORDER BY id FOR UPDATE"
)
_DEAD = text("SELECT id, headers, value FROM dead_letter WHERE key = ANY(:customers) ORDER BY id FOR UPDATE")
_PARTS = text("""
    SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST('outbox_archive' AS regclass) ORDER BY 1
""")


async def scrub_core(session: AsyncSession, customers: Sequence[str]) -> None:
    """What waits to be published, and dead letters."""
    asked = {"customers": list(customers)}
    for row in (await session.execute(_WAITING, asked | {"others": _OTHERS})).all():
        await _set(session, "UPDATE outbox SET headers = :headers, value = :value WHERE id = :id", row)
    for row in (await session.execute(_DEAD, asked)).all():
        # what was wrong with it may be told in its own words
        await _set(session, "UPDATE dead_letter SET headers = :headers, value = :value, error = '' WHERE id = :id", row)


async def archive_parts(session: AsyncSession) -> list[str]:
    """The names of the archive's days, oldest first."""
    return list((await session.execute(_PARTS)).scalars())


async def scrub_archive(session: AsyncSession, part: str, customers: Sequence[str]) -> None:
    """One day of what was published. The archive has no index by key: a day is read from its beginning to its end."""
    rows = await session.execute(
        text(f"SELECT id, headers, value FROM {part} WHERE key = ANY(:customers) AND topic <> ALL(:others)"),  # noqa: S608
        {"customers": list(customers), "others": _OTHERS},
    )
    told = [(row, _scrubbed(row.headers, row.value)) for row in rows]
    changed = [(row.id, *after) for row, after in told if after != (bytes(row.headers), bytes(row.value))]
    if not changed:
        return
    ids, headers, values = zip(*changed, strict=True)
    await session.execute(
        text(f"""
            UPDATE {part} SET headers = told.headers, value = told.value
            FROM unnest(CAST(:ids AS bigint[]), CAST(:headers AS bytea[]), CAST(:values AS bytea[]))
                 AS told (id, headers, value)
            WHERE {part}.id = told.id
        """),  # noqa: S608 - the name is PostgreSQL's own
        {"ids": list(ids), "headers": list(headers), "values": list(values)},
    )


async def _set(session: AsyncSession, statement: str, row: Any) -> None:
    headers, value = _scrubbed(row.headers, row.value)
    await session.execute(text(statement), {"id": row.id, "headers": headers, "value": value})


def _scrubbed(headers: bytes, value: bytes) -> tuple[bytes, bytes]:
    """Headers and value as stored, without what may tell who the customer is; what is no JSON object becomes an empty one."""
    kept = [pair for pair in orjson.loads(headers) if pair[0] != "dlq_reason"]
    kind = next((pair[1] for pair in kept if pair[0] == "ce_type"), "")
    data = _read(value)
    return orjson.dumps(kept), orjson.dumps(scrubbed(kind, data) if isinstance(data, dict) else {})


def _read(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return {}
