"""What a service does as time passes: small jobs run again and again, each run its own transaction."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from shared.observability.metrics import JOB_EVERY, JOB_FAILURES, JOB_SECONDS, JOB_SUCCESS

if TYPE_CHECKING:
    from shared.runtime import Runtime

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Job:
    """`run` does one portion and returns how many things it did; at once again while that is not 0.

    Between idle runs it waits `every` real seconds with jitter. Replicas run the same jobs: `run` claims its portion with
    SKIP LOCKED, so that no two do the same. A run that raises is logged, counted, and tried again after the wait.
    """

    name: str
    every: float
    run: Callable[["Runtime"], Awaitable[int]]


async def run_job(job: Job, runtime: "Runtime") -> None:
    """Run `job` until cancelled."""
    names = (runtime.service.name, job.name)
    JOB_EVERY.labels(*names).set(job.every)
    succeeded, failures = JOB_SUCCESS.labels(*names), JOB_FAILURES.labels(*names)
    succeeded.set(runtime.clock.machine().timestamp())
    while True:
        done = 0
        try:
            with JOB_SECONDS.labels(*names).time():
                done = await job.run(runtime)
            succeeded.set(runtime.clock.machine().timestamp())
        except Exception:
            failures.inc()
            log.exception("job_failed", job=job.name)
        if not done:
            await runtime.clock.sleep(job.every * random.uniform(0.8, 1.2))
