"""What an agent's page shows of the queue: a few rows of each tab, and how many there are.

What waits to be claimed is shown to those whose it may be, by the rules of claims (`open_to`); also before its contact hours
begin and while a colleague has the customer, for that passes.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.claiming import Claimant
from services.visits.domain.visit import CALLBACK_RANK, State, Visit
from services.visits.store import rows
from services.visits.store.claims import open_to
from services.visits.store.practice import is_call, real
from services.visits.store.queries import ATTEMPTS
from services.visits.store.rows import to_visit
from shared.scope import Scope

VISITS = rows.VISITS.alias("v")  # as the rules of claims call it
MOST_DONE = 30
MOST_COUNTED = 1000  # a counter that says 999+ need not read the whole queue
_ON_SITE = VISITS.c.channel == "on_site"
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


async def count_tabs(session: AsyncSession, who: Claimant, scope: Scope, midnight: datetime) -> dict[Tab, int]:
    """How many visits of real customers each tab has, up to MOST_COUNTED."""
    counts = [
        select(func.count())
        .select_from(
            select(VISITS.c.id).where(_shown(tab, who, scope, midnight), real(VISITS)).limit(MOST_COUNTED).subquery()
        )
        .scalar_subquery()
        .label(tab)
        for tab in Tab
    ]
    return {Tab(name): number for name, number in (await session.execute(select(*counts))).one()._mapping.items()}


async def count_due_callbacks(session: AsyncSession, who: Claimant, scope: Scope) -> int:
    """Agreed callbacks whose time has come and that nobody has taken."""
    due = and_(VISITS.c.state == State.OPEN, VISITS.c.rank == CALLBACK_RANK, open_to(who, scope), real(VISITS))
    return (await session.execute(select(func.count()).select_from(VISITS).where(due))).scalar_one()


async def list_tab(
    session: AsyncSession, tab: Tab, who: Claimant, scope: Scope, midnight: datetime, limit: int
) -> list[Visit]:
    """The first visits of a tab, practice among them; those waiting to be claimed in the order in which they are claimed."""
    shown = and_(_shown(tab, who, scope, midnight), not_(is_call(VISITS)))
    query = select(VISITS).where(shown).order_by(*_ORDER[tab]).limit(limit)
    return [to_visit(row) for row in await session.execute(query)]


async def held_by(session: AsyncSession, who: Claimant, scope: Scope) -> Visit | None:
    """The call the agent claimed and has not finished; of several, the one to be worked first."""
    query = _held(who, scope).where(~_ON_SITE).order_by(*_QUEUED).limit(1)
    row = (await session.execute(query)).one_or_none()
    return to_visit(row) if row else None


async def has_worked(session: AsyncSession, agent: str) -> bool:
    """Whether a visit is or ever ended in these hands, practice included."""
    return bool(await session.scalar(select(exists().where(VISITS.c.agent == agent))))


async def list_held_on_site(session: AsyncSession, who: Claimant, scope: Scope) -> list[Visit]:
    """The visits on site that the agent has set out for."""
    return [to_visit(row) for row in await session.execute(_held(who, scope).where(_ON_SITE).order_by(*_QUEUED))]


async def list_appointments(session: AsyncSession, who: Claimant, scope: Scope, limit: int) -> list[Visit]:
    """The agent's own appointments on site, the earliest first; with those whose time has come."""
    own = and_(_ON_SITE, VISITS.c.callback_owner == who.agent, VISITS.c.state.in_((State.APPOINTED, State.OPEN)))
    query = select(VISITS).where(own, _seen(scope)).order_by(VISITS.c.callback_at).limit(limit)
    return [to_visit(row) for row in await session.execute(query)]


async def list_open_on_site(session: AsyncSession, who: Claimant, scope: Scope, limit: int) -> list[Visit]:
    """Visits on site that may be the agent's, in the order in which they are claimed."""
    free = and_(_ON_SITE, VISITS.c.state == State.OPEN, VISITS.c.callback_owner == "", open_to(who, scope))
    return [to_visit(row) for row in await session.execute(select(VISITS).where(free).order_by(*_QUEUED).limit(limit))]


async def list_done_on_site(session: AsyncSession, who: Claimant, scope: Scope, midnight: datetime) -> list[Visit]:
    """What the agent finished on site since then, the last first."""
    done = and_(_ON_SITE, VISITS.c.agent == who.agent, VISITS.c.finished_at >= midnight, _seen(scope))
    query = select(VISITS).where(done).order_by(VISITS.c.finished_at.desc()).limit(MOST_DONE)
    return [to_visit(row) for row in await session.execute(query)]


def _held(who: Claimant, scope: Scope) -> Select[Any]:
    return select(VISITS).where(VISITS.c.agent == who.agent, VISITS.c.state == State.CLAIMED, _seen(scope))


def _shown(tab: Tab, who: Claimant, scope: Scope, midnight: datetime) -> ColumnElement[bool]:
    state, mine = VISITS.c.state, VISITS.c.agent == who.agent
    match tab:
        case Tab.OPEN:
            return and_(state == State.OPEN, VISITS.c.rank != CALLBACK_RANK, open_to(who, scope))
        case Tab.CALLBACKS:
            due = and_(state == State.OPEN, VISITS.c.rank == CALLBACK_RANK)
            return and_(or_(due, state == State.APPOINTED), open_to(who, scope))
        case Tab.MINE:
            tried = exists().where(ATTEMPTS.c.visit_id == VISITS.c.id, ATTEMPTS.c.agent == who.agent)
            held = and_(state == State.CLAIMED, mine)
            return and_(or_(held, and_(state == State.WAITING, tried)), _seen(scope))
        case Tab.DONE:
            return and_(mine, VISITS.c.finished_at >= midnight, _seen(scope))


def _seen(scope: Scope) -> ColumnElement[bool]:
    return scope.where(VISITS.c.branch, VISITS.c.team)
