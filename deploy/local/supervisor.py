"""Keeps child processes running: starts, waits until ready, restarts with back-off, gives up loudly, stops in order."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.launch import Launch, Running

FIRST_PAUSE = 0.5  # seconds
LONGEST_PAUSE = 10.0
HEALTHY_AFTER = 20.0  # a child that lived this long starts with a clean record
MOST_QUICK_DEATHS = 6
LOG_LIMIT = 20 << 20  # bytes, then the file is kept as `.1` and begun anew


@dataclass(frozen=True)
class Process:
    """One line of the process table.

    `ready` returns when the process does its work and raises otherwise; `prepare` runs before every start, in a thread.
    """

    name: str
    launch: Launch
    ready: Callable[[], Awaitable[None]]
    prepare: Callable[[], None] = lambda: None
    stop_signal: signal.Signals = signal.SIGTERM
    grace: float = 15
    start_seconds: float = 90


class GaveUp(RuntimeError):
    """A child died too often, or never got ready; the text says which and shows the end of its log."""


@dataclass
class Supervisor:
    """Runs processes with logs in `logs`; `on_start(name, pid)` hears of every start, `say` gets lines for a user."""

    logs: Path
    say: Callable[[str], None]
    on_start: Callable[[str, int], None] = lambda name, pid: None
    pause: float = FIRST_PAUSE
    _children: dict[str, "_Child"] = field(default_factory=dict)

    async def start(self, *processes: Process) -> None:
        """Start all at once; returns when every one is ready. Raises GaveUp."""
        new = [_Child(self, process) for process in processes]
        for child in new:
            self._children[child.process.name] = child
            child.begin()
        await asyncio.gather(*(child.become_ready() for child in new))

    async def run_once(self, name: str, launch: Launch) -> None:
        """Run a process to its end. Raises GaveUp when it fails."""
        log = self.logs / f"{name}.log"
        with log.open("wb") as output:
            code = await (await launch(output)).wait()
        if code != 0:
            raise GaveUp(_end_of(log, f"{name} failed ({_cause(code)})"))

    async def watch(self) -> None:
        """Never returns; raises GaveUp when a child died too often."""
        while True:
            for child in list(self._children.values()):
                child.check()
                child.rotate_log()
            await asyncio.sleep(0.5)

    async def stop(self, *names: str) -> None:
        """Stop these together: their stop signal, then, after each one's grace, SIGKILL."""
        await asyncio.gather(*(self._children.pop(name).end() for name in names if name in self._children))

    @property
    def names(self) -> list[str]:
        """In the order of starting."""
        return list(self._children)


class _Child:
    def __init__(self, owner: Supervisor, process: Process) -> None:
        self.owner = owner
        self.process = process
        self.log = owner.logs / f"{process.name}.log"
        self._running: Running | None = None
        self._loop: asyncio.Task[None] | None = None

    def begin(self) -> None:
        self._loop = asyncio.create_task(self._keep_running(), name=f"keep-{self.process.name}")

    def check(self) -> None:
        """Raises what ended the loop that keeps this child running."""
        if self._loop is not None and self._loop.done():
            self._loop.result()

    async def become_ready(self) -> None:
        deadline = time.monotonic() + self.process.start_seconds
        while True:
            self.check()
            with contextlib.suppress(Exception):  # whatever goes wrong in a probe means: not yet
                return await self.process.ready()
            if time.monotonic() > deadline:
                raise GaveUp(self._story(f"was not ready after {self.process.start_seconds:.0f} s"))
            await asyncio.sleep(0.1)

    async def end(self) -> None:
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        running = self._running
        if running is None or running.returncode is not None:
            return
        _signal(running, self.process.stop_signal)
        try:
            await asyncio.wait_for(running.wait(), self.process.grace)
        except TimeoutError:
            self.owner.say(f"{self.process.name} did not stop within {self.process.grace:.0f} s: killed")
            _signal(running, signal.SIGKILL)
            await running.wait()

    async def _keep_running(self) -> None:
        quick_deaths = 0
        while True:
            born = time.monotonic()
            code = await self._live()
            lived = time.monotonic() - born
            quick_deaths = 1 if lived > HEALTHY_AFTER else quick_deaths + 1
            ending = f"ended ({_cause(code)}) after {lived:.1f} s"
            if quick_deaths >= MOST_QUICK_DEATHS:
                raise GaveUp(self._story(f"{ending}, for the {quick_deaths}th time in a row"))
            pause = min(LONGEST_PAUSE, self.owner.pause * 2 ** (quick_deaths - 1))
            self.owner.say(f"{self.process.name} {ending}; starting it again in {pause:.1f} s")
            await asyncio.sleep(pause)

    async def _live(self) -> int:
        """From start to death; gives the exit code."""
        await asyncio.to_thread(self.process.prepare)
        with self.log.open("ab") as log:
            self._running = await self.process.launch(log)
        self.owner.on_start(self.process.name, self._running.pid)
        return await self._running.wait()

    def rotate_log(self) -> None:
        # the child holds the file open for appending, so it is copied and emptied instead of renamed
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.with_suffix(".log.1").write_bytes(self.log.read_bytes())
            os.truncate(self.log, 0)

    def _story(self, what: str) -> str:
        return _end_of(self.log, f"{self.process.name} {what}")


def _end_of(log: Path, what: str) -> str:
    lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
    return "\n".join([f"{what}. The end of {log}:", *(f"    {line[:400]}" for line in lines)])


def _signal(running: Running, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        running.send_signal(number)


def _cause(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
