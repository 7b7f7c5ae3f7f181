"""The audit log: entries are only ever added, and chained so that nobody can change or take out one unnoticed.

`shared.http.audit` adds an entry in the transaction of what it tells of. A job links entries into a chain soon after: each
link is the SHA-256 of the link before and of the entry, so that a changed, missing or inserted entry breaks it.
The database refuses UPDATE, DELETE and TRUNCATE of both tables to everybody, and the service's role has no right to them.
Who keeps the newest link elsewhere (`huifang audit verify` prints it) can also prove that no newest entries were cut off.
"""

import hashlib
import json
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.jobs import Job

if TYPE_CHECKING:
    from shared.service import Runtime

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
# every link with its entry, and entries that the chain should have and has not
CHAIN = """
    SELECT chain.seq, chain.entry, chain.hash, log.id, log.at, log.principal, log.action, log.object, log.detail
    FROM audit_chain AS chain LEFT JOIN audit_log AS log ON log.id = chain.entry ORDER BY chain.seq
"""
LOOSE = """
    SELECT count(*) FROM audit_log AS log
    WHERE NOT EXISTS (SELECT FROM audit_chain WHERE entry = log.id)
    AND NOT EXISTS (SELECT FROM audit_unsealed WHERE entry = log.id)
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
    told = [
        str(entry.id),
        entry.at.astimezone(UTC).isoformat(),
        entry.principal,
        entry.action,
        entry.object,
        entry.detail,
    ]
    written = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(before + written.encode()).digest()


def chain(newest: tuple[int, bytes], entries: Iterable[Entry]) -> Iterator[Link]:
    """The links of new entries behind the newest one, (0, START) where there is none."""
    seq, last = newest
    for entry in entries:
        seq, last = seq + 1, link(last, entry)
        yield Link(seq, entry.id, last)


def fault(before: tuple[int, bytes], found: Link, entry: Entry | None) -> str:
    """What is wrong with a link behind `before`, in Chinese; "" when nothing is. `entry` None = it is not there."""
    if found.seq != before[0] + 1:
        return f"第 {before[0] + 1} 条的链接缺失"
    if entry is None:
        return f"第 {found.seq} 条记录已被删除（{found.entry}）"
    if link(before[1], entry) != found.hash:
        return f"第 {found.seq} 条记录或其链接已被修改（{found.entry}）"
    return ""


@dataclass(frozen=True, slots=True)
class Checked:
    """`newest` is the last whole link (0 and START before the first), `wrong` what is wrong behind it, in Chinese."""

    newest: tuple[int, bytes]
    wrong: str

    def mark(self, service: str) -> str:
        """The newest whole link as people keep it elsewhere, `service:number:hash`, for `huifang audit verify --expect`."""
        number, digest = self.newest
        return f"{service}:{number}:{digest.hex()}"


async def check_links(
    rows: AsyncIterable[Mapping[str, Any]], kept: Mapping[int, bytes] = MappingProxyType({})
) -> Checked:
    """Compute the chain anew from the rows of `CHAIN`; `kept` are links that somebody noted before."""
    before = (0, START)
    async for row in rows:
        found = Link(row["seq"], row["entry"], bytes(row["hash"]))
        if wrong := fault(before, found, _entry(row)) or _differs(found, kept):
            return Checked(before, wrong)
        before = (found.seq, found.hash)
    if kept and max(kept) > before[0]:
        return Checked(before, f"第 {before[0]} 条之后的记录已被删除")
    return Checked(before, "")


def with_loose(checked: Checked, loose: int) -> Checked:
    """`loose` entries stand in the log and not in the chain."""
    return Checked(checked.newest, checked.wrong or (f"有 {loose} 条记录不在链上" if loose else ""))


def _entry(row: Mapping[str, Any]) -> Entry | None:
    if row["id"] is None:
        return None
    detail = row["detail"]
    read = json.loads(detail) if isinstance(detail, str) else detail
    return Entry(row["id"], row["at"], row["principal"], row["action"], row["object"], read)


def _differs(found: Link, kept: Mapping[int, bytes]) -> str:
    return f"第 {found.seq} 条的校验值与所存的不同" if kept.get(found.seq, found.hash) != found.hash else ""


async def check_chain(session: AsyncSession) -> Checked:
    """Whether this service's log is whole; it takes a second or so per hundred thousand entries, in small portions."""
    streamed = await session.stream(text(CHAIN), execution_options={"yield_per": PORTION})
    checked = await check_links(dict(row._mapping) async for row in streamed)
    return with_loose(checked, int((await session.execute(text(LOOSE))).scalar_one()))


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
