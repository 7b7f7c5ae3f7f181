"""Facts that don't stand any more, known before or after the facts themselves."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.facts import Fact, Identity, new_fact
from services.scheduler.domain.later.withdrawal import Withdrawal
from services.scheduler.domain.occasion import recalled
from services.scheduler.store.rows import load
from shared.contracts.registry import short_name, wire_type

_WANTED = "unnest(CAST(:ids AS text[]), CAST(:sources AS text[])) AS wanted (event_id, source)"
_SAVE = text("""
    INSERT INTO withdrawn_fact (event_id, source, reason, at)
    SELECT event_id, source, reason, at
    FROM unnest(CAST(:ids AS text[]), CAST(:sources AS text[]), CAST(:reasons AS text[]), CAST(:times AS timestamptz[]))
         AS row (event_id, source, reason, at)
    ORDER BY event_id, source
    ON CONFLICT DO NOTHING
""")
_FIND = text(f"""
    SELECT event_id, source, reason FROM withdrawn_fact JOIN {_WANTED} USING (event_id, source)
""")  # noqa: S608 - constants only
_DECIDED = text(f"""
    SELECT DISTINCT ON (event_id, source) event_id, source, event_key, event_type, customer_id, subject, at
    FROM decision JOIN {_WANTED} USING (event_id, source)
    WHERE event_type NOT IN ('fact.withdrawn', 'occasion.arrived') ORDER BY event_id, source, decided_at, at, event_key
""")  # noqa: S608 - constants only
_LEAVE = text("""
    DELETE FROM population USING draw
    WHERE draw.state = 'open' AND population.period = draw.period AND population.policy_id = draw.policy_id
      AND population.policy_version = draw.policy_version AND population.fact_key = ANY(CAST(:keys AS uuid[]))
""")
_DRAWING = text("""
    SELECT draw.id, draw.period, draw.policy_id, draw.policy_version
    FROM draw JOIN policy_version v ON v.policy_id = draw.policy_id AND v.version = draw.policy_version
    WHERE jsonb_exists_any(v.content #> '{trigger,events}', CAST(:events AS text[]))
""")
_IN_DRAWS = text("""
    SELECT DISTINCT ON (fact_key) fact_key, member.fact
    FROM unnest(CAST(:draws AS uuid[]), CAST(:periods AS date[]), CAST(:policies AS text[]), CAST(:versions AS int[]))
         AS row (draw_id, period, policy_id, policy_version)
    JOIN population member USING (period, policy_id, policy_version)
    JOIN draw ON draw.id = row.draw_id
    LEFT JOIN pick USING (draw_id, fact_key)
    WHERE member.customer_id = ANY(CAST(:customers AS text[]))
      AND (draw.state IN ('open', 'closed') OR pick.state = 'waiting' OR (pick.state = 'called' AND NOT EXISTS (
          SELECT FROM decision WHERE decision.event_id = pick.event_id AND decision.source = pick.source
                                 AND decision.event_type = 'occasion.arrived')))
    ORDER BY fact_key
""")
_FORGET_RUNS = text("""
    UPDATE heard_fact SET runs = '[]' WHERE customer_id = ANY(CAST(:customers AS text[]))
      AND event_key = ANY(CAST(:keys AS uuid[])) AND runs <> '[]'
""")
_FORGET = text("DELETE FROM withdrawn_fact WHERE at < :before")


def _columns(identities: Collection[Identity]) -> dict[str, list[str]]:
    return {"ids": [event_id for event_id, _ in identities], "sources": [source for _, source in identities]}


async def save_withdrawn(session: AsyncSession, withdrawals: Sequence[Withdrawal]) -> None:
    """From now on nothing is planned because of these facts."""
    reasons = {"reasons": [one.reason for one in withdrawals], "times": [one.heard_at for one in withdrawals]}
    await session.execute(_SAVE, _columns([one.identity for one in withdrawals]) | reasons)


async def find_withdrawn(session: AsyncSession, identities: Collection[Identity]) -> dict[Identity, str]:
    """Why those of these facts that don't stand any more were withdrawn."""
    rows = await session.execute(_FIND, _columns(identities)) if identities else ()
    return {(row[0], row[1]): row[2] for row in rows}


async def find_decided(session: AsyncSession, identities: Collection[Identity]) -> dict[Identity, Fact]:
    """The facts that have been decided on, as far as their record tells of them."""
    found: dict[Identity, Fact] = {}
    for event_id, source, key, name, customer_id, subject, at in await session.execute(_DECIDED, _columns(identities)):
        data = {"order_no": subject, "customer": {"id": customer_id}}
        wire = wire_type(name)
        found[event_id, source] = new_fact(event_id, source, key, wire, short_name(wire), at, data)
    return found


async def find_in_draws(session: AsyncSession, customers: Sequence[str], events: Collection[str]) -> list[Fact]:
    """The facts of these customers that wait to be drawn, told of a draw, or called from a reserve, of policies that one of
    these events (short names) triggers."""
    draws = (await session.execute(_DRAWING, {"events": sorted(events)})).all()
    if not draws:
        return []
    ids, periods, policies, versions = zip(*draws, strict=True)
    values = {"draws": ids, "periods": periods, "policies": policies, "versions": versions, "customers": customers}
    return [recalled(load(fact), key) for key, fact in await session.execute(_IN_DRAWS, values)]


async def leave_populations(session: AsyncSession, keys: Sequence[UUID]) -> None:
    """Facts leave the populations of periods that are still open; what has been drawn of is not changed any more."""
    await session.execute(_LEAVE, {"keys": list(keys)})


async def forget_runs(session: AsyncSession, facts: Mapping[UUID, str]) -> None:
    """No fact heard late lets the runs that these facts (key → customer) began go their way again."""
    await session.execute(_FORGET_RUNS, {"keys": list(facts), "customers": sorted(set(facts.values()))})


async def forget_withdrawn(session: AsyncSession, before: datetime) -> None:
    await session.execute(_FORGET, {"before": before})
