"""One moment in six databases.

An event travels from the database that caused it to those it has effects in. A set of snapshots is of one moment when no
snapshot holds an effect whose cause another one lacks: then everything between them is in an outbox or an archive, and
publishing that again completes it. Events leave a database through its outbox alone. So for the time it takes to begin the
six snapshots, all six outboxes are locked against writing: what commits meanwhile tells nobody anything.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from shared.clock import Clock
from shared.db import driver_dsn

APPLICATION = "backup"
CONNECT_SECONDS = 10
LOCK_SECONDS = 3
TRIES, PAUSE_SECONDS = 10, 5.0

_TABLES = """
    SELECT string_agg(format('%I.%I', schemaname, tablename), ', ') FROM pg_tables WHERE schemaname = 'public'
"""


class NoMoment(RuntimeError):
    """Some database never let its outbox be locked: a transaction has been open in it for too long."""


@dataclass(frozen=True)
class Moment:
    """Reading transactions by service; `at` and `paused` (seconds that writers waited) are machine time."""

    at: datetime
    paused: float
    readers: Mapping[str, asyncpg.Connection]


@asynccontextmanager
async def one_moment(dsns: Mapping[str, str], clock: Clock) -> AsyncIterator[Moment]:
    """Readers that see all databases as they were at one moment, for as long as the block lasts. Raises NoMoment."""
    async with AsyncExitStack() as stack:
        readers = {service: await _connect(stack, dsn) for service, dsn in dsns.items()}
        for reader in readers.values():
            await reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for tried in range(TRIES):
            if tried:
                await clock.sleep(PAUSE_SECONDS)
            if moment := await _try_moment(dsns, readers, clock):
                yield moment
                return
        raise NoMoment(f"{TRIES} 次尝试后仍有事务占用发件箱超过 {LOCK_SECONDS} 秒，未能取得同一时刻，请稍后再试")


async def _try_moment(
    dsns: Mapping[str, str], readers: Mapping[str, asyncpg.Connection], clock: Clock
) -> Moment | None:
    """None when a lock was not to be had; then no writer waits any longer, and nothing was read."""
    async with AsyncExitStack() as stack:
        fences = [await _connect(stack, dsn) for dsn in dsns.values()]
        began = asyncio.get_running_loop().time()
        locked = await asyncio.gather(*map(_lock_outbox, fences), return_exceptions=True)
        for error in locked:
            if isinstance(error, BaseException) and not isinstance(error, asyncpg.LockNotAvailableError):
                raise error
        if any(locked):
            return None
        at = clock.machine()
        await asyncio.gather(*map(_begin, readers.values()))
        await asyncio.gather(*(fence.execute("ROLLBACK") for fence in fences))
        return Moment(at, asyncio.get_running_loop().time() - began, readers)


async def _lock_outbox(fence: asyncpg.Connection) -> None:
    """EXCLUSIVE waits for transactions that have written events and lets nobody write more; reading goes on."""
    await fence.execute("BEGIN")
    await fence.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    await fence.execute("LOCK TABLE outbox IN EXCLUSIVE MODE")


async def _begin(reader: asyncpg.Connection) -> None:
    """The first query is what the reader sees from then on; its locks keep retention from dropping what is to be read."""
    tables = await reader.fetchval(_TABLES)
    await reader.execute(f"LOCK TABLE {tables} IN ACCESS SHARE MODE")


async def _connect(stack: AsyncExitStack, dsn: str) -> asyncpg.Connection:
    """Times as text in UTC and ISO 8601, so that every server reads what another one wrote."""
    connection = await asyncpg.connect(
        driver_dsn(dsn),
        timeout=CONNECT_SECONDS,
        server_settings={"application_name": APPLICATION, "timezone": "UTC", "datestyle": "ISO"},
    )
    stack.push_async_callback(connection.close)
    return connection
