"""What the scheduler does as time passes."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from services.scheduler.adapters.recorded import RECORDED
from services.scheduler.adapters.waiting import has_handled
from services.scheduler.commands import draws, erasing, runs, trials
from services.scheduler.commands.measure import measure_backlog
from services.scheduler.commands.packs import tell_organisations
from services.scheduler.commands.recompute import watch_calendar
from services.scheduler.commands.release import release_due, warn_of_deadlines
from services.scheduler.commands.retention import forget as forget_old
from services.scheduler.commands.walks import walk_on
from services.scheduler.domain.simulation.limits import Limits
from services.scheduler.domain.when.periods import first_days
from services.scheduler.procedures.policies import PolicyCache, policies_of
from services.scheduler.settings import SchedulerSettings
from shared.erasure import Erasure
from shared.jobs import Job
from shared.messaging import Work
from shared.messaging.event import utc_day
from shared.messaging.partitions import PartitionMissing
from shared.messaging.transient import is_transient
from shared.runtime import Runtime


def jobs_for(settings: SchedulerSettings) -> list[Job]:
    """The service's jobs; any number of replicas may run them."""

    async def release(runtime: Runtime) -> int:
        async with runtime.db.work(background=True, notify=True) as work:
            return await release_due(work, policies_of(runtime), runtime.sealer, settings.release_batch)

    async def draw(runtime: Runtime) -> int:
        cache = policies_of(runtime)
        done = await _close_draws(runtime, cache.grace) + await _make_draw(runtime)
        async with runtime.db.work(background=True, notify=True) as work:
            return done + await draws.publish_winners(work, cache, settings.draw_batch)

    async def forget(runtime: Runtime) -> int:
        oldest = (runtime.clock.now() - timedelta(days=settings.decision_days)).date()
        await runtime.db.partitions.drop_before("decision", oldest)
        # a population is of the first day of its period, and kept so long after the last one
        await runtime.db.partitions.drop_before("population", oldest, kept=first_days(oldest))
        async with runtime.db.work(background=True) as work:
            await forget_old(work, settings)
        return 0

    batch, catch_up = settings.release_batch, timedelta(days=settings.walk_catch_up_days)
    return [
        Job("release", every=0.2, run=release),
        _portions("warn", 1, lambda work, cache: warn_of_deadlines(work, batch)),
        Job("draw", every=0.5, run=draw),
        _portions("walk", 1, lambda work, cache: walk_on(work, cache, settings.walk_batch, catch_up)),
        _portions("watch_calendar", 10, lambda work, cache: watch_calendar(work, cache, batch)),
        _portions("lead_on", 0.5, lambda work, cache: runs.lead_on(work, cache, batch)),
        _portions("wake", 0.5, lambda work, cache: runs.wake(work, cache, batch)),
        _portions("tell_organisations", 2, lambda work, cache: tell_organisations(work)),
        Job("try_packs", every=1, run=_try_packs),
        _portions("measure", 5, lambda work, cache: measure_backlog(work, cache.grace)),
        Job("forget_decisions", every=3600, run=forget),
    ]


async def _try_packs(runtime: Runtime) -> int:
    settings = runtime.settings_as(SchedulerSettings)
    topics = [settings.topic_prefix + topic for topic in RECORDED]
    limits = Limits(settings.trial_memory_mb << 20, settings.trial_cpu_seconds)
    source = trials.Source(runtime.broker, topics, settings.trial_facts, limits)
    return await trials.run_next(runtime.db, runtime.clock, source)


async def _close_draws(runtime: Runtime, grace: timedelta) -> int:
    """Once whatever was heard of in time has been decided on, however long that takes."""
    async with runtime.db.work(background=True) as work:
        until = await draws.next_closing(work, grace)
    if until is None:
        return 0
    (runner,) = runtime.consumers
    closes_at = runtime.clock.machine_at(draws.closes_at(until, grace))
    if not await has_handled(runtime.broker, runner.group, runner.topics, closes_at):
        return 0
    async with runtime.db.work(background=True) as work:
        return await draws.close_draws(work, until)


async def _make_draw(runtime: Runtime) -> int:
    """Make the next one; a database that goes away meanwhile is no fault of the draw and does not count against it."""
    begun = None
    try:
        async with runtime.db.work(background=True) as work:
            if not await draws.is_alone(work):
                return 0
            async with runtime.db.work(background=True) as before:  # committed before it is made: who dies has begun it
                begun = await draws.begin_draw(before)
            return await draws.make_draw(work, begun) if begun else 0
    except Exception as error:
        if begun and is_transient(error):
            async with runtime.db.work(background=True) as work:
                await draws.give_back_draw(work, begun)
        raise


def _portions(name: str, every: float, portion: Callable[[Work, PolicyCache], Awaitable[int]]) -> Job:
    """A job whose every portion is one transaction, begun anew when it lacked a day's partition."""

    async def run(runtime: Runtime) -> int:
        try:
            async with runtime.db.work(background=True, notify=True) as work:
                return await portion(work, policies_of(runtime))
        except PartitionMissing as missing:
            await runtime.db.partitions.ensure(missing.table, missing.days)
            return await run(runtime)

    return Job(name, every, run)


async def erase(runtime: Runtime, work: Work, due: Sequence[Erasure]) -> None:
    await runtime.db.partitions.ensure("decision", [utc_day(work.now())])  # nothing has been written there yet
    await erasing.erase(work, policies_of(runtime), due)
