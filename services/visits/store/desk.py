"""What an agent's page shows of the queue: a few rows of each tab, and how many there are."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.visit import CALLBACK_RANK, State, Visit
from services.visits.store.queries import ATTEMPTS
from services.visits.store.rows import VISITS, seen_by, to_visit
from shared.principal import Principal

MOST_COUNTED = 1000  # a counter that says 999+ need not read the whole queue
_QUEUED = (VISITS.c.rank, VISITS.c.deadline_at, VISITS.c.due_at, VISITS.c.id)  # the order of claims


class Tab(StrEnum):
    OPEN = "open"
    CALLBACKS = "callbacks"
    MINE = "mine"
    DONE = "done"


_ORDER: Mapping[Tab, tuple[Any, ...]] = {
    Tab.OPEN: _QUEUED,
    Tab.CALLBACKS: (VISITS.c.rank, VISITS.c.next_at, VISITS.c.id),
    Tab.MINE: (VISITS.c.state, VISITS.c.next_at, VISITS.c.id),
    Tab.DONE: (VISITS.c.finished_at.desc(),),
}


async def count_tabs(session: AsyncSession, agent: Principal, midnight: datetime) -> dict[Tab, int]:
    """How many visits each tab has, up to MOST_COUNTED."""
    counts = [
        select(func.count())
        .select_from(select(VISITS.c.id).where(_shown(tab, agent, midnight)).limit(MOST_COUNTED).subquery())
        .scalar_subquery()
        .label(tab)
        for tab in Tab
    ]
    return {Tab(name): number for name, number in (await session.execute(select(*counts))).one()._mapping.items()}


async def count_due_callbacks(session: AsyncSession, agent: Principal) -> int:
    """Agreed callbacks whose time has come and that nobody has taken."""
    due = and_(VISITS.c.state == State.OPEN, VISITS.c.rank == CALLBACK_RANK, _for(agent))
    return (await session.execute(select(func.count()).select_from(VISITS).where(due))).scalar_one()


async def list_tab(session: AsyncSession, tab: Tab, agent: Principal, midnight: datetime, limit: int) -> list[Visit]:
    """The first visits of a tab; those waiting to be claimed in the order in which they are claimed."""
    query = select(VISITS).where(_shown(tab, agent, midnight)).order_by(*_ORDER[tab]).limit(limit)
    return [to_visit(row) for row in await session.execute(query)]


async def held_by(session: AsyncSession, agent: Principal) -> Visit | None:
    """The visit the agent claimed and has not finished; of several, the one to be worked first."""
    query = _held(agent).order_by(*_QUEUED).limit(1)
    row = (await session.execute(query)).one_or_none()
    return to_visit(row) if row else None


def _held(agent: Principal) -> Select[Any]:
    return select(VISITS).where(VISITS.c.agent == agent.id, VISITS.c.state == State.CLAIMED, seen_by(agent.scope))


def _shown(tab: Tab, agent: Principal, midnight: datetime) -> ColumnElement[bool]:
    state, mine = VISITS.c.state, VISITS.c.agent == agent.id
    match tab:
        case Tab.OPEN:
            return and_(state == State.OPEN, VISITS.c.rank != CALLBACK_RANK, _for(agent))
        case Tab.CALLBACKS:
            due = and_(state == State.OPEN, VISITS.c.rank == CALLBACK_RANK)
            return and_(or_(due, state == State.APPOINTED), _for(agent))
        case Tab.MINE:
            tried = exists().where(ATTEMPTS.c.visit_id == VISITS.c.id, ATTEMPTS.c.agent == agent.id)
            held = and_(state == State.CLAIMED, mine)
            return and_(or_(held, and_(state == State.WAITING, tried)), seen_by(agent.scope))
        case Tab.DONE:
            return and_(mine, VISITS.c.finished_at >= midnight, seen_by(agent.scope))


def _for(agent: Principal) -> ColumnElement[bool]:
    """What the agent could be given: of their units, and of their teams where they have some."""
    return and_(seen_by(agent.scope), VISITS.c.team.in_(agent.teams) if agent.teams else true())
