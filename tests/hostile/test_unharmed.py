"""The measure itself: each harm that a service can do is found."""

import asyncio
import time
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import psutil
import pytest
from sqlalchemy import text

from shared.server import BoundedProtocol
from shared.testing.served import Served
from tests.gateway.conftest import gateway
from tests.hostile.own_process import OwnProcess
from tests.hostile.unharmed import unharmed
from tests.hostile.wire import listening

__all__ = ["gateway"]
KEPT: list[bytes] = []


async def hold_the_loop(_: Served) -> None:
    until = time.thread_time() + 0.4
    await asyncio.sleep(0)  # noqa: TID251 - the next step of the loop is the one that is held
    while time.thread_time() < until:
        pass


async def keep_memory(_: Served) -> None:
    """In a thread, because getting many pages from the system can take longer than the loop may be held."""
    size = max(100 << 20, psutil.Process().memory_info().rss // 2)  # a worker of many tests is large
    KEPT.append(await asyncio.to_thread(bytes.__mul__, b"x", size))


async def fill_memory_for_a_moment(_: Served) -> None:
    assert len(await asyncio.to_thread(bytes.__mul__, b"x", 200 << 20))


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (hold_the_loop, "the loop was held"),
        (keep_memory, "MiB became"),
        (fill_memory_for_a_moment, "at the height"),
    ],
)
async def test_a_harm_is_found(gateway: Served, harm: Callable[[Served], Awaitable[None]], says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        async with unharmed(gateway):
            await harm(gateway)
    KEPT.clear()


async def test_a_neighbour_who_is_not_served_is_found(gateway: Served) -> None:
    with pytest.raises(AssertionError, match=r"a neighbour's /api/v1/audit-log.*: 500"):
        async with unharmed(gateway), gateway.runtime.db.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE audit_log RENAME TO elsewhere"))


async def test_what_harms_nobody_passes_and_the_neighbours_were_there(gateway: Served) -> None:
    async with unharmed(gateway) as neighbours:
        await asyncio.wait([asyncio.create_task(gateway.run_job("import"))])
    assert neighbours.rounds >= 2


async def test_a_client_of_a_process_never_sends_a_request_on_a_connection_that_has_been_idle(
    gateway: Served, tmp_path: Path
) -> None:
    """The server may be ending it at that very moment, and then the request has no answer."""
    opened: list[BoundedProtocol] = []

    def connection_made(self: BoundedProtocol, transport: asyncio.Transport) -> None:
        opened.append(self)
        BoundedProtocol.connection_made(self, transport)

    own = OwnProcess("gateway", cast(Process, None), 0, tmp_path)
    async with listening(gateway.app, connection_made=connection_made) as own.port, own.client() as client:
        for _ in range(3):
            assert (await client.get("/livez")).status_code == 200
    assert len(opened) == 3
