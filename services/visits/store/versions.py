"""Records, and results of attempts, as they stood before and after they were corrected."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain.attempts import Attempt
from services.visits.domain.corrections import Version
from services.visits.domain.result_corrections import ResultVersion
from services.visits.models import AttemptRow, AttemptVersionRow, RecordVersionRow

VERSIONS = RecordVersionRow.__table__  # type: ignore[attr-defined]
ATTEMPTS = AttemptRow.__table__  # type: ignore[attr-defined]
RESULTS = AttemptVersionRow.__table__  # type: ignore[attr-defined]
FIELDS = tuple(field.name for field in fields(Version))


async def versions_of(session: AsyncSession, visit_id: UUID) -> list[Version]:
    """All versions of a record, the first one first; none for one that was never corrected."""
    query = select(VERSIONS).where(VERSIONS.c.visit_id == visit_id).order_by(VERSIONS.c.number)
    return [Version(**{name: getattr(row, name) for name in FIELDS}) for row in await session.execute(query)]


async def add_versions(session: AsyncSession, versions: Sequence[Version]) -> None:
    await session.execute(insert(VERSIONS), [asdict(version) for version in versions])


async def results_of(session: AsyncSession, visit_id: UUID) -> list[ResultVersion]:
    """All versions of the results of a visit's attempts that were corrected, by attempt, the first ones first."""
    query = (
        select(RESULTS)
        .join(ATTEMPTS, ATTEMPTS.c.id == RESULTS.c.attempt_id)
        .where(ATTEMPTS.c.visit_id == visit_id)
        .order_by(ATTEMPTS.c.number, RESULTS.c.number)
    )
    return [ResultVersion(**row._mapping) for row in await session.execute(query)]


async def save_result(session: AsyncSession, attempt: Attempt, versions: Sequence[ResultVersion]) -> None:
    """Write a corrected attempt, and these versions of its result."""
    await session.execute(update(ATTEMPTS).where(ATTEMPTS.c.id == attempt.id).values(asdict(attempt)))
    await session.execute(insert(RESULTS), [asdict(version) for version in versions])
