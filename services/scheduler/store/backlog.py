"""What waits in the scheduler, counted for its gauges; every query reads an index of what is open."""

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.leases import MOST_ATTEMPTS

_DUE = text("SELECT count(*), min(due_at) FROM due WHERE due_at <= :now")
_DRAWS = text("""
    SELECT count(*) FILTER (WHERE state <> 'closed' OR attempts < :most),
           count(*) FILTER (WHERE state = 'closed' AND attempts >= :most)
    FROM draw WHERE state IN ('open', 'closed') AND ends <= :until
""")


class Backlog(NamedTuple):
    """`due`: tasks to be released and not released yet, `oldest` since when (business time); `draws_late`: draws whose
    period is over and closed to latecomers and that are not made; `draws_set_aside`: those given up until somebody looks.
    """

    due: int
    oldest: datetime | None
    draws_late: int
    draws_set_aside: int


async def count_backlog(session: AsyncSession, now: datetime, until: date) -> Backlog:
    """`until`: periods that end by the midnight that begins it are to be drawn of by now."""
    due, oldest = (await session.execute(_DUE, {"now": now})).one()
    late, set_aside = (await session.execute(_DRAWS, {"most": MOST_ATTEMPTS, "until": until})).one()
    return Backlog(due, oldest, late, set_aside)
