"""What every pack says of the organisation and its events (table: `shared.units`), and when it was told to the others."""

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.organisation import OrganisationPublished

# a pack that names no unit and no kind of event, and never did, has no row
_SAVE = text("""
    INSERT INTO organisation (pack, version, told)
    SELECT :pack, next.version, CAST(:told AS jsonb) || jsonb_build_object('version', next.version)
    FROM (SELECT coalesce(max(version), 0) + 1 AS version FROM organisation) next
    WHERE :named OR EXISTS (SELECT FROM organisation WHERE pack = :pack)
    ON CONFLICT (pack) DO UPDATE SET version = excluded.version, told = excluded.told, told_at = NULL
    WHERE organisation.told - 'version' <> excluded.told - 'version'
""")
_CLAIM = text("""
    UPDATE organisation SET told_at = :now WHERE told_at IS NULL OR told_at < :before RETURNING told
""")


async def save_organisation(session: AsyncSession, told: OrganisationPublished) -> None:
    """Give it the next version, unless its pack said the same before."""
    values = {"pack": told.pack, "told": told.model_dump_json(), "named": bool(told.units or told.kinds)}
    await session.execute(_SAVE, values)


async def claim_unpublished(session: AsyncSession, now: datetime, before: datetime) -> list[OrganisationPublished]:
    """Those told of before that moment, or never; they count as told `now`."""
    rows = (await session.execute(_CLAIM, {"now": now, "before": before})).scalars()
    return [OrganisationPublished.model_validate(told) for told in rows]
