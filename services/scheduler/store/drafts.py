"""Packs that wait to be published."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.store.rows import dump, load

_COLUMNS = "id, pack, title, note, state, created_at, created_by, settled_at, settled_by"


@dataclass(frozen=True)
class StoredDraft:
    """A draft; `files` is path → text, left out in lists."""

    id: UUID
    pack: str
    title: str
    note: str
    state: str
    created_at: datetime
    created_by: str
    settled_at: datetime | None
    settled_by: str
    files: Mapping[str, str]


def _draft(row: RowMapping) -> StoredDraft:
    return StoredDraft(**{**row, "id": UUID(str(row["id"])), "files": load(row.get("files", {}))})


async def save_draft(session: AsyncSession, draft: StoredDraft) -> None:
    await session.execute(
        text(
            "INSERT INTO pack_draft (id, pack, title, note, files, state, created_at, created_by, settled_by) "
            "VALUES (:id, :pack, :title, :note, CAST(:files AS jsonb), 'open', :at, :by, '')"
        ),
        {
            "id": draft.id,
            "pack": draft.pack,
            "title": draft.title,
            "note": draft.note,
            "files": dump(draft.files),
            "at": draft.created_at,
            "by": draft.created_by,
        },
    )


async def lock_draft(session: AsyncSession, draft_id: UUID) -> StoredDraft | None:
    """A draft with its files that nobody else settles meanwhile."""
    return await _one(session, draft_id, " FOR UPDATE")


async def get_draft(session: AsyncSession, draft_id: UUID) -> StoredDraft | None:
    """A draft with its files."""
    return await _one(session, draft_id)


async def _one(session: AsyncSession, draft_id: UUID, lock: str = "") -> StoredDraft | None:
    rows = await session.execute(
        text(f"SELECT {_COLUMNS}, files FROM pack_draft WHERE id = :id{lock}"),  # noqa: S608 - constants only
        {"id": draft_id},
    )
    row = rows.mappings().first()
    return _draft(row) if row else None


async def list_drafts(
    session: AsyncSession, state: str | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[StoredDraft]:
    """Newest first, at most `limit + 1`, without files."""
    rows = await session.execute(
        text(
            f"SELECT {_COLUMNS} FROM pack_draft WHERE (CAST(:state AS text) IS NULL OR state = :state) "  # noqa: S608
            "AND (CAST(:at AS timestamptz) IS NULL OR (created_at, id) < (:at, CAST(:id AS uuid))) "
            "ORDER BY created_at DESC, id DESC LIMIT :limit"
        ),
        {"state": state, "at": after and after[0], "id": after and after[1], "limit": limit + 1},
    )
    return [_draft(row) for row in rows.mappings()]


async def settle_draft(session: AsyncSession, draft_id: UUID, state: str, by: str, at: datetime) -> None:
    await session.execute(
        text("UPDATE pack_draft SET state = :state, settled_at = :at, settled_by = :by WHERE id = :id"),
        {"id": draft_id, "state": state, "by": by, "at": at},
    )
