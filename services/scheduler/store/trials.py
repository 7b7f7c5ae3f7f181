"""Trial runs: what was asked, how far they are, what came of them; and the facts that were uploaded for them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.store.rows import dump, load

_COLUMNS = "id, pack, title, state, request, done, total, result, error, created_at, created_by, changed_at"
_CLAIM = text(f"""
    UPDATE trial SET state = 'running', done = 0, lease_until = :lease_until, changed_at = :now, attempts = attempts + 1
    WHERE id = (SELECT id FROM trial WHERE state = 'queued' OR (state = 'running' AND lease_until < :machine)
                ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING {_COLUMNS}
""")  # noqa: S608 - constants only
_LOST = text("""
    SELECT id FROM trial WHERE state = 'running' AND lease_until < :machine AND attempts >= :most FOR UPDATE SKIP LOCKED
""")
_SETTLE = text("""
    UPDATE trial SET state = :state, result = CAST(:result AS jsonb), error = :error, changed_at = :now, lease_until = NULL
    WHERE id = :id AND state = 'running'
""")


@dataclass(frozen=True)
class StoredTrial:
    """`request` holds the pack's files, the days and the agents; `result` is the report of a finished one."""

    id: UUID
    pack: str
    title: str
    state: str
    request: Mapping[str, Any]
    done: int
    total: int
    result: Mapping[str, Any] | None
    error: str
    created_at: datetime
    created_by: str
    changed_at: datetime


def _trial(row: RowMapping) -> StoredTrial:
    values = {**row, "id": UUID(str(row["id"]))}
    return StoredTrial(**(values | {name: load(row[name]) for name in ("request", "result")}))


async def add_trial(session: AsyncSession, trial: StoredTrial) -> None:
    await session.execute(
        text(
            "INSERT INTO trial (id, pack, title, state, request, done, total, error, created_at, created_by, changed_at) "
            "VALUES (:id, :pack, :title, 'queued', CAST(:request AS jsonb), 0, 0, '', :at, :by, :at)"
        ),
        {
            "id": trial.id,
            "pack": trial.pack,
            "title": trial.title,
            "request": dump(trial.request),
            "at": trial.created_at,
            "by": trial.created_by,
        },
    )


async def add_facts(session: AsyncSession, trial_id: UUID, part: int, lines: bytes) -> None:
    """Keep a compressed part of the uploaded file."""
    await session.execute(
        text("INSERT INTO trial_facts (trial_id, part, lines) VALUES (:id, :part, :lines)"),
        {"id": trial_id, "part": part, "lines": lines},
    )


async def read_facts(session: AsyncSession, trial_id: UUID) -> AsyncIterator[bytes]:
    """The uploaded parts in their order."""
    part = 0
    while lines := await session.scalar(
        text("SELECT lines FROM trial_facts WHERE trial_id = :id AND part = :part"), {"id": trial_id, "part": part}
    ):
        yield bytes(lines)
        part += 1


async def claim_trial(
    session: AsyncSession, now: datetime, machine: datetime, lease_until: datetime
) -> StoredTrial | None:
    """The trial that waits longest, or one whose runner has gone."""
    rows = await session.execute(_CLAIM, {"now": now, "machine": machine, "lease_until": lease_until})
    row = rows.mappings().first()
    return _trial(row) if row else None


async def list_lost(session: AsyncSession, machine: datetime, most: int) -> list[UUID]:
    """Trials whose last runner is gone, and which have had `most` of them."""
    return list((await session.execute(_LOST, {"machine": machine, "most": most})).scalars())


async def note_progress(session: AsyncSession, trial_id: UUID, done: int, total: int, lease_until: datetime) -> bool:
    """Say how far a trial is; False when it is not running any more."""
    rows = await session.execute(
        text(
            "UPDATE trial SET done = :done, total = :total, lease_until = :lease_until "
            "WHERE id = :id AND state = 'running' RETURNING id"
        ),
        {"id": trial_id, "done": done, "total": total, "lease_until": lease_until},
    )
    return rows.first() is not None


async def settle_trial(
    session: AsyncSession, trial_id: UUID, state: str, now: datetime, result: Mapping[str, Any] | None, error: str
) -> None:
    """A trial ends; the facts uploaded for it go."""
    values = {"id": trial_id, "state": state, "now": now, "error": error}
    await session.execute(_SETTLE, values | {"result": None if result is None else dump(result)})
    await session.execute(text("DELETE FROM trial_facts WHERE trial_id = :id"), {"id": trial_id})


async def cancel_trial(session: AsyncSession, trial_id: UUID, now: datetime) -> bool:
    """Call a trial off that has not ended; its runner notices."""
    rows = await session.execute(
        text(
            "UPDATE trial SET state = 'cancelled', changed_at = :now, lease_until = NULL "
            "WHERE id = :id AND state IN ('queued', 'running') RETURNING id"
        ),
        {"id": trial_id, "now": now},
    )
    found = rows.first() is not None
    if found:
        await session.execute(text("DELETE FROM trial_facts WHERE trial_id = :id"), {"id": trial_id})
    return found


async def get_trial(session: AsyncSession, trial_id: UUID) -> StoredTrial | None:
    rows = await session.execute(
        text(f"SELECT {_COLUMNS} FROM trial WHERE id = :id"),  # noqa: S608 - constants only
        {"id": trial_id},
    )
    row = rows.mappings().first()
    return _trial(row) if row else None


async def list_trials(session: AsyncSession, after: tuple[datetime, UUID] | None, limit: int) -> list[StoredTrial]:
    """Newest first, at most `limit + 1`."""
    rows = await session.execute(
        text(
            f"SELECT {_COLUMNS} FROM trial "  # noqa: S608 - constants only
            "WHERE CAST(:at AS timestamptz) IS NULL OR (created_at, id) < (:at, CAST(:id AS uuid)) "
            "ORDER BY created_at DESC, id DESC LIMIT :limit"
        ),
        {"at": after and after[0], "id": after and after[1], "limit": limit + 1},
    )
    return [_trial(row) for row in rows.mappings()]


async def forget_trials(session: AsyncSession, before: datetime) -> None:
    """Delete those that ended before."""
    await session.execute(
        text("DELETE FROM trial WHERE changed_at < :before AND state NOT IN ('queued', 'running')"), {"before": before}
    )
