"""The relay: publishes outbox rows, shard by shard, in id order, and archives what the broker has acknowledged."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import structlog

from shared.messaging.broker import Broker, BrokerUnavailable, Message, Producer
from shared.messaging.crash import crash_point
from shared.messaging.outbox import CHANNEL, unpack_headers
from shared.messaging.tables import SHARDS
from shared.messaging.transient import is_transient
from shared.observability.metrics import RELAY_SHARD, RELAYED

if TYPE_CHECKING:
    from shared.db import Database

log = structlog.get_logger(__name__)

BATCH = 2000
POLL_SECONDS = 0.2
BALANCE_SECONDS = 2.0
COMMAND_TIMEOUT = 30
# two-key advisory locks: a class of ours and the shard or member number
SHARD_LOCK, MEMBER_LOCK = 0x48460001, 0x48460002
MOST_MEMBERS = 64

_SELECT = """
    SELECT id, topic, key, headers, value, at FROM outbox
    WHERE shard = ANY($1::smallint[]) AND id > $2 ORDER BY id LIMIT $3
"""
_ARCHIVE = """
    WITH published AS (DELETE FROM outbox WHERE id = ANY($1::bigint[]) RETURNING id, topic, key, headers, value, at)
    INSERT INTO outbox_archive (id, topic, key, headers, value, at) SELECT * FROM published
"""
_MEMBERS = """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND classid = $1::bigint::oid AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_SINCE = "SELECT topic, key, headers, value FROM outbox_archive WHERE at >= $1 ORDER BY id"

Row = Any


class Relay:
    """Publishes one service's outbox. Any number may run: each holds its fair share of the shards."""

    def __init__(self, service: str, db: "Database", broker: Broker, topic_prefix: str = "") -> None:
        self.service = service
        self.db = db
        self.broker = broker
        self.prefix = topic_prefix
        self.shards: set[int] = set()
        self.last_error = ""
        self._wake = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Look at the outbox now: this process has just committed events."""
        self._wake.set()

    def stop(self) -> None:
        """Publish what is there and end."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Publish until stopped; whatever interrupts it, a lost database or broker, is waited out with growing pauses."""
        pause = 0.2
        while not self._stopping:
            try:
                await self._session()
                pause = 0.2
            except Exception as error:
                if not (isinstance(error, BrokerUnavailable) or is_transient(error)):
                    log.exception("relay_failed", service=self.service)
                self.db.partitions.forget()
                self.last_error = f"{type(error).__name__}: {error}"
                log.warning("relay_interrupted", service=self.service, error=self.last_error)
                await self.db.clock.sleep(pause)
                pause = min(pause * 2, 5)
            finally:
                self.shards = set()
                self._show_shards()

    async def _session(self) -> None:
        """One life of the lock-holding connection: when it breaks, PostgreSQL gives our shards to another relay."""
        async with contextlib.AsyncExitStack() as stack:
            locks = await self._connect(stack)
            archiver = await self._connect(stack)
            await locks.add_listener(CHANNEL, lambda *_: self._wake.set())
            producer = await self.broker.producer()
            stack.push_async_callback(producer.stop)
            await self._join(locks)
            self.last_error = ""
            await self._publish_until_stopped(locks, archiver, producer)

    async def _connect(self, stack: contextlib.AsyncExitStack) -> asyncpg.Connection:
        connection = await asyncpg.connect(
            self.db.dsn,
            command_timeout=COMMAND_TIMEOUT,
            timeout=10,
            server_settings={"application_name": f"huifang-{self.service}-relay", "timezone": "UTC"},
        )
        stack.push_async_callback(_close, connection)
        return connection

    async def _publish_until_stopped(
        self, locks: asyncpg.Connection, archiver: asyncpg.Connection, producer: Producer
    ) -> None:
        loop = asyncio.get_running_loop()
        balanced = loop.time() - BALANCE_SECONDS
        while not self._stopping:
            self._wake.clear()
            if loop.time() - balanced >= BALANCE_SECONDS:
                await self._balance(locks)
                balanced = loop.time()
            if not await self.publish_pending(locks, archiver, producer):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
        await self.publish_pending(locks, archiver, producer)

    async def _join(self, locks: asyncpg.Connection) -> None:
        """Take a member number, so that relays can count each other."""
        for member in range(MOST_MEMBERS):
            if await locks.fetchval("SELECT pg_try_advisory_lock($1::int, $2::int)", MEMBER_LOCK, member):
                return

    async def _balance(self, locks: asyncpg.Connection) -> None:
        """Hold about SHARDS / members shards: give up what is too many, try for what is missing."""
        members = max(1, await locks.fetchval(_MEMBERS, MEMBER_LOCK))
        fair = -(-SHARDS // members)
        for shard in sorted(self.shards)[fair:]:
            self.shards.discard(shard)
            await locks.execute("SELECT pg_advisory_unlock($1::int, $2::int)", SHARD_LOCK, shard)
        for shard in range(SHARDS):
            if len(self.shards) >= fair:
                break
            if shard not in self.shards and await locks.fetchval(
                "SELECT pg_try_advisory_lock($1::int, $2::int)", SHARD_LOCK, shard
            ):
                self.shards.add(shard)
        self._show_shards()

    def _show_shards(self) -> None:
        for shard in range(SHARDS):
            RELAY_SHARD.labels(self.service, shard).set(shard in self.shards)

    async def publish_pending(
        self, reader: asyncpg.Connection, archiver: asyncpg.Connection, producer: Producer
    ) -> int:
        """Publish all rows of the held shards; returns how many. The next batch is read while the last is archived.

        `id > last` holds within one pass only: rows of one key commit in id order, and the next pass starts from 0.
        """
        last, total = 0, 0
        archiving: asyncio.Task[None] | None = None
        try:
            while rows := await reader.fetch(_SELECT, sorted(self.shards), last, BATCH):
                messages = [_message(row, self.prefix) for row in rows]
                with self.db.tracing.publish(_traced(messages) if self.db.tracing.provider else ()):
                    await producer.publish(messages)
                crash_point("relay.published")
                if archiving is not None:
                    await archiving
                archiving = asyncio.create_task(self._archive(archiver, rows))
                last, total = rows[-1]["id"], total + len(rows)
                if len(rows) < BATCH:
                    break
        finally:
            if archiving is not None:
                await archiving
        return total

    async def _archive(self, archiver: asyncpg.Connection, rows: list[Row]) -> None:
        await self.db.partitions.ensure("outbox_archive", {row["at"].astimezone(UTC).date() for row in rows})
        await archiver.execute(_ARCHIVE, [row["id"] for row in rows])
        RELAYED.labels(self.service).inc(len(rows))


async def republish(
    dsn: str,
    broker: Broker,
    since: datetime,
    topic_prefix: str = "",
    progress: Callable[[int], Awaitable[None] | None] = lambda _: None,
) -> int:
    """Publish archived events with business time `since` or later again, as they were; returns how many.

    Consumers that have taken effect of them skip them: it only fills what the broker lost.
    """
    connection = await asyncpg.connect(dsn)  # sorting a large archive takes longer than any other statement may
    producer = await broker.producer()
    total = 0
    try:
        async with connection.transaction(readonly=True):
            found = await connection.cursor(_SINCE, since.astimezone(UTC))
            while rows := await found.fetch(BATCH):
                await producer.publish([_message(row, topic_prefix) for row in rows])
                total += len(rows)
                progress(total)
    finally:
        await producer.stop()
        await connection.close()
    return total


def _traced(messages: list[Message]) -> list[tuple[str, str]]:
    """(traceparent, topic) of each."""
    headers = ((message.headers, message.topic) for message in messages)
    return [
        (value.decode("latin-1"), topic) for pairs, topic in headers for name, value in pairs if name == "traceparent"
    ]


def _message(row: Row, prefix: str) -> Message:
    return Message(prefix + row["topic"], row["key"], unpack_headers(row["headers"]), row["value"])


async def _close(connection: asyncpg.Connection) -> None:
    with contextlib.suppress(Exception):
        await asyncio.wait_for(connection.close(), 3)
