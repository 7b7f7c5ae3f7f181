"""Running a trial in a process of its own."""

import asyncio
import pickle
import signal
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import orjson

from services.scheduler.domain.simulation.limits import Limits
from services.scheduler.domain.simulation.report import TrialRequest

LONGEST_LINE = 64 << 20
CHILD = "services.scheduler.adapters.trial_child"


class TrialBroken(RuntimeError):
    """The process ended without a report."""


async def run_trial(request: TrialRequest, file: Path, limits: Limits) -> AsyncGenerator[dict[str, Any], None]:
    """What the process tells: {done, total} again and again, last {result} or {error}. Raises TrialBroken.

    Who stops listening ends it.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", CHILD, str(file), str(limits.memory), str(limits.cpu)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    try:
        process.stdin.write(pickle.dumps(request))
        process.stdin.write_eof()
        async for line in process.stdout:
            yield orjson.loads(line)
        if code := await process.wait():
            raise TrialBroken(_death(code, (await errors).decode(errors="replace"), limits))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        errors.cancel()


def _death(code: int, said: str, limits: Limits) -> str:
    lines = said.strip().splitlines() or [f"exit code {code}"]
    if code in (-signal.SIGABRT, -signal.SIGSEGV) or lines[-1].startswith("MemoryError"):
        return limits.too_much
    return limits.too_long if code == -signal.SIGXCPU else lines[-1]
