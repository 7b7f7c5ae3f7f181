"""Calls through a line, in and out of their table."""

from dataclasses import asdict, fields
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.lines import LineCall
from services.visits.models import LineCallRow

CALLS = LineCallRow.__table__  # type: ignore[attr-defined]
FIELDS = tuple(field.name for field in fields(LineCall))


async def add(session: AsyncSession, call: LineCall) -> None:
    await session.execute(insert(CALLS).values(**asdict(call)))


async def lock(session: AsyncSession, call_id: UUID) -> LineCall | None:
    """A call, locked until the transaction ends."""
    row = (await session.execute(select(CALLS).where(CALLS.c.id == call_id).with_for_update())).one_or_none()
    return _call(row) if row else None


async def newest(session: AsyncSession, visit_id: UUID, agent: str) -> LineCall | None:
    """The agent's last call about a visit that no attempt was recorded of yet."""
    mine = (CALLS.c.visit_id == visit_id) & (CALLS.c.agent == agent) & CALLS.c.attempt_id.is_(None)
    row = (await session.execute(select(CALLS).where(mine).order_by(CALLS.c.id.desc()).limit(1))).one_or_none()
    return _call(row) if row else None


async def save(session: AsyncSession, call: LineCall) -> None:
    """Write what the line told."""
    await session.execute(update(CALLS).where(CALLS.c.id == call.id).values(**asdict(call)))


async def keep_with_attempt(session: AsyncSession, visit_id: UUID, agent: str, attempt_id: UUID) -> None:
    """The agent's calls since the last attempt belong to this one."""
    mine = (CALLS.c.visit_id == visit_id) & (CALLS.c.agent == agent) & CALLS.c.attempt_id.is_(None)
    await session.execute(update(CALLS).where(mine).values(attempt_id=attempt_id))


async def of_attempt(session: AsyncSession, visit_id: UUID, attempt_id: UUID) -> LineCall | None:
    """The call of an attempt that has a recording, the last one of several."""
    query = select(CALLS).where(CALLS.c.visit_id == visit_id, CALLS.c.attempt_id == attempt_id, CALLS.c.recording != "")
    row = (await session.execute(query.order_by(CALLS.c.id.desc()).limit(1))).one_or_none()
    return _call(row) if row else None


def _call(row: Row[Any]) -> LineCall:
    return LineCall(**{name: getattr(row, name) for name in FIELDS})
