"""Who was drawn: waiting to be told, called, or lost and replaced by the reserve."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.draw import Pick
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.occasion import recalled
from services.scheduler.store.draws import StoredDraw
from services.scheduler.store.rows import load

_SAVE = text("""
    INSERT INTO pick (draw_id, fact_key, stratum, place, reserve, state, policy_id, event_id, customer_id)
    SELECT :draw_id, row.fact_key, row.stratum, row.place, row.reserve, 'waiting', population.policy_id,
           population.fact ->> 'id', population.customer_id
    FROM unnest(CAST(:keys AS uuid[]), CAST(:strata AS text[]), CAST(:places AS int[]), CAST(:reserves AS boolean[]))
         AS row (fact_key, stratum, place, reserve)
    JOIN population USING (fact_key)
    WHERE period = :period AND population.policy_id = :policy_id AND policy_version = :version
""")
_WAITING = text("""
    SELECT pick.fact_key, population.fact FROM (
        SELECT fact_key, stratum, place FROM pick WHERE draw_id = :draw_id AND NOT reserve AND state = 'waiting'
        ORDER BY stratum, place LIMIT :limit) pick
    JOIN population USING (fact_key)
    WHERE period = :period AND policy_id = :policy_id AND policy_version = :version
    ORDER BY pick.stratum, place
""")
_CALLED = text("UPDATE pick SET state = 'called' WHERE draw_id = :draw_id AND fact_key = ANY(CAST(:keys AS uuid[]))")
_FIND = text("""
    SELECT draw_id, fact_key, policy_id, event_id, customer_id FROM pick
    WHERE event_id = ANY(CAST(:events AS text[])) AND state = 'called' ORDER BY draw_id, fact_key
""")
_LOSE = text("""
    UPDATE pick SET state = 'lost' WHERE draw_id = :draw_id AND fact_key = :fact_key AND state = 'called'
    RETURNING stratum
""")
_NEXT = text("""
    UPDATE pick SET state = 'called' WHERE (draw_id, fact_key) IN (
        SELECT draw_id, fact_key FROM pick
        WHERE draw_id = :draw_id AND reserve AND stratum = :stratum AND state = 'waiting'
        ORDER BY place LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING fact_key
""")
_FACT = text("""
    SELECT fact FROM population
    WHERE period = :period AND policy_id = :policy_id AND policy_version = :version AND fact_key = :fact_key
""")
_STATES = text("SELECT fact_key, place, reserve, state FROM pick WHERE draw_id = :draw_id")


class Called(NamedTuple):
    """A pick whose contact is under way."""

    draw_id: UUID
    fact_key: UUID
    policy_id: str
    event_id: str
    customer_id: str


class PickState(NamedTuple):
    """How a pick of a draw stands."""

    fact_key: UUID
    place: int
    reserve: bool
    state: str


def _of(draw: StoredDraw) -> dict[str, Any]:
    return {"period": draw.period.first, "policy_id": draw.policy_id, "version": draw.policy_version}


async def save_picks(session: AsyncSession, draw: StoredDraw, picks: Sequence[Pick]) -> None:
    values = {
        "draw_id": draw.id,
        "keys": [pick.key for pick in picks],
        "strata": [pick.stratum for pick in picks],
        "places": [pick.place for pick in picks],
        "reserves": [pick.reserve for pick in picks],
    }
    await session.execute(_SAVE, values | _of(draw))


async def call_winners(session: AsyncSession, draw: StoredDraw, limit: int) -> list[Fact]:
    """The next winners, by stratum and place, called from now on. The draw must be locked."""
    rows = (await session.execute(_WAITING, _of(draw) | {"draw_id": draw.id, "limit": limit})).all()
    if rows:
        await session.execute(_CALLED, {"draw_id": draw.id, "keys": [row.fact_key for row in rows]})
    return [recalled(load(row.fact), row.fact_key) for row in rows]


async def find_called(session: AsyncSession, events: Iterable[str]) -> list[Called]:
    """Picks under way for facts with these ids, of any source and policy."""
    rows = await session.execute(_FIND, {"events": list(events)})
    return [Called(*row) for row in rows]


async def lose(session: AsyncSession, called: Called) -> str | None:
    """Give a pick up; its stratum, or None when it was given up before."""
    values = {"draw_id": called.draw_id, "fact_key": called.fact_key}
    return (await session.execute(_LOSE, values)).scalar()


async def call_next(session: AsyncSession, draw: StoredDraw, stratum: str) -> Fact | None:
    """The next in reserve, called from now on; two replicas never get the same."""
    key = (await session.execute(_NEXT, {"draw_id": draw.id, "stratum": stratum})).scalar()
    if key is None:
        return None
    fact = (await session.execute(_FACT, _of(draw) | {"fact_key": key})).scalar_one()
    return recalled(load(fact), key)


async def get_states(session: AsyncSession, draw_id: UUID) -> Mapping[UUID, PickState]:
    """How all picks of a draw stand."""
    rows = await session.execute(_STATES, {"draw_id": draw_id})
    return {row.fact_key: PickState(*row) for row in rows}
