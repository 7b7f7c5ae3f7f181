"""The newest known state of senders' documents."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.domain.documents import Known

DocumentKey = tuple[str, str]

# a row is made before it is locked: two reports of a document nobody knew yet must wait for each other too
_ENSURE = text("""
    INSERT INTO source_document (source, number, status, fact, modified_at)
    SELECT source, number, '', '', 'epoch' FROM unnest(CAST(:sources AS text[]), CAST(:numbers AS text[]))
         AS row (source, number) ORDER BY source, number
    ON CONFLICT DO NOTHING
""")
_LOCK = text("""
    SELECT source, number, modified_at, fact, event_id, withdrawn FROM source_document
    WHERE (source, number) IN (SELECT * FROM unnest(CAST(:sources AS text[]), CAST(:numbers AS text[])))
    ORDER BY source, number FOR UPDATE
""")
_SAVE = text("""
    UPDATE source_document SET status = row.status, fact = row.fact, modified_at = row.modified_at,
                               event_id = row.event_id, withdrawn = row.withdrawn
    FROM unnest(CAST(:sources AS text[]), CAST(:numbers AS text[]), CAST(:statuses AS text[]), CAST(:facts AS text[]),
                CAST(:times AS timestamptz[]), CAST(:events AS text[]), CAST(:withdrawn AS int[]))
         AS row (source, number, status, fact, modified_at, event_id, withdrawn)
    WHERE source_document.source = row.source AND source_document.number = row.number
""")


async def lock_documents(session: AsyncSession, keys: Sequence[DocumentKey]) -> dict[DocumentKey, Known]:
    """Lock the documents in key order, made when unknown."""
    if not keys:
        return {}
    names = {"sources": [key[0] for key in keys], "numbers": [key[1] for key in keys]}
    await session.execute(_ENSURE, names)
    rows = await session.execute(_LOCK, names)
    return {(row.source, row.number): Known(row.modified_at, row.fact, row.event_id, row.withdrawn) for row in rows}


async def save_documents(session: AsyncSession, documents: Mapping[DocumentKey, tuple[str, Known]]) -> None:
    """Write newest states, one per document: as the sender names it, and what is known then."""
    if not documents:
        return
    await session.execute(
        _SAVE,
        {
            "sources": [source for source, _ in documents],
            "numbers": [number for _, number in documents],
            "statuses": [status for status, _ in documents.values()],
            "facts": [known.fact for _, known in documents.values()],
            "times": [known.modified_at for _, known in documents.values()],
            "events": [known.event_id for _, known in documents.values()],
            "withdrawn": [known.withdrawn for _, known in documents.values()],
        },
    )
