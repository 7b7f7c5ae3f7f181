"""The supervisor on tiny processes: real children, real deaths."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from deploy.local import supervisor as module
from deploy.local.launch import program
from deploy.local.supervisor import GaveUp, Process, Supervisor
from tests.patience import PATIENCE

SLEEPER = "import signal; signal.pause()"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"


@dataclass
class Watched:
    supervisor: Supervisor
    lines: list[str] = field(default_factory=list)
    births: "asyncio.Queue[tuple[str, int]]" = field(default_factory=asyncio.Queue)

    async def next_pid(self, name: str) -> int:
        async with asyncio.timeout(PATIENCE):
            while True:
                born, pid = await self.births.get()
                if born == name:
                    return pid


@asynccontextmanager
async def watching(logs: Path, pause: float = 0.01) -> AsyncIterator[Watched]:
    watched = Watched(Supervisor(logs, print, pause=pause))
    watched.supervisor.say = watched.lines.append
    watched.supervisor.on_start = lambda name, pid: watched.births.put_nowait((name, pid))
    try:
        yield watched
    finally:
        await watched.supervisor.stop(*watched.supervisor.names)


async def at_once() -> None:
    """Ready as soon as it lives."""


def process(code: str, name: str = "dummy", **changes: object) -> Process:
    launch = program(lambda: [sys.executable, "-S", "-c", code])
    return Process(name, launch, **({"ready": at_once} | changes))  # type: ignore[arg-type]


def said(path: Path, text: str) -> Callable[[], object]:
    async def ready() -> None:
        assert text in await asyncio.to_thread(path.read_text)

    return ready


async def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    async with watching(tmp_path) as watched:
        await watched.supervisor.start(process(SLEEPER))
        first = await watched.next_pid("dummy")
        os.kill(first, signal.SIGKILL)
        second = await watched.next_pid("dummy")
        assert second != first
        assert psutil.pid_exists(second)
        assert "dummy ended (killed by SIGKILL)" in watched.lines[0]


async def test_pauses_between_starts_double(tmp_path: Path) -> None:
    async with watching(tmp_path) as watched:
        with pytest.raises(GaveUp):
            await asyncio.gather(watched.supervisor.start(process("raise SystemExit(3)")), watched.supervisor.watch())
        pauses = [float(line.rpartition(" in ")[2].removesuffix(" s")) for line in watched.lines]
        assert pauses == [0.0, 0.0, 0.0, 0.1, 0.2]


async def test_a_child_that_keeps_dying_ends_the_run_with_the_end_of_its_log(tmp_path: Path) -> None:
    code = "import sys; print('the port is cursed', flush=True); sys.exit(3)"
    async with watching(tmp_path) as watched:
        with pytest.raises(GaveUp, match=r"dummy ended \(exit code 3\).*for the 6th time in a row") as failure:
            await asyncio.gather(watched.supervisor.start(process(code)), watched.supervisor.watch())
        assert "the port is cursed" in str(failure.value)


async def test_a_long_life_clears_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEALTHY_AFTER", 0.0)
    async with watching(tmp_path) as watched:
        await watched.supervisor.start(process(SLEEPER))
        for _ in range(module.MOST_QUICK_DEATHS + 2):
            os.kill(await watched.next_pid("dummy"), signal.SIGKILL)
        assert psutil.pid_exists(await watched.next_pid("dummy"))


async def test_a_child_that_never_gets_ready_is_named(tmp_path: Path) -> None:
    async def never() -> None:
        raise OSError("connection refused")

    async with watching(tmp_path) as watched:
        with pytest.raises(GaveUp, match="dummy was not ready after 0 s"):
            await watched.supervisor.start(process(SLEEPER, ready=never, start_seconds=0.2))


async def test_stop_kills_what_ignores_the_signal_after_its_grace(tmp_path: Path) -> None:
    async with watching(tmp_path) as watched:
        stubborn = process(STUBBORN, ready=said(tmp_path / "dummy.log", "up"), grace=0.2)
        await watched.supervisor.start(stubborn)
        pid = await watched.next_pid("dummy")
        await watched.supervisor.stop("dummy")
        assert not psutil.pid_exists(pid)
        assert watched.lines == ["dummy did not stop within 0 s: killed"]


async def test_a_stopped_child_stays_stopped(tmp_path: Path) -> None:
    async with watching(tmp_path) as watched:
        await watched.supervisor.start(process(SLEEPER))
        pid = await watched.next_pid("dummy")
        await watched.supervisor.stop("dummy")
        assert not psutil.pid_exists(pid)
        assert watched.births.empty()
        assert watched.supervisor.names == []


async def test_what_prepares_a_process_runs_before_every_start(tmp_path: Path) -> None:
    prepared: list[str] = []
    async with watching(tmp_path) as watched:
        await watched.supervisor.start(process(SLEEPER, prepare=lambda: prepared.append("done")))
        os.kill(await watched.next_pid("dummy"), signal.SIGKILL)
        await watched.next_pid("dummy")
        assert prepared == ["done", "done"]


async def test_a_log_that_grew_too_long_is_kept_aside_and_begun_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_LIMIT", 1000)
    code = "print('x' * 2000, flush=True); import signal; signal.pause()"
    log = tmp_path / "dummy.log"
    async with watching(tmp_path) as watched:
        await watched.supervisor.start(process(code, ready=said(log, "x" * 2000)))
        watched.supervisor._children["dummy"].rotate_log()
        assert log.stat().st_size == 0
        assert len((tmp_path / "dummy.log.1").read_text()) == 2001
