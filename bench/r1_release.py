"""R1: releasing due tasks: claimed, judged, saved, their events in the outbox; tasks per minute of one process."""

import os
import time
from datetime import timedelta

from bench.decide_load import START, scheduler
from bench.harness import Row, Servers, copied, repeat
from bench.standing import standing

DUE = int(os.environ.get("HUIFANG_BENCH_DUE", "100000"))
GOAL = 100_000
ALL_DUE = START + timedelta(days=1)


async def measure(servers: Servers, rounds: int) -> Row:
    template = await standing(servers, 2 * DUE)  # every second one is waiting

    async def ours() -> float:
        async with copied(servers, template) as dsn:
            await servers.checkpoint()
            return 60 * await release(servers, dsn, DUE)

    return await repeat("R1", f"到期任务下达（{DUE:,} 个，至发件箱）", GOAL, ours, rounds, "tasks/min")


async def release(servers: Servers, dsn: str, amount: int) -> float:
    """Run the release job until so many are released; returns how many per second."""
    async with scheduler(servers, dsn, "", ()) as served:
        served.runtime.clock.move_to(ALL_DUE)  # type: ignore[attr-defined]
        job = next(job for job in served.runtime.service.jobs if job.name == "release")
        done, started = 0, time.perf_counter()
        while done < amount:
            done += await job.run(served.runtime)
        return done / (time.perf_counter() - started)
