"""The audit log: entries are only ever added, and chained so that nobody can change or take out one unnoticed.

`shared.http.audit` adds an entry in the transaction of what it tells of. A job links entries into a chain soon after: each
link is the SHA-256 of the link before and of the entry, so that a changed, missing or inserted entry breaks it.
The database refuses UPDATE, DELETE and TRUNCATE of both tables to everybody, and the service's role has no right to them.
Whether the chain is whole: `shared.audit_check`.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.jobs import Job

if TYPE_CHECKING:
    from shared.runtime import Runtime

START = b"\0" * 32
PORTION = 500
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('huifang-audit'))")
_UNSEALED = text("""
    SELECT log.id, log.at, log.principal, log.action, log.object, log.detail
    FROM audit_unsealed JOIN audit_log AS log ON log.id = entry ORDER BY log.id LIMIT :limit
""")
_NEWEST = text("SELECT seq, hash FROM audit_chain ORDER BY seq DESC LIMIT 1")
_LINK = text("""
    INSERT INTO audit_chain (seq, entry, hash)
    SELECT * FROM unnest(CAST(:seqs AS bigint[]), CAST(:entries AS uuid[]), CAST(:hashes AS bytea[]))
""")
_SEALED = text("DELETE FROM audit_unsealed WHERE entry = ANY(CAST(:entries AS uuid[]))")
_LIST = """
    SELECT id, at, principal, action, object, detail FROM audit_log
    WHERE {conditions} ORDER BY at DESC, id DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to which object at what business time."""

    id: UUID
    at: datetime
    principal: str
    action: str
    object: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """An entry's place in the chain."""

    seq: int
    entry: UUID
    hash: bytes


def link(before: bytes, entry: Entry) -> bytes:
    """The hash of an entry behind the link `before` it."""
    parts = [
        str(entry.id),
        entry.at.astimezone(UTC).isoformat(),
        entry.principal,
        entry.action,
        entry.object,
        entry.detail,
    ]
    written = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(before + written.encode()).digest()


def as_before(kept: object, changes: Iterable[str]) -> dict[str, Any]:
    """How the fields of what is kept stood that are about to change, for the entry that tells of it."""
    return {name: getattr(kept, name) for name in changes}


def chain(newest: tuple[int, bytes], entries: Iterable[Entry]) -> Iterator[Link]:
    """The links of new entries behind the newest one, (0, START) where there is none."""
    seq, last = newest
    for entry in entries:
        seq, last = seq + 1, link(last, entry)
        yield Link(seq, entry.id, last)


async def seal_entries(runtime: "Runtime") -> int:
    """Link a portion of new entries; one process at a time."""
    async with runtime.db.work(background=True) as work:
        session = work.session
        if not (await session.execute(_LOCK)).scalar():
            return 0
        entries = [Entry(**row) for row in (await session.execute(_UNSEALED, {"limit": PORTION})).mappings()]
        if not entries:
            return 0
        newest = (await session.execute(_NEWEST)).one_or_none()
        links = list(chain((newest.seq, bytes(newest.hash)) if newest else (0, START), entries))
        ids = [each.entry for each in links]
        await session.execute(
            _LINK, {"seqs": [each.seq for each in links], "entries": ids, "hashes": [each.hash for each in links]}
        )
        await session.execute(_SEALED, {"entries": ids})
    return len(entries)


SEAL = Job("seal_audit", every=2.0, run=seal_entries)


async def list_entries(
    session: AsyncSession, filters: dict[str, Any], after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Entry]:
    """The newest first; `filters` by column name: equal, for `action` also what it begins with; from `since` to before
    `until`."""
    conditions, values = ["true"], dict[str, Any](limit=limit)
    for name in ("principal", "object"):
        if filters.get(name):
            conditions.append(f"{name} = :{name}")
            values[name] = filters[name]
    told = {"action": "starts_with(action, :action)", "since": "at >= :since", "until": "at < :until"}
    for name, condition in told.items():
        if filters.get(name):
            conditions.append(condition)
            values[name] = filters[name]
    if after:
        conditions.append("(at, id) < (:after_at, :after_id)")
        values |= {"after_at": after[0], "after_id": after[1]}
    rows = await session.execute(text(_LIST.format(conditions=" AND ".join(conditions))), values)
    return [Entry(**row) for row in rows.mappings()]
