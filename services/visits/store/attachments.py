"""Photographs and signatures, in and out of their table."""

from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.attachments import Attachment
from services.visits.models import AttachmentRow

ATTACHMENTS = AttachmentRow.__table__  # type: ignore[attr-defined]
FIELDS = tuple(field.name for field in fields(Attachment))
SAME = ("visit_id", "agent", "kind", "digest")
_UNUSED = ATTACHMENTS.c.attempt_id.is_(None)
_THERE = ATTACHMENTS.c.stored & ATTACHMENTS.c.dropped_at.is_(None)


async def announce(session: AsyncSession, attachment: Attachment) -> Attachment:
    """Insert it; the one of the same file there was before, locked, not dropped any more."""
    added = insert(ATTACHMENTS).values(**asdict(attachment))
    added = added.on_conflict_do_update(index_elements=SAME, set_={"dropped_at": None})
    return to_attachment((await session.execute(added.returning(*ATTACHMENTS.c))).one())


async def mark_stored(session: AsyncSession, attachment_id: UUID) -> Attachment | None:
    """Its file is kept; None when it was dropped meanwhile."""
    marked = update(ATTACHMENTS).where(ATTACHMENTS.c.id == attachment_id).values(stored=True).returning(*ATTACHMENTS.c)
    row = (await session.execute(marked)).one_or_none()
    return to_attachment(row) if row else None


async def unused_of(session: AsyncSession, visit_id: UUID, agent: str) -> list[Attachment]:
    """What the agent has brought since the last attempt, first to last."""
    query = select(ATTACHMENTS).where(_own(visit_id, agent), _THERE).order_by(ATTACHMENTS.c.id)
    return [to_attachment(row) for row in await session.execute(query)]


async def list_of(session: AsyncSession, visit_id: UUID, after: UUID | None, limit: int) -> list[Attachment]:
    """Those of a visit behind the id `after`, first to last."""
    query = select(ATTACHMENTS).where(ATTACHMENTS.c.visit_id == visit_id, _THERE).order_by(ATTACHMENTS.c.id)
    query = query.where(ATTACHMENTS.c.id > after) if after else query
    return [to_attachment(row) for row in await session.execute(query.limit(limit))]


async def get(session: AsyncSession, visit_id: UUID, attachment_id: UUID) -> Attachment | None:
    query = select(ATTACHMENTS).where(ATTACHMENTS.c.id == attachment_id, ATTACHMENTS.c.visit_id == visit_id, _THERE)
    row = (await session.execute(query)).one_or_none()
    return to_attachment(row) if row else None


async def keep_with_attempt(session: AsyncSession, visit_id: UUID, agent: str, attempt_id: UUID) -> None:
    """What the agent has brought since the last attempt belongs to this one."""
    kept = update(ATTACHMENTS).where(_own(visit_id, agent), _THERE)
    await session.execute(kept.values(attempt_id=attempt_id))


async def drop(session: AsyncSession, attachment_id: UUID, now: datetime) -> None:
    await session.execute(update(ATTACHMENTS).where(ATTACHMENTS.c.id == attachment_id).values(dropped_at=now))


async def lock_left_over(session: AsyncSession, before: datetime, limit: int) -> list[Attachment]:
    """Dropped ones, and those added `before` that no result came with; locked, without those others work on."""
    left = or_(ATTACHMENTS.c.dropped_at.is_not(None), ATTACHMENTS.c.at < before)
    query = select(ATTACHMENTS).where(_UNUSED, left).limit(limit).with_for_update(skip_locked=True)
    return [to_attachment(row) for row in await session.execute(query)]


async def remove(session: AsyncSession, attachment_id: UUID) -> None:
    await session.execute(delete(ATTACHMENTS).where(ATTACHMENTS.c.id == attachment_id))


def _own(visit_id: UUID, agent: str) -> ColumnElement[bool]:
    return and_(ATTACHMENTS.c.visit_id == visit_id, ATTACHMENTS.c.agent == agent, _UNUSED)


def to_attachment(row: Row[Any]) -> Attachment:
    return Attachment(**{name: getattr(row, name) for name in FIELDS})
