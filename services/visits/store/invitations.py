"""Whose code is whose, and the visits that wait for their customers' own answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.visit import State, Visit
from services.visits.models import InvitationRow
from services.visits.store.rows import VISITS, to_visit

INVITATIONS = InvitationRow.__table__  # type: ignore[attr-defined]
# who can't be asked yet is not invited: a code must open something
_PUBLISHED = text("EXISTS (SELECT FROM questionnaire q WHERE q.id = visit.questionnaire)")


@dataclass(frozen=True, slots=True)
class Invitation:
    """A code, known by its hash, and the visit that it is for."""

    id: UUID
    visit_id: UUID
    code_hash: str
    made_at: datetime


async def lock_to_invite(session: AsyncSession, limit: int) -> list[Visit]:
    """Visits whose customers are to be asked by a message, and have no code yet, locked."""
    query = select(VISITS).where(VISITS.c.state == State.INVITED, VISITS.c.invitation.is_(None), _PUBLISHED)
    return await _locked(session, query.limit(limit))


async def lock_lapsed(session: AsyncSession, now: datetime, limit: int) -> list[Visit]:
    """Visits that only the customer could answer, whose code serves no more, locked."""
    query = select(VISITS).where(VISITS.c.state == State.INVITED, VISITS.c.invited_until <= now)
    return await _locked(session, query.limit(limit))


async def _locked(session: AsyncSession, query: Select[Any]) -> list[Visit]:
    return [to_visit(row) for row in await session.execute(query.with_for_update(skip_locked=True, of=VISITS))]


async def add(session: AsyncSession, invitations: Sequence[Invitation]) -> None:
    if invitations:
        rows = [
            {"id": one.id, "visit_id": one.visit_id, "code_hash": one.code_hash, "made_at": one.made_at}
            for one in invitations
        ]
        await session.execute(insert(INVITATIONS).values(rows))


async def find(session: AsyncSession, code_hash: str) -> Invitation | None:
    """The invitation whose code has this hash."""
    return await _one(session, INVITATIONS.c.code_hash == code_hash)


async def get(session: AsyncSession, invitation_id: UUID) -> Invitation | None:
    return await _one(session, INVITATIONS.c.id == invitation_id)


async def _one(session: AsyncSession, condition: ColumnElement[bool]) -> Invitation | None:
    row = (await session.execute(select(INVITATIONS).where(condition))).one_or_none()
    return Invitation(**row._mapping) if row else None
