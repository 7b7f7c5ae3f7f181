"""Who is there: what agents have said, and how much they hold."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, func, literal, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.presence import Presence, Present
from services.visits.models import WorkShiftRow
from services.visits.store.rows import PRESENCE, VISITS
from shared.scope import Scope

SHIFTS = WorkShiftRow.__table__  # type: ignore[attr-defined]
_SAVE = text("""
    INSERT INTO presence (agent, name, state, since, capacity, units, teams)
    VALUES (:agent, :name, :state, :since, :capacity, :units, :teams)
    ON CONFLICT (agent) DO UPDATE SET name = excluded.name, state = excluded.state, capacity = excluded.capacity,
        units = excluded.units, teams = excluded.teams,
        since = CASE WHEN presence.state = excluded.state THEN presence.since ELSE excluded.since END
    RETURNING since
""")
_HELD = (
    select(func.count()).where(VISITS.c.agent == PRESENCE.c.agent, VISITS.c.lease_until.is_not(None)).scalar_subquery()
)
_SHIFT = func.coalesce(select(SHIFTS.c.frames).where(SHIFTS.c.person == PRESENCE.c.agent).scalar_subquery(), "")


async def save(session: AsyncSession, presence: Presence) -> Any:
    """Keep what an agent has said; returns since when they are in that state."""
    values = asdict(presence)
    del values["shift"]  # the gateway's to tell
    values |= {"units": list(presence.units), "teams": list(presence.teams)}
    return (await session.execute(_SAVE, values)).scalar_one()


async def get(session: AsyncSession, agent: str) -> tuple[Presence | None, int, str]:
    """What the agent has said, if anything; how many visits they hold; their shift."""
    row = (
        await session.execute(select(PRESENCE, _SHIFT.label("shift")).where(PRESENCE.c.agent == agent))
    ).one_or_none()
    held = select(func.count()).where(VISITS.c.agent == agent, VISITS.c.lease_until.is_not(None)).scalar_subquery()
    shift = select(SHIFTS.c.frames).where(SHIFTS.c.person == agent).scalar_subquery()
    now = (await session.execute(select(held.label("held"), func.coalesce(shift, "").label("shift")))).one()
    return _presence(row) if row else None, now.held, now.shift


async def list_present(session: AsyncSession, scope: Scope, after: str, limit: int) -> list[tuple[Presence, int]]:
    """Agents whose units or teams are in `scope`, by id behind `after`, each with how many visits they hold."""
    query = select(PRESENCE, _HELD.label("held"), _SHIFT.label("shift")).where(_seen(scope), PRESENCE.c.agent > after)
    rows = await session.execute(query.order_by(PRESENCE.c.agent).limit(limit))
    return [(_presence(row), row.held) for row in rows]


async def list_silent(session: AsyncSession, scope: Scope, limit: int) -> list[tuple[str, int]]:
    """Who holds visits in `scope` and has never said whether they are there, by id, each with how many they hold of them."""
    held = select(VISITS.c.agent, func.count()).where(
        VISITS.c.lease_until.is_not(None),
        scope.where(VISITS.c.branch, VISITS.c.team),
        ~exists().where(PRESENCE.c.agent == VISITS.c.agent),
    )
    rows = await session.execute(held.group_by(VISITS.c.agent).order_by(VISITS.c.agent).limit(limit))
    return [(agent, number) for agent, number in rows]


def _seen(scope: Scope) -> ColumnElement[bool]:
    if scope.whole:
        return literal(True)
    return or_(PRESENCE.c.units.overlap(scope.limit), PRESENCE.c.teams.overlap(scope.limit))


def _presence(row: Row[Any]) -> Presence:
    return Presence(
        agent=row.agent,
        name=row.name,
        state=Present(row.state),
        since=row.since,
        capacity=row.capacity,
        units=tuple(row.units),
        teams=tuple(row.teams),
        shift=row.shift,
    )
