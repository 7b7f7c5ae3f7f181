"""What every service forgets as time passes, so that a database does not grow for ever."""

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.jobs import Job
from shared.sessions import forget_ended

if TYPE_CHECKING:
    from shared.runtime import Runtime

# a client that lost its answer asks again within hours, not weeks
IDEMPOTENCY_DAYS = 7
PARTITIONS_AHEAD = 3  # days


def daily_tables(runtime: "Runtime") -> list[str]:
    """The tables of a service that are partitioned by the day of what is written now."""
    own = [table for runner in runtime.consumers for table in runner.consumer.daily]
    return sorted({"inbox", "outbox_archive", *own})


async def forget_old(runtime: "Runtime") -> int:
    """Make the coming days' partitions, so that midnight's first batch needs none; drop old days of inbox and archive
    whole, and answers kept for repeated requests. Nothing is left to do at once."""
    now, settings = runtime.clock.now(), runtime.settings
    partitions = runtime.db.partitions
    ahead = [now.date() + timedelta(days=days) for days in range(PARTITIONS_AHEAD + 1)]
    for table in daily_tables(runtime):
        await partitions.ensure(table, ahead)
    await partitions.drop_before("inbox", now.date() - timedelta(days=settings.inbox_days))
    await partitions.drop_before("outbox_archive", now.date() - timedelta(days=settings.archive_days))
    async with runtime.db.work(background=True) as work:
        oldest = now - timedelta(days=IDEMPOTENCY_DAYS)
        await forget_ended(work)
        await work.session.execute(text("DELETE FROM idempotency_key WHERE created_at < :oldest"), {"oldest": oldest})
    return 0


HOUSEKEEPING = Job("housekeeping", every=3600, run=forget_old)
