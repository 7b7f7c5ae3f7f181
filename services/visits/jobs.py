"""What visits do as time passes."""

from typing import cast

from prometheus_client import Gauge

from services.visits.commands import passing
from services.visits.domain.hours import RetryPlan
from services.visits.settings import VisitsSettings
from services.visits.store import queries
from shared.jobs import Job
from shared.service import Runtime

VISITS = Gauge("huifang_visits_visits", "Unfinished visits by state", ["state"])


async def return_leases(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        return await passing.return_leases(work)


async def bring_back(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        return await passing.bring_back(work, _plan(runtime))


async def hand_over(runtime: Runtime) -> int:
    async with runtime.db.work(background=True) as work:
        return await passing.hand_over(work, _plan(runtime))


async def expire(runtime: Runtime) -> int:
    grace = _plan(runtime).grace
    async with runtime.db.work(background=True, notify=True) as work:
        return await passing.expire(work, grace)


def _plan(runtime: Runtime) -> RetryPlan:
    return cast(VisitsSettings, runtime.settings).retry_plan


async def count_visits(runtime: Runtime) -> int:
    """Bring the gauge up to date."""
    async with runtime.db.read() as session:
        counted = await queries.count_unfinished(session)
    for state, number in counted.items():
        VISITS.labels(state).set(number)
    return 0


JOBS = (
    Job("return-leases", every=1, run=return_leases),
    Job("bring-back", every=0.5, run=bring_back),
    Job("hand-over", every=2, run=hand_over),
    Job("expire", every=1, run=expire),
    Job("count-visits", every=5, run=count_visits),
)
