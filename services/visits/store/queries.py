"""Reading visits: lists, histories, counts."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.attempts import Attempt
from services.visits.domain.visit import State, Visit
from services.visits.models import AttemptRow
from services.visits.store.practice import real
from services.visits.store.rows import VISITS, seen_by, to_visit
from shared.scope import Scope

ATTEMPTS = AttemptRow.__table__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Filter:
    """What a list is narrowed to; None = not narrowed. `deadline_before`: unfinished, and to be done before then."""

    state: State | None = None
    team: str | None = None
    branch: str | None = None
    customer_id: str | None = None
    agent: str | None = None
    deadline_before: datetime | None = None


async def list_visits(
    session: AsyncSession, wanted: Filter, scope: Scope, before: UUID | None, limit: int
) -> list[Visit]:
    """Visits that are in `scope`, newest due first, behind the id `before`."""
    query = select(VISITS).where(seen_by(scope)).order_by(VISITS.c.id.desc()).limit(limit)
    if wanted.deadline_before:
        query = query.where(VISITS.c.finished_at.is_(None), VISITS.c.deadline_at < wanted.deadline_before)
    for field in fields(wanted):
        value = getattr(wanted, field.name)
        if value is not None and field.name != "deadline_before":
            query = query.where(VISITS.c[field.name] == value)
    if before:
        query = query.where(VISITS.c.id < before)
    return [to_visit(row) for row in await session.execute(query)]


async def attempts_of(session: AsyncSession, visits: Iterable[Visit]) -> dict[UUID, list[Attempt]]:
    """The attempts made at each visit, first to last."""
    ids = [visit.id for visit in visits if visit.attempts]
    made: dict[UUID, list[Attempt]] = defaultdict(list)
    if ids:
        query = select(ATTEMPTS).where(ATTEMPTS.c.visit_id.in_(ids)).order_by(ATTEMPTS.c.visit_id, ATTEMPTS.c.number)
        for row in await session.execute(query):
            made[row.visit_id].append(Attempt(**row._mapping))
    return made


async def callbacks_near(
    session: AsyncSession, agent: str, at: datetime, distance: timedelta, but: UUID
) -> list[Visit]:
    """Other callbacks of an agent's own that are agreed for less than `distance` before or after `at`, in order."""
    agreed = VISITS.c.callback_at
    query = select(VISITS).where(
        VISITS.c.callback_owner == agent, agreed > at - distance, agreed < at + distance, VISITS.c.id != but
    )
    return [to_visit(row) for row in await session.execute(query.where(VISITS.c.callback_owner != "").order_by(agreed))]


async def count_visits(session: AsyncSession, since: datetime, scope: Scope) -> list[tuple[str, State, int]]:
    """(team, state, number) of unfinished visits and of those finished since then."""
    query = (
        select(VISITS.c.team, VISITS.c.state, func.count())
        .where(or_(VISITS.c.finished_at.is_(None), VISITS.c.finished_at >= since), seen_by(scope), real())
        .group_by(VISITS.c.team, VISITS.c.state)
        .order_by(VISITS.c.team, VISITS.c.state)
    )
    return [(team, State(state), number) for team, state, number in await session.execute(query)]


@dataclass(frozen=True)
class Standing:
    """Unfinished visits of a state, team and branch: how many, past their deadline, and with a missed callback."""

    state: str
    team: str
    branch: str
    visits: int
    overdue: int
    missed: int


async def count_unfinished(session: AsyncSession, now: datetime, missed: datetime) -> list[Standing]:
    """What is not finished; a callback agreed for a time before `missed` was missed."""
    by = (VISITS.c.state, VISITS.c.team, VISITS.c.branch)
    overdue = func.count().filter(VISITS.c.deadline_at < now)
    late = func.count().filter(VISITS.c.callback_at < missed)
    query = select(*by, func.count(), overdue, late).where(VISITS.c.finished_at.is_(None), real()).group_by(*by)
    return [Standing(*row) for row in await session.execute(query)]
