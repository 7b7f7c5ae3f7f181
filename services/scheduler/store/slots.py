"""How many slots of quotas and ceilings are taken, how many contacts found no room, and who was told of that."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.whom.limits import Count, Slot

# policies take turns by name: their counts may not exist yet, and what does not exist can't be locked as a row
_LOCK = text("""
    SELECT pg_advisory_xact_lock(715003, hashtext(policy_id))
    FROM (SELECT unnest(CAST(:policies AS text[])) AS policy_id ORDER BY 1) policy
""")
_FIND = text("""
    SELECT policy_id, day, stratum, taken, lacking, most FROM place_taken
    WHERE policy_id = ANY(CAST(:policies AS text[])) AND day >= :since
""")
_SAVE = text("""
    INSERT INTO place_taken (policy_id, day, stratum, taken, lacking, most)
    SELECT * FROM unnest(CAST(:policies AS text[]), CAST(:days AS date[]), CAST(:strata AS text[]),
                         CAST(:taken AS int[]), CAST(:lacking AS int[]), CAST(:most AS int[]))
    ON CONFLICT (policy_id, day, stratum)
    DO UPDATE SET taken = excluded.taken, lacking = excluded.lacking, most = excluded.most
""")
_CLAIM = text("""
    INSERT INTO limit_notice (policy_id, day) SELECT unnest(CAST(:policies AS text[])), CAST(:day AS date)
    ON CONFLICT DO NOTHING RETURNING policy_id
""")
_TITLE = "(SELECT content ->> 'title' FROM policy_version v WHERE v.policy_id = {id} ORDER BY version DESC LIMIT 1)"
_TITLES = text(f"SELECT id, {_TITLE.format(id='wanted.id')} FROM unnest(CAST(:policies AS text[])) AS wanted (id)")  # noqa: S608
_LIST = text(f"""
    SELECT policy_id, {_TITLE.format(id="place_taken.policy_id")} AS title, day, stratum, taken, lacking, most
    FROM place_taken
    WHERE (CAST(:policy_id AS text) IS NULL OR policy_id = :policy_id) AND (lacking > 0 OR NOT :lacking)
      AND (CAST(:day AS date) IS NULL OR day < :day OR (day = :day AND (policy_id, stratum) > (:after_id, :after_stratum)))
    ORDER BY day DESC, policy_id, stratum LIMIT :limit
""")  # noqa: S608 - constants only
_FORGET = text("DELETE FROM place_taken WHERE day < :before AND day <> ALL(CAST(:kept AS date[]))")
_FORGET_NOTICES = text("DELETE FROM limit_notice WHERE day < :before")


@dataclass(frozen=True)
class LimitDay:
    """A policy's ceiling on a day, or its quota of a stratum in the period that begins on `day`."""

    policy_id: str
    title: str
    slot: Slot
    count: Count


async def lock_policies(session: AsyncSession, policies: Sequence[str]) -> None:
    """Nobody else takes slots of these policies until the transaction ends."""
    await session.execute(_LOCK, {"policies": sorted(policies)})


async def find_taken(session: AsyncSession, policies: Sequence[str], since: date) -> dict[Slot, Count]:
    """The counts of periods and days that begin on `since` or later."""
    rows = await session.execute(_FIND, {"policies": list(policies), "since": since})
    return {Slot(*row[:3]): Count(*row[3:]) for row in rows}


async def save_counts(session: AsyncSession, counts: Mapping[Slot, Count]) -> None:
    if counts:
        policies, days, strata = map(list, zip(*counts, strict=True))
        taken, lacking, most = map(list, zip(*counts.values(), strict=True))
        values = {
            "policies": policies,
            "days": days,
            "strata": strata,
            "taken": taken,
            "lacking": lacking,
            "most": most,
        }
        await session.execute(_SAVE, values)


async def claim_notices(session: AsyncSession, policies: Sequence[str], day: date) -> dict[str, str]:
    """Titles by id of those policies of which nobody has been told on `day`; they count as told then."""
    claimed = list((await session.execute(_CLAIM, {"policies": sorted(policies), "day": day})).scalars())
    rows = await session.execute(_TITLES, {"policies": claimed}) if claimed else ()
    return {row[0]: row[1] or row[0] for row in rows}


async def list_counts(
    session: AsyncSession, policy_id: str | None, lacking: bool, after: tuple[date, str, str] | None, limit: int
) -> list[LimitDay]:
    """The latest days first; `lacking`: only where contacts found no room."""
    day, after_id, after_stratum = after or (None, "", "")
    values = {"policy_id": policy_id, "lacking": lacking, "day": day, "limit": limit}
    rows = await session.execute(_LIST, values | {"after_id": after_id, "after_stratum": after_stratum})
    return [
        LimitDay(
            row.policy_id,
            row.title or row.policy_id,
            Slot(row.policy_id, row.day, row.stratum),
            Count(row.taken, row.lacking, row.most),
        )
        for row in rows
    ]


async def forget_taken(session: AsyncSession, before: date, kept: Iterable[date]) -> None:
    """Counts of periods and days that begin before then, but on none of the days `kept`."""
    await session.execute(_FORGET, {"before": before, "kept": sorted(kept)})
    await session.execute(_FORGET_NOTICES, {"before": before})
