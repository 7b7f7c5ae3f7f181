"""The suite runs on the broker in memory and on Apache Kafka, always on PostgreSQL."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from shared.clock import ManualClock
from shared.db import Database
from shared.messaging import runner
from shared.messaging.broker import Broker
from shared.messaging.kafka import KafkaBroker
from tests.messaging.rig import PARTITIONS, TABLES, TOPIC, Rig


@pytest.fixture(params=["memory", pytest.param("kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> Broker:
    """Both implementations of the port."""
    found: Broker = request.getfixturevalue(f"{request.param}_broker")
    return found


@pytest.fixture
async def rig(
    broker: Broker, core_dsn: str, topic_prefix: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Rig]:
    monkeypatch.setattr(runner, "POLL_SECONDS", 0.05)  # how long a stopping consumer stays
    connection = await asyncpg.connect(core_dsn)
    await connection.execute(TABLES)
    await connection.close()
    made = Rig(Database("test", core_dsn, clock, 8), broker, topic_prefix, clock)
    await broker.ensure_topics({topic_prefix + TOPIC: PARTITIONS, topic_prefix + "test-dlq": 1})
    yield made
    for db in [made.db, *made.opened]:
        await db.close()
    if isinstance(broker, KafkaBroker):
        await delete_topics(broker, topic_prefix)


async def delete_topics(broker: KafkaBroker, prefix: str) -> None:
    """A server that many runs share must not fill up."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    await admin.delete_topics([topic for topic in await admin.list_topics() if topic.startswith(prefix)])
    await admin.close()
