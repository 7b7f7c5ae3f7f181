"""Supervisors' remarks on finished visits."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.visit import Visit
from services.visits.models import ReviewRow
from services.visits.store.rows import VISITS, seen_by, to_visit
from shared.scope import Scope

REVIEWS = ReviewRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Received:
    """A remark with the visit that it is about."""

    at: datetime
    reviewer: str
    remark: str
    visit: Visit


async def reviews_of(session: AsyncSession, visit_id: UUID) -> list[Row[Any]]:
    """A visit's reviews, first to last."""
    return list(await session.execute(select(REVIEWS).where(REVIEWS.c.visit_id == visit_id).order_by(REVIEWS.c.id)))


async def received_by(
    session: AsyncSession, agent: str, scope: Scope, since: datetime, until: datetime, most: int
) -> tuple[list[Received], int]:
    """The newest remarks on visits that the agent finished, written in [since, until), and how many there are beside them."""
    about = (
        (VISITS.c.agent == agent)
        & VISITS.c.finished_at.is_not(None)
        & seen_by(scope)
        & (REVIEWS.c.at >= since)
        & (REVIEWS.c.at < until)
    )
    joined = REVIEWS.join(VISITS, REVIEWS.c.visit_id == VISITS.c.id)
    columns = (REVIEWS.c.at.label("written_at"), REVIEWS.c.reviewer, REVIEWS.c.remark, *VISITS.c)
    newest = select(*columns).select_from(joined).where(about).order_by(REVIEWS.c.id.desc()).limit(most)
    found = [Received(row.written_at, row.reviewer, row.remark, to_visit(row)) for row in await session.execute(newest)]
    if len(found) < most:
        return found, 0
    total = await session.scalar(select(func.count()).select_from(joined).where(about))
    return found, (total or 0) - len(found)


async def add_review(session: AsyncSession, **values: Any) -> None:
    await session.execute(insert(REVIEWS).values(**values))
