"""What no attack may do to a running service, measured around each of them.

- Memory: what the process has in use, at rest before and after, grows by a fifth at most; at its height by `most_mib`.
- The loop: no step takes 250 ms of the processor's time.
- The neighbours: somebody asks /livez and an auditor reads the audit log, again and again; each is answered, soon.
- The process: where it is this one, a dead one ends the test run; one of its own must live to the end.

Where the attack is large or made of many parts, the service is a process of its own (`own_process`): here the client's
memory, and what other tests have left, would be counted too.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx

from shared.testing.served import Served
from tests.hostile.looks import Look, look
from tests.hostile.loop_time import LONGEST, watched_loop
from tests.hostile.own_process import OwnProcess
from tests.patience import PATIENCE

GROWTH = 0.2
MOST_MIB = 128  # more at the height than before: a body of a MiB holds 80,000 objects
SOON = 60.0  # seconds by the clock on the wall: tests may share the machine with others
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
async def unharmed(served: Served, port: int | None = None, *, most_mib: int = MOST_MIB) -> AsyncIterator[Neighbours]:
    """Let the attack happen within. Raises AssertionError at its end when somebody was harmed. With a port the neighbours come
    through it, so that limits of connections are theirs too.
    """
    with watched_loop() as loop_time:

        async def see() -> Look:
            return look(loop_time)

        async with _client(served, port) as client, _watched(client, see, most_mib) as neighbours:
            yield neighbours


@asynccontextmanager
async def unharmed_process(own: OwnProcess, *, most_mib: int = MOST_MIB) -> AsyncIterator[Neighbours]:
    """The same for a service that is a process of its own."""
    async with own.client("auditor") as client, _watched(client, own.look, most_mib) as neighbours:
        yield neighbours


@asynccontextmanager
async def _watched(
    client: httpx.AsyncClient, see: Callable[[], Awaitable[Look]], most_mib: int
) -> AsyncIterator[Neighbours]:
    neighbours = Neighbours(client)
    await neighbours.ask()  # makes ready what the first request makes
    before = (await see()).rest
    asking = asyncio.create_task(neighbours.ask_on())
    try:
        yield neighbours
    finally:
        neighbours.leave()
        await asking
    seen = await see()
    assert seen.longest < LONGEST, f"the loop was held for {seen.longest:.3f} s by {seen.step}"
    assert neighbours.slowest < SOON, f"a neighbour waited for {neighbours.slowest:.1f} s"
    assert seen.height - before < most_mib << 20, f"{before >> 20} MiB became {seen.height >> 20} MiB at the height"
    assert seen.rest < before * (1 + GROWTH), f"{before >> 20} MiB became {seen.rest >> 20} MiB"


def _client(served: Served, port: int | None) -> httpx.AsyncClient:
    if port is None:
        return served.client("auditor")
    headers = {"Authorization": "Bearer test-auditor", "Connection": "close"}
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE)
