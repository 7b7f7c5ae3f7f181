"""What no attack may do to a running service, measured around each of them.

- Memory: what the process has in use, at rest before and after, grows by a fifth at most; at its height by `most_mib`.
- The loop: no step takes 250 ms of the processor's time.
- The neighbours: somebody asks /livez and an auditor reads the audit log, again and again; each is answered, soon.
- The process: it is this one, so a dead one ends the test run.
"""

import asyncio
import ctypes
import gc
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx

from shared.testing.served import Served
from tests.hostile.loop_time import LONGEST, watched_loop

GROWTH = 0.2
MOST_MIB = 128  # more at the height than before: a body of a MiB holds 80,000 objects
PATIENCE = 30.0  # seconds by the clock on the wall: tests may share the machine with others
READ = "/api/v1/audit-log?limit=5"
BREATH = 0.05  # seconds between two rounds of the neighbours


class Neighbours:
    """`rounds` that were answered whole, and the seconds that the slowest answer took."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.rounds, self.slowest = 0, 0.0
        self._enough = asyncio.Event()

    async def ask_on(self) -> None:
        while not self._enough.is_set():
            await self.ask()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), BREATH)

    async def ask(self) -> None:
        for path in ("/livez", READ):
            started = time.monotonic()
            answer = await self._client.get(path)
            assert answer.status_code == 200, f"a neighbour's {path}: {answer.status_code} {answer.text[:300]}"
            self.slowest = max(self.slowest, time.monotonic() - started)
        self.rounds += 1

    def leave(self) -> None:
        self._enough.set()


@asynccontextmanager
async def unharmed(
    served: Served, port: int | None = None, *, most_mib: int = MOST_MIB, longest: float = LONGEST
) -> AsyncIterator[Neighbours]:
    """Let the attack happen within. Raises AssertionError at its end when somebody was harmed. With a port the neighbours come
    through it, so that limits of connections are theirs too. `longest` in seconds is for a test that works long in the loop
    itself, and so watches the loop around each of its requests.
    """
    async with _client(served, port) as client:
        neighbours = Neighbours(client)
        await neighbours.ask()  # makes ready what the first request makes
        before = at_rest()
        forget_height()
        with watched_loop() as loop_time:
            asking = asyncio.create_task(neighbours.ask_on())
            await loop_time.begin()
            try:
                yield neighbours
            finally:
                height = in_use("VmHWM")
                neighbours.leave()
                await asking
        assert loop_time.most < longest, f"the loop was held for {loop_time.most:.3f} s by {loop_time.what}"
        assert neighbours.slowest < PATIENCE, f"a neighbour waited for {neighbours.slowest:.1f} s"
        assert height - before < most_mib << 20, f"{before >> 20} MiB became {height >> 20} MiB at the height"
        after = at_rest()
        assert after < before * (1 + GROWTH), f"{before >> 20} MiB became {after >> 20} MiB"


def _client(served: Served, port: int | None) -> httpx.AsyncClient:
    if port is None:
        return served.client("auditor")
    headers = {"Authorization": "Bearer test-auditor", "Connection": "close"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE * 2)


def at_rest() -> int:
    """Bytes in use after everything that is no longer needed has been given back."""
    gc.collect()
    with suppress(AttributeError):  # glibc has it
        ctypes.CDLL(None).malloc_trim(0)
    return in_use("VmRSS")


def in_use(which: str) -> int:
    """Bytes of this process's memory: VmRSS now, VmHWM at the height since `forget_height` (proc_pid_status(5))."""
    found = re.search(rf"^{which}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found, which
    return int(found[1]) << 10


def forget_height() -> None:
    """The height is counted from now on (proc_pid_clear_refs(5))."""
    Path("/proc/self/clear_refs").write_text("5")
