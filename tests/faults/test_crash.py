"""F1: a service dies at named points; what was accepted takes effect exactly once (I1, I2, I3)."""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.contracts.base import TASKS
from shared.contracts.registry import topics
from shared.messaging.crash import EXIT_CODE
from shared.messaging.event import Event
from shared.messaging.kafka import KafkaBroker
from shared.testing import event, example, serve
from shared.testing.events import NOON
from tests.faults.outside import ended, eventually, running, send, settings, start, told

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
    assert await ended(dying) == EXIT_CODE, (tmp_path / "dying.log").read_text()
    async with running(environment, tmp_path / "second.log"):
        await send(kafka_broker, topic_prefix, facts(5, start=FACTS))
        await eventually(database, "SELECT count(*) = 45 FROM decision")
        await eventually(database, "SELECT count(*) = 0 FROM outbox")

    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(DISTINCT event_id) FROM decision") == 45
    assert await connection.fetchval("SELECT count(*) FROM task") == 45
    assert await connection.fetchval("SELECT count(*) FROM dead_letter") == 0
    await connection.close()
    heard = [one.id for one in await told(kafka_broker, topic_prefix + TASKS) if one.name == "followup.planned"]
    assert len(set(heard)) == 45
    if point == "consumer.handled":
        assert len(heard) == 45, "what was never committed was never published"
    else:
        # The relay runs beside the consumer: where the commit is done it may have published, and not yet archived.
        assert set(Counter(heard).values()) <= {1, 2}, "one death publishes an event once more at most"
