"""What happens to tasks at other moments than when they are due: deadline warnings, and times to be computed again."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.provisional import unpublished_year
from services.scheduler.domain.task import Task

# sent warnings stay for a while, so that a task that changes is not warned of again
_SAVE_WARNINGS = text("""
    INSERT INTO deadline_warning (task_id, warn_at, sent)
    SELECT id, warn_at, false FROM unnest(CAST(:ids AS uuid[]), CAST(:times AS timestamptz[])) AS row (id, warn_at)
    ORDER BY id
    ON CONFLICT (task_id) DO UPDATE SET warn_at = excluded.warn_at WHERE NOT deadline_warning.sent
""")
_CLAIM_WARNINGS = text("""
    UPDATE deadline_warning SET sent = true WHERE task_id IN (
        SELECT task_id FROM deadline_warning WHERE NOT sent AND warn_at <= :now
        ORDER BY warn_at, task_id LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING task_id
""")
_FORGET_WARNINGS = text("DELETE FROM deadline_warning WHERE sent AND warn_at < :before")
_SAVE_PROVISIONAL = text("""
    INSERT INTO provisional_task (task_id, customer_id, year)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:customers AS text[]), CAST(:years AS int[])) ORDER BY 1
    ON CONFLICT (task_id) DO UPDATE SET year = excluded.year
""")
_FIND_PROVISIONAL = text("""
    SELECT DISTINCT customer_id FROM (
        SELECT customer_id FROM provisional_task WHERE year < :year ORDER BY year, task_id LIMIT :limit) found
""")
_CLAIM_PROVISIONAL = text("""
    DELETE FROM provisional_task WHERE customer_id = ANY(CAST(:customers AS text[])) AND year < :year RETURNING task_id
""")


async def save_timed(session: AsyncSession, planned: Sequence[Task]) -> None:
    """Note which of these planned tasks are to be warned of, and which hang on holidays not yet published."""
    if warned := [task for task in planned if task.warn_at is not None]:
        values = {"ids": [task.id for task in warned], "times": [task.warn_at for task in warned]}
        await session.execute(_SAVE_WARNINGS, values)
    if provisional := [task for task in planned if task.terms]:
        values = {
            "ids": [task.id for task in provisional],
            "customers": [task.customer_id for task in provisional],
            "years": [unpublished_year(task) for task in provisional],
        }
        await session.execute(_SAVE_PROVISIONAL, values)


async def claim_warnings(session: AsyncSession, now: datetime, limit: int) -> list[UUID]:
    """Take up to `limit` tasks whose warning is due and that no other replica has; each is given once."""
    return list((await session.execute(_CLAIM_WARNINGS, {"now": now, "limit": limit})).scalars())


async def forget_warnings(session: AsyncSession, before: datetime) -> None:
    """Drop warnings sent so long ago that their tasks have ended."""
    await session.execute(_FORGET_WARNINGS, {"before": before})


async def find_provisional(session: AsyncSession, year: int, limit: int) -> list[str]:
    """Customers of tasks that hung on a year before `year`, the first that is not published now."""
    rows = await session.execute(_FIND_PROVISIONAL, {"year": year, "limit": limit})
    return sorted(rows.scalars())


async def claim_provisional(session: AsyncSession, customers: Sequence[str], year: int) -> set[UUID]:
    """Take these customers' tasks that hung on a year before `year`; the customers must be locked."""
    rows = await session.execute(_CLAIM_PROVISIONAL, {"customers": list(customers), "year": year})
    return set(rows.scalars())
