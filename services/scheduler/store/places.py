"""How many places of quotas and ceilings are taken."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.whom.limits import Place

# policies take turns by name: their counts may not exist yet, and what does not exist can't be locked as a row
_LOCK = text("""
    SELECT pg_advisory_xact_lock(715003, hashtext(policy_id))
    FROM (SELECT unnest(CAST(:policies AS text[])) AS policy_id ORDER BY 1) policy
""")
_FIND = text("""
    SELECT policy_id, day, stratum, taken FROM place_taken
    WHERE policy_id = ANY(CAST(:policies AS text[])) AND day >= :since
""")
_SAVE = text("""
    INSERT INTO place_taken (policy_id, day, stratum, taken)
    SELECT * FROM unnest(CAST(:policies AS text[]), CAST(:days AS date[]), CAST(:strata AS text[]), CAST(:taken AS int[]))
    ON CONFLICT (policy_id, day, stratum) DO UPDATE SET taken = excluded.taken
""")
_FORGET = text("DELETE FROM place_taken WHERE day < :before")


async def lock_policies(session: AsyncSession, policies: Sequence[str]) -> None:
    """Nobody else takes places of these policies until the transaction ends."""
    await session.execute(_LOCK, {"policies": sorted(policies)})


async def find_taken(session: AsyncSession, policies: Sequence[str], since: date) -> dict[Place, int]:
    """The counts of periods and days that begin on `since` or later."""
    rows = await session.execute(_FIND, {"policies": list(policies), "since": since})
    return {Place(row.policy_id, row.day, row.stratum): row.taken for row in rows}


async def save_taken(session: AsyncSession, taken: Mapping[Place, int]) -> None:
    if taken:
        policies, days, strata = zip(*taken, strict=True)
        values = {"policies": list(policies), "days": list(days), "strata": list(strata)}
        await session.execute(_SAVE, values | {"taken": list(taken.values())})


async def forget_taken(session: AsyncSession, before: date) -> None:
    await session.execute(_FORGET, {"before": before})
