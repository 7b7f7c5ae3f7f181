"""The facts that concern the runs of customers, for those that are heard late."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.kept.story import Begun, Heard, Story
from services.scheduler.domain.occasion import recalled, recorded
from services.scheduler.store.rows import dump, load

MOST = 200  # of a customer, the newest: beyond them nothing heard late finds its place
_FIND = text("""
    SELECT one.id, heard.event_key, heard.fact, heard.runs
    FROM unnest(CAST(:ids AS text[])) AS one (id) CROSS JOIN LATERAL
        (SELECT at, event_key, fact, runs FROM heard_fact WHERE customer_id = one.id
         ORDER BY at DESC, event_key DESC LIMIT :most) heard
    ORDER BY one.id, heard.at, heard.event_key
""")
_SAVE = text("""
    INSERT INTO heard_fact (customer_id, at, event_key, fact, runs)
    SELECT id, at, key, fact::jsonb, runs::jsonb
    FROM unnest(CAST(:ids AS text[]), CAST(:times AS timestamptz[]), CAST(:keys AS uuid[]), CAST(:facts AS text[]),
                CAST(:runs AS text[])) AS row (id, at, key, fact, runs)
    ON CONFLICT (customer_id, at, event_key) DO UPDATE SET runs = excluded.runs WHERE excluded.runs <> '[]'
""")
_FORGET = text("DELETE FROM heard_fact WHERE at < :before")


async def find_stories(session: AsyncSession, customers: Sequence[str]) -> dict[str, Story]:
    """What the runs of these locked customers remember, by customer."""
    found: dict[str, Story] = {}
    for name, key, fact, runs in await session.execute(_FIND, {"ids": list(customers), "most": MOST}):
        heard = Heard(recalled(load(fact), key), tuple(map(_begun, load(runs))))
        found[name] = (*found.get(name, ()), heard)
    return found


async def save_heard(session: AsyncSession, heard: Sequence[tuple[str, Heard]]) -> None:
    """Remember facts of customers, or what has become of the runs they began."""
    if heard:
        values: dict[str, Any] = {
            "ids": [name for name, _ in heard],
            "times": [one.fact.at for _, one in heard],
            "keys": [one.fact.key for _, one in heard],
            "facts": [dump(recorded(one.fact)) for _, one in heard],
            "runs": [dump([list(begun) for begun in one.runs]) for _, one in heard],
        }
        await session.execute(_SAVE, values)


def changed(before: Iterable[tuple[str, Heard]], after: Iterable[tuple[str, Heard]]) -> list[tuple[str, Heard]]:
    """What is to be saved of what customers' runs remember, in the order that every transaction keeps."""
    known = {(name, one.fact.key): one.runs for name, one in before}
    fresh = [(name, one) for name, one in after if known.get((name, one.fact.key)) != one.runs]
    return sorted(fresh, key=lambda each: (each[0], each[1].fact.at, each[1].fact.key))


async def forget_heard(session: AsyncSession, before: datetime) -> None:
    await session.execute(_FORGET, {"before": before})


def _begun(kept: Sequence[Any]) -> Begun:
    policy_id, version, draw, stands, over = kept
    return Begun(policy_id, version, draw, stands, datetime.fromisoformat(over) if over else None)
