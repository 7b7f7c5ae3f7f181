"""Whether the audit log is whole: the chain computed anew from its start, or from where it was found whole before.

Computing all of a log's life at every look would take longer with every day of it. So a job computes the chain and notes how
far it was whole in `audit_checkpoint`: from its start once a day, and in between behind the newest checkpoint. A look goes on
from the newest checkpoint and says when the whole log was computed last: what was changed below a checkpoint since is found by
the next day's run, or at once by `huifang audit verify`, which begins at the start whatever the checkpoints say.

Checkpoints are never changed or deleted, and a computation from the start holds the links against every one of them, as against
those that somebody kept elsewhere (`--expect`): a false checkpoint hides nothing from it, and true ones also show a chain that
was rewritten as a whole, or cut off.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog
from asyncpg import Connection, Record
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.audit import PORTION, START, Entry, Link, link
from shared.jobs import Job
from shared.observability.catalogue import gauge
from shared.observability.metrics import SERVICES

if TYPE_CHECKING:
    from shared.runtime import Runtime

log = structlog.get_logger(__name__)
BROKEN = gauge(
    "huifang_audit_log_broken", "1 while the audit log is not whole", "审计记录是否不完整", labels={"service": SERVICES}
)
FROM_START_EVERY = timedelta(days=1)  # of business time, as the entries' times are
CHECKPOINT_EVERY = 2_000  # links; a look computes hardly more than these
BEGINNING = (0, START)
# links with their entries; entries that neither the chain nor the sealing job knows; links that checkpoints noted
_CHAIN = """
    SELECT chain.seq, chain.entry, chain.hash, log.id, log.at, log.principal, log.action, log.object, log.detail
    FROM audit_chain AS chain LEFT JOIN audit_log AS log ON log.id = chain.entry WHERE chain.seq > $1 ORDER BY chain.seq
"""
_LOOSE = """
    SELECT count(*) FROM audit_log AS log
    WHERE NOT EXISTS (SELECT FROM audit_chain WHERE entry = log.id)
    AND NOT EXISTS (SELECT FROM audit_unsealed WHERE entry = log.id)
"""
_KEPT = "SELECT DISTINCT ON (seq) seq, hash FROM audit_checkpoint WHERE seq > 0 ORDER BY seq, id"
_NEWEST = "SELECT at, from_start, seq, hash, wrong FROM audit_checkpoint {} ORDER BY id DESC LIMIT 1"
_LENGTH = text("SELECT coalesce(max(seq), 0) FROM audit_chain")
_NOTE = text("""
    INSERT INTO audit_checkpoint (at, from_start, seq, hash, wrong) VALUES (:at, :from_start, :seq, :hash, :wrong)
""")
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtext('huifang-audit-check'))")


@dataclass(frozen=True, slots=True)
class Checked:
    """`newest` is the last whole link (0 and START before the first), `wrong` what is wrong behind it, in Chinese."""

    newest: tuple[int, bytes]
    wrong: str

    def mark(self, service: str) -> str:
        """The newest whole link as people keep it elsewhere, `service:number:hash`, for `huifang audit verify --expect`."""
        number, digest = self.newest
        return f"{service}:{number}:{digest.hex()}"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was found at business time `at`; `from_start` = all of the chain was computed, not only what was new."""

    at: datetime
    from_start: bool
    found: Checked


@dataclass(frozen=True, slots=True)
class Look:
    """The log as it is now, and when all of it was computed last."""

    now: Checked
    whole: Checkpoint


# --- computing


def fault(before: tuple[int, bytes], found: Link, entry: Entry | None) -> str:
    """What is wrong with a link behind `before`, in Chinese; "" when nothing is. `entry` None = it is not there."""
    if found.seq != before[0] + 1:
        return f"第 {before[0] + 1} 条的链接缺失"
    if entry is None:
        return f"第 {found.seq} 条记录已被删除（{found.entry}）"
    if link(before[1], entry) != found.hash:
        return f"第 {found.seq} 条记录或其链接已被修改（{found.entry}）"
    return ""


async def check_all(connection: Connection, expected: Mapping[int, bytes] = MappingProxyType({})) -> Checked:
    """Compute the chain from its start, in the connection's transaction, and hold it against all checkpoints; `expected` are
    links that somebody kept elsewhere. It takes a second or so per hundred thousand entries, in small portions.
    """
    noted = {row["seq"]: bytes(row["hash"]) for row in await connection.fetch(_KEPT)}
    checked = await _check_links(connection, BEGINNING, noted | dict(expected))
    return _with_loose(checked, await connection.fetchval(_LOOSE))


async def _check_behind(connection: Connection, newest: Checkpoint) -> Checked:
    """Compute the chain from a checkpoint on, which must itself be a link of it."""
    seq, digest = newest.found.newest
    if seq:
        stands = await connection.fetchval("SELECT hash FROM audit_chain WHERE seq = $1", seq)
        if stands != digest:
            return Checked(newest.found.newest, _other(seq) if stands else f"第 {seq} 条的链接缺失")
    checked = await _check_links(connection, (seq, digest), {})
    return _with_loose(checked, await connection.fetchval(f"{_LOOSE} AND log.at >= $1", newest.at))


async def _check_links(connection: Connection, before: tuple[int, bytes], kept: Mapping[int, bytes]) -> Checked:
    """Compute the chain anew behind `before`; `kept` are links that were noted before."""
    async for row in connection.cursor(_CHAIN, before[0], prefetch=PORTION):
        found = Link(row["seq"], row["entry"], bytes(row["hash"]))
        if wrong := fault(before, found, _entry(row)) or _differs(found, kept):
            return Checked(before, wrong)
        before = (found.seq, found.hash)
    if kept and max(kept) > before[0]:
        return Checked(before, f"第 {before[0]} 条之后的记录已被删除")
    return Checked(before, "")


def _with_loose(checked: Checked, loose: int) -> Checked:
    """`loose` entries stand in the log and not in the chain."""
    return Checked(checked.newest, checked.wrong or (f"有 {loose} 条记录不在链上" if loose else ""))


def _entry(row: Record) -> Entry | None:
    if row["id"] is None:
        return None
    detail = row["detail"]  # a text, unless the connection reads JSON by itself
    read = json.loads(detail) if isinstance(detail, str) else detail
    return Entry(row["id"], row["at"], row["principal"], row["action"], row["object"], read)


def _differs(found: Link, kept: Mapping[int, bytes]) -> str:
    return _other(found.seq) if kept.get(found.seq, found.hash) != found.hash else ""


def _other(seq: int) -> str:
    return f"第 {seq} 条的校验值与所存的不同"


# --- a service's own log


async def look(session: AsyncSession, now: datetime) -> Look:
    """Whether this service's log is whole, as far as it was not computed before."""
    newest, whole = await _newest_checkpoints(session)
    driver = await _driver(session)
    if newest is None or whole is None:
        found = await check_all(driver)
        return Look(found, Checkpoint(now, True, found))
    return Look(newest.found if newest.found.wrong else await _check_behind(driver, newest), whole)


async def check_log(runtime: "Runtime") -> int:
    """Compute the chain, from its start when that is due, else when enough is new, and note how far it is whole."""
    async with runtime.db.work(background=True) as work:
        if not (await work.session.execute(_LOCK)).scalar():
            return 0
        found = await _check_what_is_due(work.session, work.now())
    BROKEN.labels(runtime.service.name).set(found.wrong != "")
    if found.wrong:
        log.error("audit_log_broken", wrong=found.wrong)
    return 0


async def _check_what_is_due(session: AsyncSession, now: datetime) -> Checked:
    """What is known of the log when this run has ended."""
    newest, whole = await _newest_checkpoints(session)
    from_start = newest is None or whole is None or not timedelta() <= now - whole.at < FROM_START_EVERY
    if newest and not from_start and (newest.found.wrong or not await _grown(session, newest)):
        return newest.found
    driver = await _driver(session)
    found = await (check_all(driver) if from_start or newest is None else _check_behind(driver, newest))
    noted = {"at": now, "from_start": from_start, "seq": found.newest[0], "hash": found.newest[1], "wrong": found.wrong}
    await session.execute(_NOTE, noted)
    return found


CHECK = Job("check_audit", every=60.0, run=check_log)


async def _driver(session: AsyncSession) -> Connection:
    """What the session speaks to the database with, in the same transaction: entries by the hundred thousand need no more."""
    raw = await (await session.connection()).get_raw_connection()
    found: Connection = raw.driver_connection
    return found


async def _grown(session: AsyncSession, newest: Checkpoint) -> bool:
    return bool((await session.execute(_LENGTH)).scalar_one() >= newest.found.newest[0] + CHECKPOINT_EVERY)


async def _newest_checkpoints(session: AsyncSession) -> tuple[Checkpoint | None, Checkpoint | None]:
    """The newest of all, and the newest from the start."""
    return await _checkpoint(session, ""), await _checkpoint(session, "WHERE from_start")


async def _checkpoint(session: AsyncSession, which: str) -> Checkpoint | None:
    row = (await session.execute(text(_NEWEST.format(which)))).one_or_none()
    return None if row is None else Checkpoint(row.at, row.from_start, Checked((row.seq, bytes(row.hash)), row.wrong))
