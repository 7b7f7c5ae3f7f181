"""Digits that wait for people."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.replies import StrayReply
from services.visits.models import StrayReplyRow
from shared.scope import Scope

REPLIES = StrayReplyRow.__table__  # type: ignore[attr-defined]


async def add(session: AsyncSession, replies: Sequence[StrayReply]) -> None:
    if replies:
        await session.execute(insert(REPLIES).values([asdict(reply) for reply in replies]))


async def list_replies(
    session: AsyncSession, settled: bool, scope: Scope, after: tuple[datetime, UUID] | None, limit: int
) -> list[StrayReply]:
    """Those that are settled, or those still open: the longest waiting first."""
    of_state = REPLIES.c.settled_at.is_not(None) if settled else REPLIES.c.settled_at.is_(None)
    query = select(REPLIES).where(of_state, scope.where(REPLIES.c.branch, REPLIES.c.team))
    if after:
        query = query.where(tuple_(REPLIES.c.received_at, REPLIES.c.id) > after)
    rows = await session.execute(query.order_by(REPLIES.c.received_at, REPLIES.c.id).limit(limit))
    return [_reply(row) for row in rows]


async def count_open(session: AsyncSession, scope: Scope) -> int:
    """How many wait for a decision."""
    waiting = (REPLIES.c.settled_at.is_(None), scope.where(REPLIES.c.branch, REPLIES.c.team))
    return await session.scalar(select(func.count()).select_from(REPLIES).where(*waiting)) or 0


async def lock(session: AsyncSession, reply_id: UUID, scope: Scope) -> StrayReply | None:
    query = select(REPLIES).where(REPLIES.c.id == reply_id, scope.where(REPLIES.c.branch, REPLIES.c.team))
    row = (await session.execute(query.with_for_update())).one_or_none()
    return _reply(row) if row else None


async def settle(session: AsyncSession, reply: StrayReply) -> None:
    """Write down what people decided."""
    values = {name: getattr(reply, name) for name in ("visit_id", "remark", "settled_by", "settled_at", "refused")}
    await session.execute(update(REPLIES).where(REPLIES.c.id == reply.id).values(**values))


def _reply(row: Row[Any]) -> StrayReply:
    values = {field.name: getattr(row, field.name) for field in fields(StrayReply)}
    return StrayReply(**values | {"visits": tuple(row.visits)})
