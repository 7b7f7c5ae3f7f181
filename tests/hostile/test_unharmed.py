"""The measure itself: each harm that a service can do is found."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import psutil
import pytest
from sqlalchemy import text

from shared.testing.served import Served
from tests.gateway.conftest import gateway
from tests.hostile.unharmed import unharmed

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
