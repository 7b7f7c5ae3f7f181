"""The send ledger."""

# ruff: noqa: S608 - statements are put together from our own column names only

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.domain.send import Send, SendId, State
from shared.bulk import as_rows, changes, insertion, whole_rows
from shared.scope import Scope, in_units

_COLUMNS = tuple(field.name for field in fields(Send))
_ALL = ", ".join(_COLUMNS)
_NEVER_CHANGED = ("id", "planned_at", "cause_id", "lineage", "resend_of")
_SET = changes((name for name in _COLUMNS if name not in _NEVER_CHANGED), "row")

_INSERT = text(f"{insertion('send', _COLUMNS, whole_rows('send'))} ON CONFLICT (key) DO NOTHING RETURNING id")
_KEYS = text("SELECT key FROM send WHERE key = ANY(:keys)")
_UPDATE = text(f"UPDATE send SET {_SET} FROM {whole_rows('send')} AS row WHERE send.id = row.id")
_BY_ID = text(f"SELECT {_ALL} FROM send WHERE id = :id")
_LOCK = text(f"SELECT {_ALL} FROM send WHERE id = ANY(:ids) ORDER BY id FOR UPDATE")
_DUE = text(f"""
    SELECT {_ALL} FROM send
    WHERE state = 'planned' AND not_before <= :now AND (retry_at IS NULL OR retry_at <= :machine)
      AND (channel = ANY(:channels) OR expires_at <= :now)
    ORDER BY priority, not_before LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_PLANNED_OF = text(f"""
    SELECT {_ALL} FROM send WHERE cause_id = ANY(:causes) AND state = 'planned' AND audience = 'customer'
    ORDER BY id FOR UPDATE
""")
_ALL_OF = text(f"SELECT {_ALL} FROM send WHERE customer_id = ANY(:customers) ORDER BY id FOR UPDATE")
_TO_CHECK = text(f"""
    SELECT {_ALL} FROM send WHERE check_at <= :machine AND state IN ('unknown', 'accepted')
    ORDER BY check_at LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_TOKEN = text("SELECT nextval('send_token')")
_TRIES_TODAY = text("""
    SELECT recipient, count(*) FROM send
    WHERE recipient = ANY(:recipients) AND submitted_at >= :since AND state <> 'failed' GROUP BY recipient
""")
_LAST_TO = text(f"""
    SELECT DISTINCT ON (recipient) {_ALL} FROM send
    WHERE recipient = ANY(:recipients) AND submitted_at IS NOT NULL ORDER BY recipient, submitted_at DESC
""")
_QUESTIONS_TO = text("""
    SELECT recipient, id, customer_id, cause_id, lineage, submitted_at FROM send
    WHERE recipient = ANY(:recipients) AND submitted_at >= :since AND purpose = :purpose AND audience = 'customer'
      AND state <> 'failed'
    ORDER BY submitted_at DESC, id
""")
_LIST = f"SELECT {_ALL} FROM send WHERE {{conditions}} ORDER BY planned_at DESC, id DESC LIMIT :limit"
_COUNTS = text("SELECT provider, state, count(*) FROM send WHERE submitted_at >= :since GROUP BY provider, state")
_UNKNOWN = text("SELECT count(*) FROM send WHERE state = 'unknown'")
_UNRECEIPTED = text("""
    SELECT count(*) FROM send WHERE check_at IS NOT NULL AND state = 'accepted' AND accepted_at < :before
""")


async def add(session: AsyncSession, sends: Iterable[Send]) -> set[SendId]:
    """Write new sends; a key that is already in the ledger is left alone. Returns the ids written."""
    unique = {send.key: send for send in sends}
    if not unique:
        return set()
    ordered = sorted(unique.values(), key=lambda send: send.key)
    rows = await session.execute(_INSERT, {"rows": as_rows(ordered)})
    return set(rows.scalars())


async def find_keys(session: AsyncSession, keys: Collection[str]) -> set[str]:
    """Those of these keys that are in the ledger."""
    if not keys:
        return set()
    return set((await session.execute(_KEYS, {"keys": sorted(keys)})).scalars())


async def save(session: AsyncSession, sends: Sequence[Send]) -> None:
    """Write changed sends back."""
    if sends:
        await session.execute(_UPDATE, {"rows": as_rows(sends)})


async def find(session: AsyncSession, send_id: UUID) -> Send | None:
    row = (await session.execute(_BY_ID, {"id": send_id})).mappings().one_or_none()
    return _send(row) if row else None


async def lock(session: AsyncSession, ids: Iterable[UUID]) -> dict[SendId, Send]:
    """The sends with these ids, locked in id order."""
    rows = await session.execute(_LOCK, {"ids": sorted(set(ids))})
    return {send.id: send for send in map(_send, rows.mappings())}


async def lock_due(
    session: AsyncSession, now: datetime, machine: datetime, channels: Sequence[str], limit: int
) -> list[Send]:
    """Planned sends whose time has come, most urgent first; those others hold are skipped."""
    found = await session.execute(_DUE, {"now": now, "machine": machine, "channels": list(channels), "limit": limit})
    return [_send(row) for row in found.mappings()]


async def lock_planned_of(session: AsyncSession, causes: Sequence[str]) -> list[Send]:
    """What is planned for customers because of these, locked; what is on its way has left."""
    return [_send(row) for row in (await session.execute(_PLANNED_OF, {"causes": list(causes)})).mappings()]


async def lock_all_of(session: AsyncSession, customers: Sequence[str]) -> list[Send]:
    """Everything that was ever planned about these customers, locked."""
    return [_send(row) for row in (await session.execute(_ALL_OF, {"customers": list(customers)})).mappings()]


async def lock_to_check(session: AsyncSession, machine: datetime, limit: int) -> list[Send]:
    """Unknown or unreceipted sends about which the provider should be asked now."""
    return [_send(row) for row in (await session.execute(_TO_CHECK, {"machine": machine, "limit": limit})).mappings()]


async def next_token(session: AsyncSession) -> int:
    """A fencing token, greater than any before."""
    return int((await session.execute(_TOKEN)).scalar_one())


async def tries_since(session: AsyncSession, recipients: Sequence[str], since: datetime) -> dict[str, int]:
    """Messages tried since then, by recipient."""
    rows = await session.execute(_TRIES_TODAY, {"recipients": list(recipients), "since": since})
    return {row[0]: row[1] for row in rows}


async def last_to(session: AsyncSession, recipients: Sequence[str]) -> dict[str, Send]:
    """The latest message tried to each recipient."""
    rows = await session.execute(_LAST_TO, {"recipients": list(recipients)})
    return {send.recipient: send for send in map(_send, rows.mappings())}


@dataclass(frozen=True)
class Question:
    """A message with questions that was sent to a number."""

    recipient: str
    id: SendId
    customer_id: str
    cause_id: str
    lineage: str
    submitted_at: datetime


async def questions_to(
    session: AsyncSession, recipients: Sequence[str], purpose: str, since: datetime
) -> dict[str, list[Question]]:
    """The messages of this purpose that may have reached these numbers since then, by number, the newest first."""
    rows = await session.execute(_QUESTIONS_TO, {"recipients": list(recipients), "purpose": purpose, "since": since})
    found: dict[str, list[Question]] = {}
    for row in rows.mappings():
        found.setdefault(row["recipient"], []).append(Question(**row))
    return found


async def list_page(
    session: AsyncSession,
    filters: Mapping[str, str],
    scope: Scope,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Send]:
    """The newest first; `filters` by column among state, purpose, customer_id, channel; only what is in `scope`."""
    conditions = [in_units("branch"), *(f"{name} = :{name}" for name in filters)]
    values: dict[str, Any] = {**filters, "units": scope.limit, "limit": limit}
    if after:
        conditions.append("(planned_at, id) < (:after_at, :after_id)")
        values |= {"after_at": after[0], "after_id": after[1]}
    statement = text(_LIST.format(conditions=" AND ".join(conditions)))
    return [_send(row) for row in (await session.execute(statement, values)).mappings()]


async def counts_since(session: AsyncSession, since: datetime) -> list[tuple[str, str, int]]:
    """(provider, state, count) of the sends tried since then."""
    return [(row[0], row[1], row[2]) for row in await session.execute(_COUNTS, {"since": since})]


async def count_unknown(session: AsyncSession) -> int:
    return int((await session.execute(_UNKNOWN)).scalar_one())


async def count_unreceipted(session: AsyncSession, before: datetime) -> int:
    """Messages accepted before then (business time) that wait for a receipt."""
    return int((await session.execute(_UNRECEIPTED, {"before": before})).scalar_one())


def _send(row: RowMapping) -> Send:
    return Send(**{**row, "state": State(row["state"])})
