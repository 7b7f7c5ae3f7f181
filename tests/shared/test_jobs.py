"""Jobs: again at once while there is work, else after a wait; a failure is tried again."""

import asyncio
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from prometheus_client import REGISTRY

from shared.clock import ManualClock
from shared.jobs import Job, run_job
from shared.observability.metrics import JOB_FAILURES
from shared.runtime import Runtime
from shared.testing.events import NOON


class CountingClock(ManualClock):
    """Notes how long was slept, and ends the loop after so many waits."""

    def __init__(self, now: datetime, most: int) -> None:
        super().__init__(now)
        self.slept: list[float] = []
        self.most = most

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if len(self.slept) >= self.most:
            raise asyncio.CancelledError


async def ran(outcomes: list[int | Exception], waits: int) -> tuple[int, list[float]]:
    """How often a job with these outcomes ran until it had waited so many times, and the waits."""
    clock = CountingClock(NOON, waits)
    runtime = cast(Runtime, SimpleNamespace(service=SimpleNamespace(name="test"), clock=clock))
    runs = 0

    async def run(_runtime: Any) -> int:
        nonlocal runs
        outcome = outcomes[runs] if runs < len(outcomes) else 0
        runs += 1
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    loop = asyncio.create_task(run_job(Job("sweep", 10, run), runtime))
    await asyncio.gather(loop, return_exceptions=True)
    assert loop.cancelled()
    return runs, clock.slept


async def test_a_job_runs_again_at_once_while_it_has_work() -> None:
    runs, slept = await ran([5, 3, 1, 0], waits=1)
    assert runs == 4
    assert len(slept) == 1


async def test_an_idle_job_waits_with_jitter() -> None:
    runs, slept = await ran([], waits=20)
    assert runs == 20
    assert all(8 <= seconds <= 12 for seconds in slept)
    assert len(set(slept)) > 1


async def test_a_failing_job_is_counted_and_tried_again() -> None:
    failures = JOB_FAILURES.labels("test", "sweep")
    before = failures._value.get()
    runs, _ = await ran([ValueError("电话 13800000017"), ValueError("again"), 0], waits=3)
    assert runs == 3
    assert failures._value.get() == before + 2


async def test_a_job_tells_when_it_last_ended_well_and_how_often_it_did_not() -> None:
    """`JobSilent` stands on the first two, the panel 作业失败 on the third."""
    names = {"service": "test", "job": "told"}
    clock = CountingClock(NOON, 3)
    runtime = cast(Runtime, SimpleNamespace(service=SimpleNamespace(name="test"), clock=clock))
    outcomes: list[Exception | None] = [None, OSError(), None]
    seen = []

    async def run(_runtime: Any) -> int:
        seen.append(figures())
        clock.advance(timedelta(minutes=1))
        if outcome := outcomes[len(seen) - 1]:
            raise outcome
        return 0

    def figures() -> tuple[float, ...]:
        told = (
            *("huifang_job_last_success_timestamp_seconds", "huifang_job_interval_seconds"),
            *("huifang_job_failures_total", "huifang_job_seconds_count"),
        )
        return tuple(REGISTRY.get_sample_value(each, names) or 0 for each in told)

    loop = asyncio.create_task(run_job(Job("told", 7, run), runtime))
    await asyncio.gather(loop, return_exceptions=True)
    start, minute = NOON.timestamp(), 60
    # before the first run; after one that went well; after one that failed; after another that went well
    assert [*seen, figures()] == [
        (start, 7, 0, 0),
        (start + minute, 7, 0, 1),
        (start + minute, 7, 1, 2),
        (start + 3 * minute, 7, 1, 3),
    ]
