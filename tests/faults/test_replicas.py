"""F2: two schedulers under load, killed and restarted at random: the plan is the oracle's, no cap is exceeded (R02.2, X1)."""

import asyncio
import random
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.scheduler.app import create_app
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock, SystemClock
from shared.contracts.base import TASKS
from shared.contracts.registry import topics
from shared.embedded.processes import free_port
from shared.messaging.event import Event
from shared.messaging.kafka import KafkaBroker
from shared.testing import event, example, serve
from shared.testing.events import NOON
from tests.faults.outside import ended, eventually, running, send, settings, start, told
from tests.scheduler.builders import contents

pytestmark = pytest.mark.fault
FACTS, CUSTOMERS, LIMIT, KILLS = 2400, 150, 3, 4
KINDS = ("repair.closed", "order.completed", "inspection.done", "gas.ignited")
POLICIES: list[dict[str, Any]] = [
    {"id": "all-repairs", "events": ["repair.closed"], "delay": {"days": 1}, "priority": 2},
    {"id": "some-orders", "events": ["order.completed"], "rate": 60, "delay": {"days": 3}},
    {"id": "inspections", "events": ["inspection.done"], "rate": 40, "delay": {"hours": 20}, "merge": False},
    {"id": "ignitions", "events": ["gas.ignited", "repair.closed"], "rate": 50, "delay": {"days": 7}, "priority": 4},
]
CAPS = {"caps": [{"limit": LIMIT, "per": "quarter"}]}
# time all but stands still while facts are decided on, so that the oracle need not know when something was released
STANDING, LATER = "2026-03-02T10:00+08:00@0.001", "2026-09-01T10:00+08:00@1"


def facts(chance: random.Random) -> list[Event]:
    """Two months of facts about few customers, across the border of a quarter."""
    made = []
    for number in range(FACTS):
        name, customer = chance.choice(KINDS), f"C{chance.randrange(CUSTOMERS)}"
        data = example(name, customer={"id": customer, "name": "陈静"})
        at = NOON + timedelta(minutes=36 * number)
        made.append(event(name, data, key=customer, id=f"e{number}", time=at))
    return made


@pytest.fixture
async def database(service_dsn: Callable[[str], Awaitable[str]]) -> str:
    dsn = await service_dsn("scheduler")
    async with (
        serve(create_app, SchedulerSettings, dsn, clock=ManualClock(NOON)) as served,
        served.client("policy_owner") as client,
    ):
        pack = {"name": "test", "files": contents(*POLICIES, **CAPS)}
        (await client.post("/api/v1/packs", json=pack)).raise_for_status()
    return dsn


class Replicas:
    """Two scheduler processes of one group; each comes back under its own name after it was killed, `kills` times in all."""

    def __init__(self, environment: dict[str, str], logs: Path, kills: int) -> None:
        self.environments = [
            environment | {"HUIFANG_INSTANCE_ID": name, "PORT": str(free_port())} for name in ("left", "right")
        ]
        self.logs = logs
        self.kills = kills
        self.alive: list[subprocess.Popen[bytes] | None] = [None, None]
        self.starts = 0

    def start(self, which: int) -> None:
        self.starts += 1
        self.alive[which] = start(self.environments[which], self.logs / f"{self.starts}.log")

    async def kill(self, which: int) -> None:
        process, self.alive[which] = self.alive[which], None
        if process is not None:
            process.kill()
            await ended(process)

    async def torment(self, chance: random.Random) -> None:
        """Kill one after the other; now and then long enough for its partitions to pass to its neighbour."""
        for number in range(self.kills):
            which = number % 2
            await SystemClock().sleep(chance.uniform(2.5, 5))
            await self.kill(which)
            await SystemClock().sleep(chance.choice([0.1, 0.1, 12]))
            self.start(which)


@asynccontextmanager
async def tormented(replicas: Replicas, chance: random.Random) -> AsyncIterator[asyncio.Task[None]]:
    replicas.start(0)
    replicas.start(1)
    tormentor = asyncio.create_task(replicas.torment(chance))
    try:
        yield tormentor
    finally:
        tormentor.cancel()
        await asyncio.gather(tormentor, return_exceptions=True)
        await replicas.kill(0)
        await replicas.kill(1)


async def test_replicas_that_die_plan_what_the_oracle_plans_and_release_it_once(
    database: str, kafka_broker: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    chance = random.Random(2)
    await kafka_broker.ensure_topics({topic_prefix + name: 4 for name in (*topics(), "scheduler-dlq")})
    environment = settings(database, kafka_broker.bootstrap, topic_prefix)
    happened = facts(chance)
    standing = environment | {"HUIFANG_CLOCK": STANDING, "HUIFANG_CONSUMER_BATCH": "60"}
    replicas = Replicas(standing, tmp_path, KILLS)
    async with tormented(replicas, chance) as tormentor:
        for first in range(0, FACTS, 300):
            await send(kafka_broker, topic_prefix, happened[first : first + 300])
            await SystemClock().sleep(chance.uniform(0.5, 3))
        await tormentor
        await eventually(database, f"SELECT count(*) >= {FACTS} FROM decision")
    await _compare_with_oracle(database, happened)
    async with running(environment | {"HUIFANG_CLOCK": LATER}, tmp_path / "last.log"):
        await eventually(database, "SELECT count(*) = 0 FROM due")
        await eventually(database, "SELECT count(*) = 0 FROM outbox")
    await check_released_once(database, kafka_broker, topic_prefix)


async def _compare_with_oracle(dsn: str, happened: list[Event]) -> None:
    drafts = read_pack(contents(*POLICIES, **CAPS)).drafts
    oracle = Simulation(PolicyBook([policy_of(draft.content, 1) for draft in drafts]))
    for each in happened:
        oracle.happen(simulated_fact(each.id, each.source, each.type, each.time, each.data, each.lineage))
    expected = {task.id: (task.policy_id, task.due_at, list(task.combined)) for task in oracle.tasks.values()}
    connection = await asyncpg.connect(dsn)
    decisions = await connection.fetch("SELECT event_id, outcome FROM decision")
    tasks = await connection.fetch("SELECT id, policy_id, due_at, body->>'combined' AS combined FROM task")
    per_quarter = await connection.fetchval(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM contact_ledger WHERE state <> 'released' "
        "GROUP BY customer_id, date_trunc('quarter', day)) AS used"
    )
    await connection.close()
    assert per_quarter == LIMIT
    assert Counter(row["event_id"] for row in decisions) == Counter(each.id for each in happened)
    outcomes = Counter(decision.outcome for decision in oracle.decisions.values())
    assert Counter(row["outcome"] for row in decisions) == outcomes
    assert outcomes.keys() >= {"planned", "merged", "capped", "sampled_out"}
    got = {row["id"]: (row["policy_id"], row["due_at"], row["combined"]) for row in tasks}
    assert got.keys() == expected.keys()
    for task_id, (policy, due, combined) in expected.items():
        assert got[task_id][:2] == (policy, due)
        assert all(name in got[task_id][2] for name in combined)


async def check_released_once(dsn: str, broker: KafkaBroker, prefix: str) -> None:
    """Every task that was still wanted went out, as one event."""
    connection = await asyncpg.connect(dsn)
    wanted = {str(row["id"]) for row in await connection.fetch("SELECT id FROM task WHERE reason <> 'merged'")}
    states = {row["state"] for row in await connection.fetch("SELECT state FROM task WHERE reason <> 'merged'")}
    assert await connection.fetchval("SELECT count(*) FROM dead_letter") == 0
    await connection.close()
    assert states == {"released"}
    released: dict[str, set[str]] = {}
    for one in await told(broker, prefix + TASKS):
        if one.name == "followup.released":
            released.setdefault(one.data["task_id"], set()).add(one.id)
    assert released.keys() == wanted
    assert all(len(events) == 1 for events in released.values())
