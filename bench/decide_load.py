"""The load of the decide path: facts of about 370 bytes about many customers, a hundred policies, three in ten planned."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache

from bench.harness import Servers
from services.scheduler.app import create_app
from services.scheduler.handlers import consumer_for
from services.scheduler.procedures.policies import PolicyCache
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.contracts.base import INTAKE
from shared.contracts.registry import wire_type
from shared.messaging.broker import Message
from shared.messaging.event import Event, encode
from shared.messaging.kafka import KafkaBroker
from shared.testing.served import Served, serve

START = datetime(2026, 3, 2, 2, tzinfo=UTC)
KINDS = (
    *("account.opened", "alarm.handled", "gas.ignited", "hotline.case_closed", "inspection.done"),
    *("installation.finished", "meter.read", "order.completed", "pipe.altered", "repair.closed"),
)
POLICIES, CATEGORIES = 100, 33
SAMPLED = {0: 20, 11: 20, 22: 20, 33: 20}
NEXT_SERIES = timedelta(days=91)  # in another quarter, so that caps begin anew


def pack() -> dict[str, object]:
    """A hundred policies, ten per kind of fact, each for one of 33 categories; four draw a fifth; a cap for all."""
    policies = [
        {
            "id": f"p{number}",
            "title": f"策略{number}",
            "trigger": {
                "events": [KINDS[number % 10]],
                "condition": {
                    "all": [
                        {"field": "org.code", "op": "ne", "value": "CLOSED"},
                        {"field": "product.category", "op": "eq", "value": f"燃气具{number // 10}"},
                    ]
                },
            },
            "rate": SAMPLED.get(number, "all"),
            "delay": {"days": 1},
            "deadline": {"working_days": 3},
            "questionnaire": "q",
            "team": "t",
            "priority": 1 + number // 20,
        }
        for number in range(POLICIES)
    ]
    head = "format: 1\nname: bench\ntitle: 基准\ncaps: [{limit: 2, per: quarter}]\n"
    return {"name": "bench", "files": {"pack.yaml": head, "policies/all.yaml": json.dumps({"policies": policies})}}


@cache
def facts(amount: int, customers: int = 0, spread: int = 1, series: int = 0) -> tuple[Event, ...]:
    """The same facts for every side and round; `series` gives others, about the same `customers`, every `spread`-th."""
    rng = random.Random(series)
    return tuple(
        _fact(number, f"C{rng.randrange(customers or amount) * spread:07d}", rng.randrange(CATEGORIES), series)
        for number in range(amount)
    )


def _fact(number: int, customer: str, category: int, series: int) -> Event:
    data = {
        "work_order_no": f"WX{number:012d}",
        "product": {"category": f"燃气具{category}", "model": "V3"},
        "org": {"code": "EAST", "name": "城东分公司"},
        "customer": {
            "id": customer,
            "name": "客户",
            "level": "A",
            "phone": "sealed:v1:Zrl1tYMTQk2EtG9ApRC_wxtCMwSsJWMb",
        },
    }
    at = START + series * NEXT_SERIES + timedelta(milliseconds=20 * number)
    kind = wire_type(KINDS[number % len(KINDS)])
    return Event(f"evt-{series}-{number:07d}", "/bench", kind, at, customer, data, lineage=f"{number:032x}")


async def produce(servers: Servers, topic_prefix: str, events: Sequence[Event]) -> None:
    """Topics of a scheduler under this prefix, four partitions each, the facts in the first."""
    broker = KafkaBroker(servers.bootstrap)
    names = consumer_for(PolicyCache()).topics
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
