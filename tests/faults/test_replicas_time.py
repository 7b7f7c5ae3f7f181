"""F2: two schedulers that die while draws are made, customers walked over and waits run out: each contact is wanted once."""

import random
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import pytest
from sqlalchemy import text

from services.scheduler.app import create_app
from services.scheduler.commands import draws
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.whom.draw_record import verify
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store.picks import read_members
from shared.clock import ManualClock
from shared.contracts.base import INTAKE, OCCASIONS, TASKS
from shared.contracts.registry import topics
from shared.messaging.event import Event
from shared.messaging.kafka import KafkaBroker
from shared.testing import event, example, serve
from shared.zone import ORG_ZONE
from tests.faults.outside import all_is_handled, eventually, running, send, settings, until
from tests.faults.test_replicas import Replicas, check_released_once, tormented
from tests.scheduler.builders import contents

pytestmark = pytest.mark.fault
FACTS, CUSTOMERS, LIMIT, KILLS = 1800, 300, 4, 6
BRANCHES = ("EAST", "WEST", "SOUTH")
MORNING = datetime(2026, 3, 2, 0, 30, tzinfo=ORG_ZONE)
# time all but stands still: on the day of the facts, then after the draw, the Monday and all that was waited for
TODAY, NEXT_WEEK = "2026-03-02T10:00+08:00@0.001", "2026-03-10T10:00+08:00@0.001"
FRIDAY = "2026-03-13T10:00+08:00@1"  # all of it is due, the next Monday has not come
AFTERWARDS = datetime(2026, 3, 10, 10, tzinfo=ORG_ZONE)
RAIN = {"events": ["weather.rained"], "same": "area", "within": {"days": 3}}
DRAWN = {"exact": 30, "of": "day", "by": ["branch"], "minimum": 1, "reserve": 30}
POLICIES: list[dict[str, Any]] = [
    {"id": "drawn", "events": ["repair.closed"], "rate": DRAWN, "delay": {"days": 1}, "merge": False},
    {
        "id": "waits",
        "events": ["order.completed"],
        "merge": False,
        "steps": [
            {"id": "rain", "wait": RAIN},
            {"id": "dry", "if": {"field": "reason", "op": "eq", "value": "not_awaited"}},
        ],
    },
    {"id": "weekly", "trigger": {"every": "week", "on": "mon"}, "merge": False},
]
CAPS = {"caps": [{"limit": LIMIT, "per": "quarter"}]}
SMALL = {
    "HUIFANG_CONSUMER_BATCH": "60",
    "HUIFANG_DRAW_BATCH": "20",
    "HUIFANG_WALK_BATCH": "20",
    "HUIFANG_RELEASE_BATCH": "20",
}


class Wanted(NamedTuple):
    """A decision: on which fact, and for what reason when it is not the fact's own."""

    event_id: str
    reason: str | None


def facts(chance: random.Random) -> list[Event]:
    """A morning's facts about few customers."""
    made = []
    for number in range(FACTS):
        name, customer = chance.choice(["repair.closed", "order.completed"]), f"C{chance.randrange(CUSTOMERS)}"
        data = example(name, customer={"id": customer, "name": "陈静"}, org={"code": chance.choice(BRANCHES)})
        at = MORNING + timedelta(seconds=18 * number)
        made.append(event(name, data, key=customer, id=f"e{number}", time=at))
    return made


async def test_replicas_that_die_while_time_brings_contacts_want_each_of_them_once(
    service_dsn: Any, kafka_broker: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    database = await service_dsn("scheduler")
    await _apply(database)
    await kafka_broker.ensure_topics({topic_prefix + name: 4 for name in (*topics(), "scheduler-dlq")})
    environment = settings(database, kafka_broker.bootstrap, topic_prefix) | SMALL
    chance = random.Random(4)
    happened = facts(chance)
    async with running(environment | {"HUIFANG_CLOCK": TODAY}, tmp_path / "first.log"):
        await send(kafka_broker, topic_prefix, happened)
        await eventually(database, f"SELECT count(*) >= {FACTS} FROM decision")
        await eventually(database, "SELECT count(*) = 1 FROM walk")
    oracle = _oracle(happened)
    assert await _wanted(database) < oracle
    async with tormented(Replicas(environment | {"HUIFANG_CLOCK": NEXT_WEEK}, tmp_path, KILLS), chance) as tormentor:
        await tormentor
        await eventually(database, "SELECT count(*) = 1 FROM draw WHERE state = 'published'")
        await eventually(database, "SELECT count(*) = 0 FROM waiting_step WHERE until < '2026-03-10'")
        await until(lambda: _includes(database, oracle), "all that the oracle wants")
        listened_to = [topic_prefix + topic for topic in (INTAKE, OCCASIONS, TASKS)]
        await all_is_handled(database, kafka_broker, topic_prefix + "huifang-scheduler", listened_to)
    assert await _wanted(database) == oracle
    await _check_draw(database, happened)
    await _check_cap(database)
    async with running(environment | {"HUIFANG_CLOCK": FRIDAY}, tmp_path / "last.log"):
        await eventually(database, "SELECT count(*) = 0 FROM due")
        await eventually(database, "SELECT count(*) = 0 FROM outbox")
    await check_released_once(database, kafka_broker, topic_prefix)


async def _apply(dsn: str) -> None:
    async with (
        serve(create_app, SchedulerSettings, dsn, clock=ManualClock(MORNING)) as served,
        served.client("policy_owner") as client,
    ):
        pack = {"name": "test", "files": contents(*POLICIES, **CAPS)}
        (await client.post("/api/v1/packs", json=pack)).raise_for_status()


def _oracle(happened: list[Event]) -> Counter[Wanted]:
    """What is decided on, but for reserves: who is capped, and so replaced, depends on who comes first; here, nobody is."""
    drafts = read_pack(contents(*POLICIES, **CAPS)).drafts
    oracle = Simulation(PolicyBook([policy_of(draft.content, 1) for draft in drafts]))
    for each in happened:
        oracle.happen(simulated_fact(each.id, each.source, each.type, each.time, each.data, each.lineage))
    oracle.advance(AFTERWARDS)
    wanted = Counter(
        Wanted(one.fact.id, one.occasion.reason if one.occasion else None) for one in oracle.decisions.values()
    )
    reasons = Counter(one.reason for one in wanted)
    assert reasons.keys() == {None, "drawn", "schedule", "follows"}
    assert (reasons[None], reasons["schedule"]) == (FACTS, len({each.key for each in happened}))
    return wanted


async def _wanted(dsn: str) -> Counter[Wanted]:
    """What was decided on, but for reserves."""
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        "SELECT event_id, CASE WHEN event_type IN ('occasion.arrived', 'wait.expired') THEN details -> 0 ->> 'occasion' END "
        "AS reason FROM decision"
    )
    await connection.close()
    return Counter(Wanted(*row) for row in rows if row["reason"] != "reserve")


async def _includes(dsn: str, oracle: Counter[Wanted]) -> bool:
    return await _wanted(dsn) >= oracle


async def _check_draw(dsn: str, happened: list[Event]) -> None:
    """It can be computed again, every fact is in it, and each that could not be planned has its replacement."""
    async with (
        serve(create_app, SchedulerSettings, dsn, clock=ManualClock(AFTERWARDS)) as served,
        served.runtime.db.read() as session,
    ):
        (draw_id,) = (await session.execute(text("SELECT id FROM draw"))).scalars()
        draw = await draws.get_draw(session, draw_id)
        members = [member async for portion in read_members(session, draw) for member in portion]
        decided = await session.execute(
            text("SELECT event_id, outcome FROM decision WHERE details -> 0 ->> 'occasion' IN ('drawn', 'reserve')")
        )
        outcomes = {event_id: outcome for event_id, outcome in decided}  # noqa: C416 - rows are not pairs to mypy
    assert verify(draw, members) == []
    assert {member.event_id for member in members} == {one.id for one in happened if one.name == "repair.closed"}
    called = {member.event_id: member for member in members if member.state in ("called", "lost")}
    assert outcomes.keys() == called.keys()
    assert {name for name, member in called.items() if member.state == "lost"} == {
        name for name, outcome in outcomes.items() if outcome == "capped"
    }
    for stratum in draw.strata:
        mine = [member for member in members if member.stratum == stratum.name and member.place is not None]
        lost = sum(member.state == "lost" for member in mine)
        reserves = [member for member in mine if member.reserve]
        assert sum(member.state != "waiting" for member in reserves) == min(lost, len(reserves)) > 0


async def _check_cap(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    most = await connection.fetchval(
        "SELECT max(n) FROM (SELECT count(*) AS n FROM contact_ledger WHERE state <> 'released' GROUP BY customer_id) AS used"
    )
    await connection.close()
    assert most == LIMIT
