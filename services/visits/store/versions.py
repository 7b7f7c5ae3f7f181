"""Records as they stood before and after they were corrected."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.corrections import Version
from services.visits.models import RecordVersionRow

VERSIONS = RecordVersionRow.__table__  # type: ignore[attr-defined]
FIELDS = tuple(field.name for field in fields(Version))


async def versions_of(session: AsyncSession, visit_id: UUID) -> list[Version]:
    """All versions of a record, the first one first; none for one that was never corrected."""
    query = select(VERSIONS).where(VERSIONS.c.visit_id == visit_id).order_by(VERSIONS.c.number)
    return [Version(**{name: getattr(row, name) for name in FIELDS}) for row in await session.execute(query)]


async def add_versions(session: AsyncSession, versions: Sequence[Version]) -> None:
    await session.execute(insert(VERSIONS), [asdict(version) for version in versions])
