"""Whoever answers for a task is warned before its deadline."""

from datetime import datetime

from services.scheduler.commands.announce import announce_deadline
from services.scheduler.store import tasks, timed
from shared.messaging import Work


async def warn_of_deadlines(work: Work, limit: int) -> int:
    """Tell of up to `limit` tasks that their deadline is near, unless they have ended; returns how many were looked at."""
    claimed = await timed.claim_warnings(work.session, work.now(), limit)
    if claimed:
        for task in await tasks.find_unfinished(work.session, claimed):
            announce_deadline(work, task)
    return len(claimed)


async def forget_warnings(work: Work, before: datetime) -> None:
    """Drop warnings of deadlines so long past that their tasks have ended."""
    await timed.forget_warnings(work.session, before)
