"""Uploaded files and what became of their rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.gateway.domain.sheets import RowResult, RowStatus

_ADD = text("""
    INSERT INTO import_file (id, source, filename, digest, content, size, state, reason, total, position, accepted,
                             duplicate, rejected, ignored, created_by, created_at, practice)
    VALUES (:id, :source, :filename, :digest, :content, :size, 'pending', '', 0, 0, 0, 0, 0, 0, :by, :at, :practice)
    ON CONFLICT (source, digest) WHERE state <> 'failed' DO NOTHING RETURNING id
""")
_SUMMARY = """
    SELECT id, source, filename, size, state, reason, total, position, accepted, duplicate, rejected, ignored, created_by,
           created_at, finished_at, practice
    FROM import_file
"""
_LIST = text(
    _SUMMARY
    + """
    WHERE (CAST(:state AS text) IS NULL OR state = :state) AND (CAST(:before AS uuid) IS NULL OR id < :before)
    ORDER BY id DESC LIMIT :limit
"""
)
_GET = text(_SUMMARY + "WHERE id = :id")
_SAME = text(_SUMMARY + "WHERE source = :source AND digest = :digest AND state <> 'failed'")
_LEASE = text("""
    UPDATE import_file SET state = 'running', lease_until = :until, attempts = attempts + 1 WHERE id = (
        SELECT id FROM import_file
        WHERE state = 'pending' OR (state = 'running' AND lease_until < :now)
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING id, source, content, position, created_at, practice
""")
_SET_ASIDE = text("""
    UPDATE import_file SET state = 'failed', reason = :reason, finished_at = :at, lease_until = NULL
    WHERE state = 'running' AND lease_until < :now AND attempts >= :most
""")
_GIVE_BACK = text(
    "UPDATE import_file SET attempts = attempts - 1 WHERE id = :id AND state = 'running' AND attempts > 0"
)
_RETRY = text("""
    UPDATE import_file SET state = 'pending', reason = '', attempts = 0, finished_at = NULL
    WHERE id = :id AND state = 'failed' AND NOT EXISTS (
        SELECT FROM import_file AS other
        WHERE other.source = import_file.source AND other.digest = import_file.digest AND other.state <> 'failed')
    RETURNING id
""")
_BEGIN = text("UPDATE import_file SET total = :total WHERE id = :id")
# the position is the fence: whoever finds another one has lost the file to another replica
_ADVANCE = text("""
    UPDATE import_file SET position = position + :rows, accepted = accepted + :accepted, duplicate = duplicate + :duplicate,
                           rejected = rejected + :rejected, ignored = ignored + :ignored, lease_until = :until,
                           attempts = 0
    WHERE id = :id AND position = :position AND state = 'running' RETURNING id
""")
_FINISH = text("""
    UPDATE import_file SET state = :state, reason = :reason, finished_at = :at, lease_until = NULL
    WHERE id = :id AND state = 'running'
""")
_ADD_ROWS = text("""
    INSERT INTO import_row (import_id, number, status, column_name, reason, case_no, event_id)
    SELECT :id, number, status, column_name, reason, case_no, event_id
    FROM unnest(CAST(:numbers AS int[]), CAST(:statuses AS text[]), CAST(:columns AS text[]), CAST(:reasons AS text[]),
                CAST(:cases AS text[]), CAST(:events AS text[]))
         AS row (number, status, column_name, reason, case_no, event_id)
""")
_ROWS = text("""
    SELECT number, status, column_name, reason, case_no, event_id FROM import_row
    WHERE import_id = :id ORDER BY number
""")


@dataclass(frozen=True, slots=True)
class Leased:
    """A file to work on; `content` is sealed, `position` the rows already done."""

    id: UUID
    source: str
    content: bytes
    position: int
    created_at: datetime
    practice: bool = False


Summary = Row[tuple[object, ...]]


async def add_import(
    session: AsyncSession, import_id: UUID, source: str, filename: str, digest: bytes, content: bytes, size: int,
    by: str, at: datetime, practice: bool = False,
) -> bool:  # fmt: skip
    """Keep an uploaded file; False when the same file is there already."""
    added = await session.execute(
        _ADD,
        {"id": import_id, "source": source, "filename": filename, "digest": digest, "content": content, "size": size,
         "by": by, "at": at, "practice": practice},
    )  # fmt: skip
    return added.scalar() is not None


async def get_import(session: AsyncSession, import_id: UUID) -> Summary | None:
    return (await session.execute(_GET, {"id": import_id})).one_or_none()


async def list_imports(session: AsyncSession, state: str | None, before: UUID | None, limit: int) -> Sequence[Summary]:
    """Newest first; `before` is the last id of the page before."""
    return (await session.execute(_LIST, {"state": state, "before": before, "limit": limit})).all()


async def get_same_import(session: AsyncSession, source: str, digest: bytes) -> Summary:
    return (await session.execute(_SAME, {"source": source, "digest": digest})).one()


async def lease_import(session: AsyncSession, now: datetime, until: datetime) -> Leased | None:
    """The oldest waiting file, or one whose worker is gone; taking it counts as an attempt."""
    row = (await session.execute(_LEASE, {"now": now, "until": until})).one_or_none()
    return Leased(*row) if row else None


async def give_back(session: AsyncSession, import_id: UUID) -> None:
    """One attempt less of a file that is not done."""
    await session.execute(_GIVE_BACK, {"id": import_id})


async def set_aside(session: AsyncSession, most: int, reason: str, now: datetime, at: datetime) -> None:
    """Fail the files whose last `most` workers are gone without having done a row (`now` machine, `at` business time)."""
    await session.execute(_SET_ASIDE, {"most": most, "reason": reason, "now": now, "at": at})


async def retry(session: AsyncSession, import_id: UUID) -> bool:
    """Let a failed file go on where it stopped; False when it has not failed, or was uploaded again since."""
    return (await session.execute(_RETRY, {"id": import_id})).scalar() is not None


async def set_total(session: AsyncSession, import_id: UUID, total: int) -> None:
    await session.execute(_BEGIN, {"id": import_id, "total": total})


async def advance(
    session: AsyncSession, import_id: UUID, position: int, results: Sequence[RowResult], until: datetime
) -> bool:
    """Note the results of the next rows; False when another worker has the file now."""
    counts = Counter(item.status for item in results)
    moved = await session.execute(
        _ADVANCE,
        {"id": import_id, "position": position, "rows": len(results), "until": until}
        | {str(status): counts[status] for status in RowStatus},
    )
    if moved.scalar() is None:
        return False
    await session.execute(
        _ADD_ROWS,
        {
            "id": import_id,
            "numbers": [item.number for item in results],
            "statuses": [item.status for item in results],
            "columns": [item.column for item in results],
            "reasons": [item.reason for item in results],
            "cases": [item.case_no for item in results],
            "events": [item.event_id for item in results],
        },
    )
    return True


async def finish(session: AsyncSession, import_id: UUID, state: str, reason: str, at: datetime) -> None:
    await session.execute(_FINISH, {"id": import_id, "state": state, "reason": reason, "at": at})


async def list_rows(session: AsyncSession, import_id: UUID) -> list[RowResult]:
    """What became of every row, in order: as many as a file may have."""
    rows = await session.execute(_ROWS, {"id": import_id})
    return [RowResult(number, RowStatus(status), *rest) for number, status, *rest in rows]
