"""The load of the decide path: facts of about 370 bytes about as many customers, twenty policies, three in ten planned."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

from bench.harness import Servers
from services.scheduler.app import create_app
from services.scheduler.commands.desk import Desk
from services.scheduler.handlers import consumer_for
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.contracts.base import INTAKE
from shared.contracts.registry import wire_type
from shared.messaging.broker import Message
from shared.messaging.event import Event, encode
from shared.messaging.kafka import KafkaBroker
from shared.testing.served import Served, serve

START = datetime(2026, 3, 2, 2, tzinfo=UTC)
KINDS = ("repair.closed", "order.completed", "inspection.done", "meter.read", "gas.ignited")
RATES = (10, 8, 8, 6)


def pack() -> dict[str, object]:
    """Twenty policies, four per kind of fact, with a condition, a rate, a window, a deadline and a cap."""
    policies = [
        {
            "id": f"p{number}",
            "title": f"策略{number}",
            "trigger": {
                "events": [KINDS[number % 5]],
                "condition": {"field": "org.code", "op": "ne", "value": "CLOSED"},
            },
            "rate": RATES[number // 5],
            "delay": {"days": 1},
            "deadline": {"working_days": 3},
            "questionnaire": "q",
            "team": "t",
            "priority": 1 + number // 5,
        }
        for number in range(20)
    ]
    head = "format: 1\nname: bench\ntitle: 基准\ncaps: [{limit: 2, per: quarter}]\n"
    return {"name": "bench", "files": {"pack.yaml": head, "policies/all.yaml": json.dumps({"policies": policies})}}


@cache
def facts(amount: int) -> tuple[Event, ...]:
    """The same facts for every side and round."""
    rng = random.Random(1)
    return tuple(_fact(number, f"C{rng.randrange(amount):07d}") for number in range(amount))


def _fact(number: int, customer: str) -> Event:
    data = {
        "work_order_no": f"WX{number:012d}",
        "product": {"category": "燃气热水器", "model": "V3"},
        "org": {"code": "EAST", "name": "城东分公司"},
        "customer": {
            "id": customer,
            "name": "客户",
            "level": "A",
            "phone": "sealed:v1:Zrl1tYMTQk2EtG9ApRC_wxtCMwSsJWMb",
        },
    }
    at = START + timedelta(milliseconds=20 * number)
    return Event(
        f"evt-{number:09d}", "/bench", wire_type(KINDS[number % 5]), at, customer, data, lineage=f"{number:032x}"
    )


async def produce(servers: Servers, topic_prefix: str, events: Sequence[Event]) -> None:
    """Topics of a scheduler under this prefix, four partitions each, the facts in the first."""
    broker = KafkaBroker(servers.bootstrap)
    names = consumer_for(Desk()).topics
    await broker.ensure_topics({topic_prefix + name: 4 for name in names})
    producer = await broker.producer()
    for start in range(0, len(events), 5000):
        part = events[start : start + 5000]
        await producer.publish([Message(topic_prefix + INTAKE, e.key, *encode(e)) for e in part])
    await producer.stop()


@asynccontextmanager
async def scheduler(servers: Servers, dsn: str, topic_prefix: str, loops: Sequence[str]) -> AsyncIterator[Served]:
    """The real service with the policies loaded."""
    async with serve(
        create_app,
        SchedulerSettings,
        dsn,
        clock=ManualClock(START),
        broker=KafkaBroker(servers.bootstrap),
        topic_prefix=topic_prefix,
        loops=loops,
        log="console",
    ) as served:
        yield served


async def load_policies(servers: Servers, dsn: str) -> None:
    async with scheduler(servers, dsn, "", ()) as served, served.client("admin") as client:
        (await client.post("/api/v1/packs", json=pack())).raise_for_status()


async def until(condition: object, pause: float = 0.005) -> None:
    """Wait for a callable to become true."""
    while not condition():  # type: ignore[operator]
        await asyncio.sleep(pause)
