"""The simulation plans what the service plans: the same events, through rows and through values."""

import random
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from deploy.commands._pack_files import read_sound_pack
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.packs.pack import read_pack
from services.scheduler.domain.simulation.draws import GRACE
from services.scheduler.domain.simulation.fact_lines import play, read_lines
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.task import Task
from shared.clock import ManualClock
from shared.contracts.registry import by_type
from shared.messaging import Event
from shared.messaging.broker import Message
from shared.messaging.event import encode
from shared.messaging.memory import MemoryBroker
from shared.testing import Served, event
from shared.testing.events import NOON, example
from shared.zone import ORG_ZONE
from tests.scheduler.builders import as_yaml, contents, policies
from tests.scheduler.conftest import R01, apply
from tests.scheduler.test_handlers import rows

FACTS = ("repair.closed", "order.completed", "gas.ignited", "inspection.done", "hotline.case_closed", "pipe.altered")
BY_SMS = {"id": "by-sms", "events": ["gas.ignited"], "channel": "sms", "delay": {"days": 3}}
TIMED = {
    "id": "timed",
    "events": ["pipe.altered", "installation.finished"],
    "delay": {"working_days": 1},
    "target": {"days": 3},
    "deadline": {"weeks": 2},
    "warn": {"working_days": 1},
}
TIMES = {
    "window": {"weekdays": ["tue", "wed", "thu"], "calendar": "site"},
    "windows": [{"channel": "sms", "days": "all", "frames": ["08:00-20:00"]}],
    "calendars": {
        "site": {"days": {"2026-03-10": "off", "2026-03-15": "on"}},
        "early": {"frames": ["07:30-09:00"], "days": {"2026-03-12": "off", "2026-03-22": "on"}},
    },
    "blackouts": [{"from": "2026-03-24", "to": "2026-03-26"}],
}
ORGANISATION = {
    "organisation": {
        "code": "HQ",
        "title": "总部",
        "children": [
            {"code": "CD", "title": "成都"},
            {"code": "GAS", "title": "燃气", "calendar": "early", "children": [{"code": "KF", "title": "客服"}]},
        ],
    }
}
DAILY = {
    "id": "daily",
    "events": ["inspection.done", "pipe.altered", "order.completed"],
    "rate": {"exact": 50, "of": "day", "by": ["kind"], "minimum": 1, "reserve": 2},
    "delay": {"days": 1},
}
LIMITED = {
    "id": "limited",
    "events": ["repair.closed", "hotline.case_closed"],
    "quota": {"limit": 1, "per": "week", "by": ["kind"]},
    "ceiling": {"per_day": 1},
    "delay": {"days": 1},
    "merge": False,
    "cap": "exempt",
}
WEEKLY = {
    "id": "weekly",
    "events": ["*"],
    "rate": {"number": 4, "of": "week", "by": ["branch"], "reserve": 6, "closes": "tue"},
    "deadline": {"days": 2},
    "merge": False,
    "priority": 2,
}
PATIENT = {
    "id": "patient",
    "events": ["order.completed", "pipe.altered"],
    "delay": {"days": 2},
    "deadline": {"days": 20},
    "guards": [{"case_open": "defer"}, {"cap_reached": "defer"}],
    "team": {"by": "kind", "cases": {"order.completed": "CD"}, "otherwise": "others"},
    "independent": True,
    "teams": ["stand-in"],
}
ROUNDS = {
    "id": "rounds",
    "trigger": {"every": "month", "spread": True},
    "condition": {"history": {"contacts": True, "within": {"days": 7}}, "op": "le", "value": 1},
    "delay": {"days": 1},
    "rate": 70,
}
BIRTHDAYS = {"id": "birthdays", "trigger": {"anniversary": "customer.birthday"}, "channel": "sms", "cap": "exempt"}
OFTEN = {
    "id": "often",
    "events": ["gas.ignited"],
    "condition": {
        "any": [
            {"history": {"events": ["complaint.opened"], "same": "customer.id"}, "op": "ge", "value": 1},
            {"cel": "size(customer.branch) > 2 && data.no_such_field == 1"},
        ]
    },
    "merge": False,
}
PAUSES = [{"on": ["visit.callback_agreed", "complaint.reopened"], "hours": 72}]
CASES = ("complaint.opened", "complaint.resolved", "complaint.reopened", "complaint.closed")
PLAN = (
    "SELECT id, policy_id, event_id, due_at, deadline_at, state, reason, "
    "body->'combined' AS combined, (body->>'warn_at')::timestamptz AS warn_at, "
    "(body->>'deferred')::int, body->>'team' FROM task ORDER BY id"
)


def _happenings(chance: random.Random, simulation: Simulation) -> Iterator[Event]:
    """Six weeks of facts, calls, refusals and complaints of a few customers."""
    moment = NOON
    for number in range(200):
        moment += timedelta(minutes=chance.randrange(10, 800))
        simulation.advance(moment)
        yield _happening(chance, number, moment, simulation)


def _happening(chance: random.Random, number: int, moment: datetime, simulation: Simulation) -> Event:
    customer = f"C{chance.randrange(12)}"
    attributes: dict[str, Any] = {"key": customer, "id": f"e{number}", "time": moment}
    released = [task for task in simulation.tasks.values() if task.state == "released"]
    kind = chance.random()
    if kind < 0.3 and released:
        return _visit(chance, chance.choice(released), attributes)
    if kind < 0.4:
        name = chance.choice(CASES)
        card = {**example(name)["customer"], "id": customer}
        return event(name, example(name, case_id=f"K-{customer}", customer=card), **attributes)
    if kind < 0.43:
        scope = ("*", "notice", "all")[number % 3]
        told = {"customer_id": customer, "channel": "sms", "purpose": scope, "opted_out_at": moment.isoformat()}
        return event("notification.opted_out", example("notification.opted_out", **told), **attributes)
    if kind < 0.48 and (told := [one.fact for one in simulation.decisions.values() if one.fact.name in FACTS]):
        return _withdrawal(chance.choice(told), attributes)
    name = chance.choice(FACTS)
    block = {**example(name)["customer"], "id": customer}
    return event(name, example(name, customer=block), **attributes)


def _visit(chance: random.Random, task: Task, attributes: dict[str, Any]) -> Event:
    name = chance.choice(["visit.completed", "visit.failed", "visit.callback_agreed"])
    told = {"reason": chance.choice(["refused", "unreachable", "unreachable"])} if name == "visit.failed" else {}
    card = {**example(name)["customer"], "id": task.customer_id}
    about = {"task_id": str(task.id), "customer": card, "channel": task.channel}
    return event(name, example(name, **about, **told), **{**attributes, "key": task.customer_id})


def _withdrawal(fact: Fact, attributes: dict[str, Any]) -> Event:
    gone = {"event_id": fact.id, "event_source": fact.source, "event_type": fact.name, "customer_id": fact.customer_id}
    moment = attributes["time"].isoformat()
    data = example("fact.withdrawn", **gone, reason="cancelled", withdrawn_at=moment)
    return event("fact.withdrawn", data, **{**attributes, "key": fact.customer_id})


NEXT = """
SELECT (SELECT min(due_at) FROM due), (SELECT min(ends) FROM draw WHERE state = 'open'),
       (SELECT min(until) FROM waiting_step)
"""


class Service:
    """The service as time passes: what is due or closes, and what has waited long enough, happens at its own moment."""

    def __init__(self, served: Served, clock: ManualClock) -> None:
        self.served, self.clock, self.occasions = served, clock, 0
        self.morning = datetime.combine(clock.now().astimezone(ORG_ZONE).date(), time(9), ORG_ZONE) + timedelta(days=1)

    async def pass_time(self, until: datetime) -> None:
        while (moments := await self._moments()) and (moment := min(moments.values())) <= until:
            self.clock.move_to(max(moment, self.clock.now()))
            for job in (name for name, moment in moments.items() if moment <= self.clock.now()):
                await self.served.run_job(job)
                await self.plan_occasions()
            if moments["walk"] <= self.clock.now():
                self.morning += timedelta(days=1)
        self.clock.move_to(max(until, self.clock.now()))

    async def _moments(self) -> dict[str, datetime]:
        """Job → when it has something to do next; one that has nothing to do is left out."""
        ((due, ends, waited),) = await rows(self.served, NEXT)
        closing = datetime.combine(ends, time(), ORG_ZONE) + GRACE if ends else None
        moments = {"draw": closing, "release": due, "walk": self.morning, "lead_on": waited}
        return {job: moment for job, moment in moments.items() if moment}

    async def plan_occasions(self) -> None:
        while fresh := (await self.served.published("occasion.arrived"))[self.occasions :]:
            self.occasions += len(fresh)
            await self.served.deliver(*fresh)

    async def take(self, happened: Event) -> None:
        await self.pass_time(happened.time)
        await self.served.deliver(happened)
        await self.plan_occasions()


@pytest.mark.parametrize("seed", [7, 38])
async def test_service_and_simulation_come_to_the_same_plan(served: Served, clock: ManualClock, seed: int) -> None:
    own = (BY_SMS, TIMED, DAILY, WEEKLY, LIMITED, PATIENT, ROUNDS, BIRTHDAYS, OFTEN)
    files = contents(*own, **TIMES, pauses=PAUSES) | {"organisation.yaml": as_yaml(ORGANISATION)}
    await apply(served, files)
    simulation = Simulation(PolicyBook([*read_sound_pack(R01).policies, *read_pack(files).policies]))
    service = Service(served, clock)
    await served.run_job("walk")
    for each in _happenings(random.Random(seed), simulation):
        await service.take(each)
        simulation.happen(simulated_fact(each.id, each.source, each.type, each.time, each.data, each.lineage))
    assert await served.dead_letters() == []
    stored = [tuple(row) for row in await rows(served, PLAN)]
    planned = sorted(simulation.tasks.values(), key=lambda task: task.id)
    assert stored == [
        (
            task.id,
            task.policy_id,
            task.event_id,
            task.due_at,
            task.deadline_at,
            task.state,
            task.reason,
            list(task.combined),
            task.warn_at,
            task.deferred,
            task.team,
        )
        for task in planned
    ]
    assert {task.state for task in planned} >= {"planned", "released", "done", "failed", "cancelled"}
    assert any(task.warn_at for task in planned)
    calendars = {detail.get("calendar") for decision in simulation.decisions.values() for detail in decision.details}
    assert calendars == {None, "early"}
    results = {detail["result"] for decision in simulation.decisions.values() for detail in decision.details}
    assert results >= {"planned", "merged", "enrolled", "capped", "quota_reached", "refused", "sampled_out"}
    occasions = {decision.occasion.reason for decision in simulation.decisions.values() if decision.occasion}
    assert occasions >= {"drawn", "reserve", "schedule", "anniversary"}
    assert any(task.deferred for task in planned)
    assert {task.team for task in planned} >= {"others", "stand-in"}


AT_MIDNIGHT = {
    "id": "midnight",
    "events": ["inspection.done"],
    "rate": {"number": 1, "of": "day", "reserve": 1},
    "deadline": {"hours": 30},
    "window": {"days": "all", "frames": ["00:00-00:05", "09:00-12:00"]},
    "guards": ["case_open"],
    "merge": False,
    "cap": "exempt",
}


async def test_a_reserve_counts_from_when_the_lost_contact_came_up_in_its_window(
    empty: Served, clock: ManualClock
) -> None:
    """The draw comes ten minutes after midnight, when the window has closed: the contact waits for nine, and is lost then."""
    await apply(empty, contents(AT_MIDNIGHT))
    simulation, service = Simulation(PolicyBook(policies(AT_MIDNIGHT))), Service(empty, clock)
    morning = datetime(2026, 3, 3, 8, tzinfo=ORG_ZONE)
    for number, (name, when) in enumerate(
        [("inspection.done", NOON), ("inspection.done", NOON), ("complaint.opened", morning)]
    ):
        customer = "C1" if number == 0 else "C0"
        more = {"case_id": "K"} if name == "complaint.opened" else {}
        data = example(name, customer={**example(name)["customer"], "id": customer}, **more)
        each = event(name, data, key=customer, id=f"e{number}", time=when)
        await service.take(each)
        simulation.happen(simulated_fact(each.id, each.source, each.type, each.time, each.data, each.lineage))
    await service.pass_time(morning + timedelta(hours=1))
    simulation.advance(morning + timedelta(hours=1))
    planned = {task.customer_id: task for task in simulation.tasks.values()}
    lost, reserve = planned["C0"], planned["C1"]
    nine = morning + timedelta(hours=1)
    assert (lost.state, lost.reason, lost.due_at) == ("cancelled", "case_open", nine - timedelta(hours=9))
    assert (reserve.state, reserve.due_at, reserve.deadline_at) == ("released", nine, nine + timedelta(hours=30))
    stored = {(row[0], row[3], row[4], row[5]) for row in await rows(empty, PLAN)}
    assert stored == {(task.id, task.due_at, task.deadline_at, task.state) for task in planned.values()}


async def test_the_recorded_facts_tried_again_give_what_the_platform_planned(
    served: Served, clock: ManualClock
) -> None:
    await apply(served, contents(BY_SMS, DAILY))
    book = PolicyBook([*read_sound_pack(R01).policies, *policies(BY_SMS, DAILY)])
    broker = served.runtime.broker = MemoryBroker(clock=clock)
    service, producer, seen = Service(served, clock), await broker.producer(), []
    guide = Simulation(book)
    for each in _happenings(random.Random(11), guide):
        late = replace(each, time=each.time - timedelta(days=4)) if each.name in FACTS and len(seen) % 20 == 7 else each
        await service.pass_time(each.time)
        await served.run_job("draw")  # as it runs all the time: a late fact may belong to a day that has just closed
        declared = by_type(late.type)
        assert declared is not None
        await producer.publish([Message(declared.topic, late.key, *encode(late))])
        await served.deliver(late)
        broker.committed[served.runtime.consumers[0].group] = {where: len(log) for where, log in broker.logs.items()}
        await service.plan_occasions()
        guide.happen(simulated_fact(late.id, late.source, late.type, late.time, late.data, late.lineage))
        seen.append(late)
    clock.advance(timedelta(seconds=1))
    async with served.client("policy_owner") as client:
        exported = await client.get("/api/v1/facts", params={"from": "2026-01-01T00:00:00+08:00"})
    lines = read_lines(exported.content.splitlines())
    assert [line.fact.id for line in lines] == [one.id for one in seen]
    tried = Simulation(book)
    play(tried, lines, lambda done: None, clock.now())
    stored = [(row[0], row[3], row[5], row[6]) for row in await rows(served, PLAN)]
    planned = sorted(tried.tasks.values(), key=lambda task: task.id)
    assert stored == [(task.id, task.due_at, task.state, task.reason) for task in planned]
    assert len(planned) > 20
    counted = "SELECT detail ->> 'count' FROM audit_log WHERE action = 'facts.exported'"
    assert await rows(served, counted) == [(str(len(seen)),)]
