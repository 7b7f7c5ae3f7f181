"""P10: publishing the outbox (read, publish, wait for acks, archive) against a raw producer of the same messages."""

import asyncio
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer

from bench.harness import Row, Servers, compare, timed
from shared.clock import SystemClock
from shared.db import Database
from shared.messaging import outbox
from shared.messaging.event import Event, encode
from shared.messaging.kafka import KafkaBroker
from shared.messaging.outbox import Outgoing
from shared.messaging.relay import Relay

EVENTS = 60_000
GOAL = 0.5
AT = datetime(2026, 3, 2, 2, tzinfo=UTC)


def events(amount: int) -> list[Event]:
    """Events of about 370 bytes with headers."""
    data = {"customer": {"id": "C0", "name": "客户"}, "note": "x" * 80}
    return [
        Event(f"{n:032x}", "/bench", "cn.huifang.bench.v1", AT, f"C{n % 8000}", data, lineage=f"{n:032x}")
        for n in range(amount)
    ]


async def measure(servers: Servers, rounds: int) -> Row:
    sent = events(EVENTS)

    async def ours() -> float:
        topic = await servers.topic()
        db = Database("bench", await servers.core_database(), SystemClock())
        for start in range(0, EVENTS, 5000):
            async with db.work() as work:
                await outbox.append(work.session, [Outgoing(topic, event) for event in sent[start : start + 5000]])
        await servers.checkpoint()
        relay = Relay("bench", db, KafkaBroker(servers.bootstrap))
        running = asyncio.create_task(relay.run())
        while not relay.shards:
            await asyncio.sleep(0)
        relay.stop()
        rate = await timed(EVENTS, running)
        await db.close()
        return rate

    async def rival() -> float:
        topic = await servers.topic()
        encoded = [(event.key.encode(), *encode(event)) for event in sent]
        client = AIOKafkaProducer(
            bootstrap_servers=servers.bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=2,
            max_batch_size=256 << 10,
        )
        await client.start()

        async def produce() -> None:
            for start in range(0, EVENTS, 2000):
                pending = [
                    await client.send(topic, value=value, key=key, headers=headers)
                    for key, headers, value in encoded[start : start + 2000]
                ]
                await asyncio.gather(*pending)

        rate = await timed(EVENTS, produce())
        await client.stop()
        return rate

    return await compare("P10", "发件箱中继 / 裸生产者", GOAL, ours, rival, rounds)
