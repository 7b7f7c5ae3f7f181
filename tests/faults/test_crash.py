"""F1: a service dies at named points; what was accepted takes effect exactly once (I1, I2, I3)."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock, SystemClock
from shared.contracts.base import INTAKE, TASKS
from shared.contracts.registry import topics
from shared.embedded.processes import free_port
from shared.ids import new_id
from shared.messaging.broker import Message
from shared.messaging.crash import EXIT_CODE
from shared.messaging.event import Event, decode, encode
from shared.messaging.kafka import KafkaBroker
from shared.testing import event, example, serve
from shared.testing.events import NOON
from shared.testing.served import DATA_KEY

pytestmark = pytest.mark.fault
FACTS = 40
PACK = {
    "name": "all",
    "files": {
        "pack.yaml": "format: 1\nname: all\ntitle: 全部\n",
        "policies/all.yaml": (
            "policies:\n- {id: repairs, title: 维修回访, trigger: {events: [repair.closed]}, rate: all, "
            "questionnaire: q, team: t}\n"
        ),
    },
}


def facts(amount: int, start: int = 0) -> list[Event]:
    data = example("repair.closed")
    return [
        event("repair.closed", data | {"customer": {"id": f"C{n}"}}, key=f"C{n}", time=NOON + timedelta(seconds=n))
        for n in range(start, start + amount)
    ]


@pytest.fixture
async def database(service_dsn: Callable[[str], Awaitable[str]]) -> str:
    dsn = await service_dsn("scheduler")
    async with (
        serve(create_app, SchedulerSettings, dsn, clock=ManualClock(NOON)) as served,
        served.client("policy_owner") as client,
    ):
        (await client.post("/api/v1/packs", json=PACK)).raise_for_status()
    return dsn


@pytest.mark.parametrize("point", ["consumer.handled", "consumer.committed", "relay.published"])
async def test_a_process_that_dies_at_this_point_loses_and_doubles_nothing(
    point: str, database: str, kafka_broker: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    await kafka_broker.ensure_topics({topic_prefix + name: 4 for name in (*topics(), "scheduler-dlq")})
    await send(kafka_broker, topic_prefix, facts(FACTS))
    environment = settings(database, kafka_broker.bootstrap, topic_prefix)

    dying = start(environment | {"HUIFANG_CRASH_AT": point}, tmp_path / "dying.log")
    assert await asyncio.to_thread(dying.wait, 60) == EXIT_CODE, (tmp_path / "dying.log").read_text()
    async with running(environment, tmp_path / "second.log"):
        await send(kafka_broker, topic_prefix, facts(5, start=FACTS))
        await eventually(database, "SELECT count(*) = 45 FROM decision")
        await eventually(database, "SELECT count(*) = 0 FROM outbox")

    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(DISTINCT event_id) FROM decision") == 45
    assert await connection.fetchval("SELECT count(*) FROM task") == 45
    assert await connection.fetchval("SELECT count(*) FROM dead_letter") == 0
    await connection.close()
    heard = await planned(kafka_broker, topic_prefix, 45)
    assert len(set(heard)) == 45
    if point == "consumer.handled":
        assert len(heard) == 45, "what was never committed was never published"
    else:
        # The relay runs beside the consumer: where the commit is done it may have published, and not yet archived.
        assert set(Counter(heard).values()) <= {1, 2}, "one death publishes an event once more at most"


async def send(broker: KafkaBroker, prefix: str, events: list[Event]) -> None:
    producer = await broker.producer()
    await producer.publish([Message(prefix + INTAKE, sent.key, *encode(sent)) for sent in events])
    await producer.stop()


def settings(dsn: str, bootstrap: str, prefix: str) -> dict[str, str]:
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


@asynccontextmanager
async def running(environment: dict[str, str], log: Path) -> AsyncIterator[None]:
    process = start(environment, log)
    try:
        await ready(f"http://127.0.0.1:{environment['PORT']}/readyz")
        yield
    finally:
        process.terminate()
        assert await asyncio.to_thread(process.wait, 30) in (0, -signal.SIGTERM)


async def ready(url: str) -> None:
    async with httpx.AsyncClient() as client:
        for _ in range(300):
            try:
                if (await client.get(url)).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await SystemClock().sleep(0.1)
    raise AssertionError(f"{url} never became ready")


async def eventually(dsn: str, question: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for _ in range(300):
            if await connection.fetchval(question):
                return
            await SystemClock().sleep(0.1)
        raise AssertionError(question)
    finally:
        await connection.close()


async def planned(broker: KafkaBroker, prefix: str, expected: int) -> list[str]:
    """Ids of the planned events, as often as they stand on the topic; reads until `expected` are there and no more come."""
    subscription = await broker.subscribe(f"{prefix}reader-{new_id().hex[-6:]}", [prefix + TASKS], _nothing)
    ids: list[str] = []
    for _ in range(120):
        records = await subscription.poll(500, 0.5)
        ids += [sent.id for sent in (decode(record.headers, record.value) for record in records) if is_planned(sent)]
        if not records and len(set(ids)) >= expected:
            break
    await subscription.stop()
    return ids


def is_planned(sent: Any) -> bool:
    return bool(sent.name == "followup.planned")


async def _nothing() -> None:
    return None
