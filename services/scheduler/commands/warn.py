"""Whoever answers for a task is warned before its deadline."""

from services.scheduler.procedures.announce import announce_deadline
from services.scheduler.store import tasks, timed
from shared.messaging import Work


async def warn_of_deadlines(work: Work, limit: int) -> int:
    """Tell of up to `limit` tasks that their deadline is near, unless they have ended; returns how many were looked at."""
    claimed = await timed.claim_warnings(work.session, work.now(), limit)
    if claimed:
        for task in await tasks.find_unfinished(work.session, claimed):
            announce_deadline(work, task)
    return len(claimed)
