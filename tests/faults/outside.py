"""Schedulers as processes, and what is seen of them from outside: in their database, and on the topics."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx

from shared.clock import SystemClock
from shared.contracts.base import INTAKE
from shared.embedded.processes import free_port
from shared.messaging.broker import Message
from shared.messaging.event import Event, decode, encode
from shared.messaging.kafka import KafkaBroker
from shared.testing.served import DATA_KEY
from tests.patience import PATIENCE

CLOCK = SystemClock()
WRITTEN = "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM outbox_archive)"


def settings(dsn: str, bootstrap: str, prefix: str) -> dict[str, str]:
    """The environment of a scheduler of this database and these topics."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUIFANG_")}
    return kept | {
        "HUIFANG_POSTGRES_DSN": dsn,
        "HUIFANG_KAFKA_BOOTSTRAP": bootstrap,
        "HUIFANG_TOPIC_PREFIX": prefix,
        "HUIFANG_INSTANCE_ID": "crash-test",
        "HUIFANG_DATA_KEY": DATA_KEY,
        "HUIFANG_STRICT_EVENTS": "1",
        "PORT": str(free_port()),
    }


def start(environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "deploy.local.serve", "scheduler", environment["PORT"]]
    with log.open("wb") as output:
        return subprocess.Popen(command, env=environment, stdout=output, stderr=output)


async def ended(process: subprocess.Popen[bytes]) -> int:
    """The code it ends with by itself. One that goes on for too long is killed."""
    try:
        return await asyncio.to_thread(process.wait, PATIENCE)
    finally:
        process.kill()


@asynccontextmanager
async def running(environment: dict[str, str], log: Path) -> AsyncIterator[None]:
    """A scheduler that is ready, and ends well when it is asked to."""
    process = start(environment, log)
    try:
        await until(lambda: _is_ready(process, environment["PORT"], log), "it is ready")
        yield
    finally:
        process.terminate()
        assert await ended(process) in (0, -signal.SIGTERM)


async def _is_ready(process: subprocess.Popen[bytes], port: str, log: Path) -> bool:
    assert process.poll() is None, _said(log)
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        try:
            return (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200
        except httpx.TransportError:
            return False


def _said(log: Path) -> str:
    return log.read_text()


async def until(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    """Return as soon as it holds."""
    give_up = asyncio.get_running_loop().time() + PATIENCE
    while not await holds():
        assert asyncio.get_running_loop().time() < give_up, f"never: {what}"
        await CLOCK.sleep(0.1)


async def eventually(dsn: str, question: str) -> None:
    """Return as soon as the database answers the question with yes."""
    connection = await asyncpg.connect(dsn)
    try:
        await until(lambda: connection.fetchval(question), question)
    finally:
        await connection.close()


async def send(broker: KafkaBroker, prefix: str, events: Sequence[Event]) -> None:
    producer = await broker.producer()
    await producer.publish([Message(prefix + INTAKE, sent.key, *encode(sent)) for sent in events])
    await producer.stop()


async def told(broker: KafkaBroker, topic: str) -> list[Event]:
    """Everything that stands on the topic now, what stands there twice as well."""
    reader = await broker.reader()
    starts = await reader.starts([topic], None)
    found = [decode(one.headers, one.value) async for records in reader.read(starts) for one in records]
    await reader.stop()
    return found


async def all_is_handled(dsn: str, broker: KafkaBroker, group: str, topics: Sequence[str]) -> None:
    """Return when no event waits to be published, and none of these topics for the group: nothing follows any more."""
    connection = await asyncpg.connect(dsn)
    reader = await broker.reader()

    async def holds() -> bool:
        written = tuple(await connection.fetchrow(WRITTEN))
        ends = await reader.starts(topics, CLOCK.machine() + timedelta(hours=1))
        has_handled_all = await reader.committed(group, topics) == ends
        return has_handled_all and written[0] == 0 and written == tuple(await connection.fetchrow(WRITTEN))

    try:
        await until(holds, f"{group} has handled all")
    finally:
        await reader.stop()
        await connection.close()
