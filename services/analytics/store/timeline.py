"""The timeline: an entry per event, added once, read by customer, by lineage or by a document's number."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.analytics.domain.timeline import Entry
from shared.erasure import scrubbed
from shared.scope import Scope, in_units

_SAVE = text("""
    INSERT INTO timeline_entry (day, event_key, at, name, customer, lineage, number, branch, details)
    SELECT (at AT TIME ZONE 'UTC')::date, event_key, at, name, customer, lineage, number, branch,
           convert_from(details, 'UTF8')::jsonb
    FROM unnest(CAST(:keys AS uuid[]), CAST(:times AS timestamptz[]), CAST(:names AS text[]), CAST(:customers AS text[]),
                CAST(:lineages AS text[]), CAST(:numbers AS text[]), CAST(:branches AS text[]), CAST(:details AS bytea[]))
         AS added (event_key, at, name, customer, lineage, number, branch, details)
    ON CONFLICT DO NOTHING
""")
_WORDS = text("SELECT day, event_key, name, details FROM timeline_entry WHERE customer = ANY(:customers)")
_ERASE = text("""
    UPDATE timeline_entry SET details = convert_from(told.details, 'UTF8')::jsonb
    FROM unnest(CAST(:days AS date[]), CAST(:keys AS uuid[]), CAST(:details AS bytea[])) AS told (day, event_key, details)
    WHERE timeline_entry.day = told.day AND timeline_entry.event_key = told.event_key
""")
_COLUMNS = "event_key, at, name, customer, lineage, number, branch, details"
_BY: Mapping[str, str] = {
    "customer_id": "customer = :customer_id",
    "lineage": "lineage = :lineage",
    # what carries the number itself, and all that followed from it
    "order": "lineage IN (SELECT lineage FROM timeline_entry WHERE number = :order)",
}


async def save_entries(session: AsyncSession, entries: Sequence[Entry]) -> None:
    """Add these; what is there already stays."""
    if not entries:
        return
    columns = {
        "keys": [entry.event_key for entry in entries],
        "times": [entry.at for entry in entries],
        "names": [entry.name for entry in entries],
        "customers": [entry.customer for entry in entries],
        "lineages": [entry.lineage for entry in entries],
        "numbers": [entry.number for entry in entries],
        "branches": [entry.branch for entry in entries],
        "details": [orjson.dumps(entry.details) for entry in entries],
    }
    await session.execute(_SAVE, columns)


async def erase_words(session: AsyncSession, customers: Sequence[str]) -> None:
    """Take what people wrote out of the entries of these customers; codes and figures stay."""
    rows = await session.execute(_WORDS, {"customers": list(customers)})
    told = [(row.day, row.event_key, row.details, scrubbed(row.name, row.details)) for row in rows]
    changed = [(day, key, orjson.dumps(after)) for day, key, before, after in told if after != before]
    if changed:
        days, keys, details = zip(*changed, strict=True)
        await session.execute(_ERASE, {"days": list(days), "keys": list(keys), "details": list(details)})


async def list_entries(
    session: AsyncSession, asked: Mapping[str, str], scope: Scope, after: tuple[datetime, UUID] | None, limit: int
) -> list[Entry]:
    """Entries that answer to every one of `asked` (keys of `_BY`) and lie in the scope, oldest first, after a place."""
    where = " AND ".join([*(_BY[name] for name in asked), in_units("branch")])
    # S608: the conditions are those above, values are bound
    query = f"""
        SELECT {_COLUMNS} FROM timeline_entry
        WHERE {where} AND (CAST(:at AS timestamptz) IS NULL OR (at, event_key) > (CAST(:at AS timestamptz), CAST(:key AS uuid)))
        ORDER BY at, event_key LIMIT :limit
    """  # noqa: S608
    at, key = after or (None, None)
    bound = {**asked, "units": scope.limit, "at": at, "key": key, "limit": limit}
    return [Entry(**row) for row in (await session.execute(text(query), bound)).mappings()]
