"""What the scheduler does as time passes."""

from datetime import timedelta

from services.scheduler.commands.release import release_due
from services.scheduler.commands.warn import forget_warnings, warn_of_deadlines
from services.scheduler.settings import SchedulerSettings
from shared.jobs import Job
from shared.service import Runtime


def jobs_for(settings: SchedulerSettings) -> list[Job]:
    """The service's jobs; any number of replicas may run them."""

    async def release(runtime: Runtime) -> int:
        async with runtime.db.work(background=True, notify=True) as work:
            return await release_due(work, runtime.state["desk"], runtime.sealer, settings.release_batch)

    async def warn(runtime: Runtime) -> int:
        async with runtime.db.work(background=True, notify=True) as work:
            return await warn_of_deadlines(work, settings.release_batch)

    async def forget(runtime: Runtime) -> int:
        oldest = runtime.clock.now() - timedelta(days=settings.decision_days)
        await runtime.db.partitions.drop_before("decision", oldest.date())
        async with runtime.db.work(background=True) as work:
            await forget_warnings(work, oldest)
        return 0

    return [
        Job("release", every=0.2, run=release),
        Job("warn", every=1, run=warn),
        Job("forget_decisions", every=3600, run=forget),
    ]
