"""Who was drawn: waiting to be told, called, or lost and replaced by the reserve."""

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.detail import KeptDetail
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.later.reserve import Name
from services.scheduler.domain.occasion import recalled
from services.scheduler.domain.whom.draw import Pick
from services.scheduler.domain.whom.draw_record import DrawRecord, Member
from services.scheduler.store.rows import load

_SAVE = text("""
    INSERT INTO pick (draw_id, fact_key, stratum, place, reserve, state, policy_id, event_id, customer_id)
    SELECT :draw_id, fact_key, stratum, place, reserve, 'waiting', :policy_id, '', ''
    FROM unnest(CAST(:keys AS uuid[]), CAST(:strata AS text[]), CAST(:places AS int[]), CAST(:reserves AS boolean[]))
         AS row (fact_key, stratum, place, reserve)
""")
_CALL = """
    WITH chosen AS MATERIALIZED ({chosen}), called AS (
        UPDATE pick SET state = 'called', event_id = population.fact ->> 'id', source = population.fact ->> 'source',
               customer_id = population.customer_id
        FROM chosen JOIN population USING (fact_key)
        WHERE draw_id = :draw_id AND pick.fact_key = chosen.fact_key
          AND period = :period AND population.policy_id = :policy_id AND policy_version = :version
        RETURNING pick.stratum, place, population.fact_key, population.fact)
    SELECT fact_key, fact FROM called ORDER BY stratum, place
"""
_CALL_WINNERS = text(
    _CALL.format(
        chosen="SELECT fact_key FROM pick WHERE draw_id = :draw_id AND NOT reserve AND state = 'waiting' "
        "ORDER BY stratum, place LIMIT :limit"
    )
)
_CALL_NEXT = text(
    _CALL.format(
        chosen="SELECT fact_key FROM pick WHERE draw_id = :draw_id AND reserve AND state = 'waiting' "
        "AND stratum = :stratum ORDER BY place LIMIT 1 FOR UPDATE SKIP LOCKED"
    )
)
_FIND = text("""
    SELECT draw_id, fact_key, policy_id, event_id, source, customer_id FROM pick
    WHERE event_id = ANY(CAST(:events AS text[])) AND state = 'called' ORDER BY draw_id, fact_key
""")
_LOSE = text("""
    UPDATE pick SET state = 'lost' WHERE draw_id = :draw_id AND fact_key = :fact_key AND state = 'called'
    RETURNING stratum
""")
_LOST = text("""
    SELECT policy_id, event_id, source, customer_id FROM pick
    WHERE event_id = ANY(CAST(:events AS text[])) AND state = 'lost'
""")
_MEMBERS = text("""
    SELECT member.fact_key, member.fact ->> 'source' AS source, member.fact ->> 'id' AS event_id, member.customer_id,
           member.stratum, pick.place, coalesce(pick.reserve, false) AS reserve, coalesce(pick.state, '') AS state
    FROM population member LEFT JOIN pick ON pick.draw_id = :draw_id AND pick.fact_key = member.fact_key
    WHERE period = :period AND member.policy_id = :policy_id AND policy_version = :version AND member.fact_key > :after
    ORDER BY member.fact_key LIMIT :limit
""")
_STANDING = text("""
    SELECT asked.position, draw.id, draw.population, draw.made_at, pick.place, pick.reserve, pick.state,
           pick.fact_key IS NOT NULL AS picked
    FROM unnest(CAST(:policies AS text[]), CAST(:versions AS int[]), CAST(:periods AS date[]), CAST(:keys AS uuid[]))
         WITH ORDINALITY AS asked (policy_id, version, period, fact_key, position)
    JOIN draw ON draw.policy_id = asked.policy_id AND draw.policy_version = asked.version AND draw.period = asked.period
    LEFT JOIN pick ON pick.draw_id = draw.id AND pick.fact_key = asked.fact_key
    WHERE draw.made_at IS NOT NULL
""")
PORTION = 5000


class Called(NamedTuple):
    """A pick whose contact is under way."""

    draw_id: UUID
    fact_key: UUID
    policy_id: str
    event_id: str
    source: str
    customer_id: str

    @property
    def name(self) -> Name:
        return self.policy_id, (self.event_id, self.source), self.customer_id


class Asked(NamedTuple):
    """A fact of which is asked what its draw said."""

    policy_id: str
    version: int
    period: date
    fact_key: UUID


def _of(draw: DrawRecord) -> dict[str, Any]:
    return {"period": draw.period.first, "policy_id": draw.policy_id, "version": draw.policy_version}


async def save_picks(session: AsyncSession, draw: DrawRecord, picks: Sequence[Pick]) -> None:
    values = {
        "draw_id": draw.id,
        "policy_id": draw.policy_id,
        "keys": [pick.key for pick in picks],
        "strata": [pick.stratum for pick in picks],
        "places": [pick.place for pick in picks],
        "reserves": [pick.reserve for pick in picks],
    }
    await session.execute(_SAVE, values)


async def call_winners(session: AsyncSession, draw: DrawRecord, limit: int) -> list[Fact]:
    """The next winners, by stratum and place, called from now on. The draw must be locked."""
    return await _call(session, _CALL_WINNERS, draw, {"limit": limit})


async def _call(session: AsyncSession, statement: TextClause, draw: DrawRecord, which: dict[str, Any]) -> list[Fact]:
    rows = await session.execute(statement, _of(draw) | {"draw_id": draw.id} | which)
    return [recalled(load(fact), fact_key) for fact_key, fact in rows]


async def find_called(session: AsyncSession, events: Iterable[str]) -> list[Called]:
    """Picks under way for facts with these ids, of any source and policy."""
    rows = await session.execute(_FIND, {"events": list(events)})
    return [Called(*row) for row in rows]


async def lose(session: AsyncSession, called: Called) -> str | None:
    """Give a pick up; its stratum, or None when it was given up before."""
    values = {"draw_id": called.draw_id, "fact_key": called.fact_key}
    return (await session.execute(_LOSE, values)).scalar()


async def find_lost(session: AsyncSession, names: Iterable[Name]) -> set[Name]:
    """Those of these contacts that were drawn and given up."""
    wanted = set(names)
    rows = await session.execute(_LOST, {"events": sorted({event_id for _, (event_id, _), _ in wanted})})
    return {(policy, (event_id, source), customer) for policy, event_id, source, customer in rows} & wanted


async def call_next(session: AsyncSession, draw: DrawRecord, stratum: str) -> Fact | None:
    """The next in reserve, called from now on; two replicas never get the same."""
    facts = await _call(session, _CALL_NEXT, draw, {"stratum": stratum})
    return facts[0] if facts else None


async def read_members(session: AsyncSession, draw: DrawRecord) -> AsyncIterator[list[Member]]:
    """The population in portions, with what came of each, in the order of the facts' keys."""
    after = UUID(int=0)
    while True:
        values = _of(draw) | {"draw_id": draw.id, "after": after, "limit": PORTION}
        members = [Member(*row) for row in await session.execute(_MEMBERS, values)]
        if not members:
            return
        yield members
        after = members[-1].key


async def find_standings(session: AsyncSession, asked: Sequence[Asked]) -> dict[Asked | None, KeptDetail]:
    """What the draws that are made said of facts: `draw`, `population`, and `standing`: drawn, reserve or sampled_out."""
    if not asked:
        return {}
    policies, versions, periods, keys = zip(*asked, strict=True)
    values = {"policies": policies, "versions": versions, "periods": periods, "keys": keys}
    rows = await session.execute(_STANDING, {name: list(column) for name, column in values.items()})
    return {asked[row.position - 1]: _standing(row) for row in rows}


def _standing(row: Any) -> KeptDetail:
    called = row.picked and row.state != "waiting"
    standing = "sampled_out" if not row.picked else "drawn" if called or not row.reserve else "reserve"
    return {"standing": standing, "draw": str(row.id), "population": row.population, "place": row.place}
