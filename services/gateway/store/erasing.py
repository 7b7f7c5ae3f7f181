"""What the gateway keeps about customers who asked for erasure: found by the identities of their facts, day by day.

Neither identities nor raw messages have an index by customer: it would cost every fact that comes in. Each statement reads the
rows of one day, by the index by which old ones are forgotten.
"""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.domain.erasing import erased_result

Identity = tuple[str, str]
GONE = "原文已按客户要求删除"
_DAY = timedelta(days=1)
_OLDEST = {
    table: text(f"SELECT min({column}) FROM {table}")  # noqa: S608 - names of ours
    for table, column in (("event_identity", "received_at"), ("raw_message", "received_at"), ("delivery", "created_at"))
}
_IDENTITIES = text("""
    SELECT id, source FROM event_identity
    WHERE received_at >= :begin AND received_at < :end AND key = ANY(CAST(:customers AS text[]))
""")
_MESSAGES = text("""
    UPDATE raw_message SET body = :empty, reason = :gone
    FROM unnest(CAST(:ids AS text[]), CAST(:sources AS text[])) AS theirs (id, source)
    WHERE received_at >= :begin AND received_at < :end AND event_id = theirs.id AND raw_message.source = theirs.source
      AND state = 'done'
""")
_FILES = text("""
    UPDATE import_file SET content = :empty WHERE state IN ('done', 'failed') AND EXISTS (
        SELECT FROM import_row WHERE import_id = import_file.id AND event_id = ANY(CAST(:ids AS text[])))
""")
_ROWS = text("UPDATE import_row SET reason = '' WHERE reason <> '' AND event_id = ANY(CAST(:ids AS text[]))")
_RESULTS = text("""
    SELECT delivery.id, body FROM delivery
    JOIN unnest(CAST(:ids AS text[]), CAST(:sources AS text[])) AS theirs (id, source)
      ON body::jsonb -> 'data' ->> 'source_event_id' = theirs.id AND body::jsonb -> 'data' ->> 'source' = theirs.source
    WHERE created_at >= :begin AND created_at < :end ORDER BY delivery.id FOR UPDATE OF delivery
""")
_SET_RESULT = text("UPDATE delivery SET body = :body, last_error = '' WHERE id = :id")


async def identities_of(session: AsyncSession, customers: Collection[str], now: datetime) -> list[Identity]:
    """(id, source) of the facts of these customers, as long as the gateway remembers them."""
    found: list[Identity] = []
    async for begin, end in _days(session, "event_identity", now):
        rows = await session.execute(_IDENTITIES, {"begin": begin, "end": end, "customers": list(customers)})
        found += [(row.id, row.source) for row in rows]
    return found


async def empty_messages(session: AsyncSession, identities: Sequence[Identity], empty: bytes, now: datetime) -> None:
    """Raw messages that these facts came in, and uploaded files with them, hold nothing (`empty`, sealed) any more."""
    theirs = _columns(identities)
    async for begin, end in _days(session, "raw_message", now):
        await session.execute(_MESSAGES, theirs | {"begin": begin, "end": end, "empty": empty, "gone": GONE})
    await session.execute(_FILES, {"ids": theirs["ids"], "empty": empty})
    await session.execute(_ROWS, {"ids": theirs["ids"]})


async def erase_results(session: AsyncSession, identities: Sequence[Identity], now: datetime) -> None:
    """Results that were, or are still to be, written back to who sent these facts say codes and figures alone."""
    theirs = _columns(identities)
    async for begin, end in _days(session, "delivery", now):
        for row in (await session.execute(_RESULTS, theirs | {"begin": begin, "end": end})).all():
            before = orjson.loads(row.body)
            if (after := erased_result(before)) != before:
                await session.execute(_SET_RESULT, {"id": row.id, "body": orjson.dumps(after).decode()})


async def _days(session: AsyncSession, table: str, now: datetime) -> AsyncIterator[tuple[datetime, datetime]]:
    """The days from the oldest row of the table on, `now` among them."""
    begin = (await session.execute(_OLDEST[table])).scalar()
    while begin is not None and begin <= now:
        yield begin, begin + _DAY
        begin += _DAY


def _columns(identities: Sequence[Identity]) -> dict[str, Any]:
    return {"ids": [one for one, _ in identities], "sources": [source for _, source in identities]}
