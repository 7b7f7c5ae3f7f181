"""Policies with several steps: the service moves their runs as the simulation does, whatever happens."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.task import Task
from services.scheduler.store.tasks import find_tasks
from shared.clock import ManualClock
from shared.messaging import Event
from shared.testing import Served, event
from shared.testing.events import NOON, example
from shared.zone import ORG_ZONE
from tests.scheduler.builders import contents, policies
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import rows

UNHAPPY = {"field": "result", "op": "in", "value": ["dissatisfied", "unreachable", "cancelled"]}
RAIN = {"events": ["weather.rained"], "same": "area", "within": {"days": 12}}
CHAINED: tuple[dict[str, Any], ...] = (
    {
        "id": "leak",
        "merge": True,
        "events": ["repair.closed"],
        "steps": [
            {"id": "first", "delay": {"days": 1}, "deadline": {"days": 9}, "fallback": [{"channel": "sms"}]},
            {"id": "again", "if": UNHAPPY, "delay": {"days": 2}, "repeat": {"every": {"days": 1}, "times": 2}},
            {"id": "rain", "from": "event", "wait": RAIN},
            {"id": "dry", "if": {"field": "reason", "op": "eq", "value": "not_awaited"}},
        ],
        "stop": {"events": ["alarm.handled"]},
        "guards": ["case_open"],
    },
    {
        "id": "stages",
        "merge": True,
        "events": ["installation.finished"],
        "priority": 3,
        "steps": [
            {"id": "week", "delay": {"days": 7}},
            {"id": "fortnight", "from": "planned", "delay": {"days": 8}, "target": {"days": 9}},
            {"id": "done", "wait": {"events": ["order.completed"], "within": {"days": 6}}, "channel": "email"},
            {"id": "called", "if": {"field": "result", "op": "eq", "value": "callback_agreed"}, "channel": "sms"},
        ],
        "again": "restart",
    },
    {
        "id": "once",
        "merge": True,
        "events": ["gas.ignited"],
        "steps": [{"id": "call"}, {"id": "more", "if": UNHAPPY}],
        "again": "ignore",
    },
    {
        "id": "reminders",
        "merge": False,
        "events": ["alarm.handled"],
        "steps": [
            {
                "id": "remind",
                "delay": {"days": 1},
                "repeat": {"every": {"days": 2}, "times": 2},
                "fallback": [{"channel": "sms"}],
                "stop": {"events": ["order.completed"]},
            },
            {"id": "stopped", "if": {"field": "reason", "op": "eq", "value": "stopped"}, "delay": {"days": 3}},
            {"id": "last", "from": "took_place", "stop": {"events": ["gas.ignited"]}},
        ],
    },
    {
        "id": "single",
        "merge": True,
        "events": ["inspection.done"],
        "priority": 1,
        "delay": {"days": 2},
        "guards": ["case_open"],
    },
)
ENDLESS: tuple[dict[str, Any], ...] = (
    {
        "id": "rounds",
        "merge": False,
        "events": ["repair.closed"],
        "steps": [
            {"id": "first", "delay": {"days": 1}},
            {
                "id": "later",
                "if": {"field": "result", "op": "ne", "value": "expired"},
                "delay": {"days": 4},
                "deadline": {"days": 6},
                "fallback": [{"channel": "sms"}],
                "repeat": {"every": {"days": 4}, "endless": True, "from": "first"},
            },
        ],
        "stop": {"events": ["alarm.handled"]},
        "again": "ignore",
    },
    {
        "id": "until",
        "merge": True,
        "events": ["installation.finished"],
        "steps": [{"id": "call", "repeat": {"every": {"weeks": 1}, "until": "2026-04-10"}}],
        "again": "restart",
    },
    {
        "id": "either",
        "merge": True,
        "events": ["gas.ignited"],
        "steps": [
            {
                "id": "visit",
                "wait": {"events": ["order.completed"], "within": {"days": 9}, "anyway": True},
                "repeat": {"endless": True},
            }
        ],
        "again": "ignore",
    },
    {
        "id": "metered",
        "merge": False,
        "events": ["inspection.done"],
        "steps": [
            {
                "id": "due",
                "wait": {
                    "events": ["order.completed"],
                    "within": {"days": 6},
                    "anyway": True,
                    "reading": {"field": "amount", "rises": 90},
                },
                "repeat": {"endless": True},
            }
        ],
        "again": "ignore",
    },
)
WEEKS_AND_NIGHTS: tuple[dict[str, Any], ...] = (
    {
        "id": "weekly",
        "merge": True,
        "events": ["repair.closed", "installation.finished"],
        "steps": [
            {
                "id": "call",
                "delay": {"days": 1},
                "deadline": {"days": 2},
                "fallback": [{"channel": "sms"}],
                "repeat": {"per_week": 5, "for": {"weeks": 2}},
                "stop": {"events": ["order.completed"]},
            },
            {"id": "then", "if": UNHAPPY, "deadline": {"days": 9}},
        ],
        "stop": {"events": ["alarm.handled"]},
        "again": "restart",
    },
    {
        "id": "nights",
        "merge": True,
        "events": ["gas.ignited", "inspection.done"],
        "window": {"days": "working", "frames": ["22:00-06:00"]},
        "steps": [{"id": "first"}, {"id": "again", "if": UNHAPPY, "delay": {"hours": 1}}],
    },
    {
        "id": "any-hour",
        "merge": True,
        "events": ["gas.ignited"],
        "window": {"days": "all", "frames": ["00:00-24:00"]},
        "deadline": {"days": 3},
        "priority": 2,
    },
)
HEAD = {"caps": [{"limit": 9, "per": "month"}]}
FACTS = (
    *("repair.closed", "repair.closed", "repair.closed", "installation.finished", "gas.ignited", "inspection.done"),
    *("order.completed", "alarm.handled"),
)
CASES = ("complaint.opened", "complaint.closed", "complaint.closed")
RESULTS = ("visit.completed", "visit.completed", "visit.failed", "visit.failed", "visit.callback_agreed")
CUSTOMERS = 5
SEEDS = ((3, False), (34, False), (2, True), (24, True), (38, True))
OF_WEEKS = ((6, False), (9, True))
CASES_OF = [(CHAINED, seed, late) for seed, late in SEEDS] + [(ENDLESS, 6, False), (ENDLESS, 10, True)]
CASES_OF += [(WEEKS_AND_NIGHTS, seed, late) for seed, late in OF_WEEKS]
MISTAKEN = (4, 15, 37)
DECISIONS = "SELECT event_key, event_id, event_type, at, outcome FROM decision"
WAITING = "SELECT id, policy_id, step, kind, task_id, since, until, signals FROM waiting_step ORDER BY id"


def _happenings(
    chance: random.Random, simulation: Simulation, late: bool, mistaken: bool = False
) -> Iterator[tuple[datetime, Event]]:
    """When something is heard, and what; `late` lets some of it be heard long after it happened, and of contacts that are
    `mistaken` some were told wrong, which is told later."""
    told: dict[str, Event] = {}
    moment = NOON
    for number in range(CUSTOMERS):
        card = {**example("customer.updated")["customer"], "id": f"C{number}"}
        data = example("customer.updated", customer=card, area=f"area-{number % 2}")
        yield moment, event("customer.updated", data, key=card["id"], id=f"u{number}", time=moment)
    for number in range(130):
        moment += timedelta(minutes=chance.randrange(10, 700))
        simulation.advance(moment)
        happened = moment - (timedelta(hours=chance.choice([0, 0, 9, 40])) if late else timedelta())
        wrong = chance.choice(list(told.values())) if mistaken and told and chance.random() < 0.2 else None
        happening = _correction(chance, number, happened, wrong, simulation) if wrong else None
        happening = happening or _happening(chance, number, happened, simulation)
        if happening.name in ("visit.completed", "visit.failed"):
            told[happening.data["task_id"]] = happening
        yield moment, happening


def _happening(chance: random.Random, number: int, moment: datetime, simulation: Simulation) -> Event:
    customer = f"C{chance.randrange(CUSTOMERS)}"
    attributes: dict[str, Any] = {"key": customer, "id": f"e{number}", "time": moment}
    released = [task for task in simulation.tasks.values() if task.state == "released"]
    kind = chance.random()
    if kind < 0.45 and released:
        return _visit(chance, chance.choice(released), attributes)
    if kind < 0.55:
        area = f"area-{chance.randrange(2)}"
        data = example("weather.rained", area={"code": area, "name": "区"})
        return event("weather.rained", data, **{**attributes, "key": area})
    if kind < 0.62:
        name = chance.choice(CASES)
        card = {**example(name)["customer"], "id": customer}
        return event(name, example(name, case_id=f"K-{customer}", customer=card), **attributes)
    name = chance.choice(FACTS)
    more = {"amount": str(number * 10)} if name == "order.completed" else {}
    return event(name, example(name, customer={**example(name)["customer"], "id": customer}, **more), **attributes)


def _correction(
    chance: random.Random, number: int, moment: datetime, wrong: Event, simulation: Simulation
) -> Event | None:
    """A record says something else, or a visit had not failed; None where it is over in another way."""
    attributes: dict[str, Any] = {"key": wrong.key, "id": f"e{number}", "time": moment}
    same = {name: wrong.data[name] for name in ("task_id", "customer", "channel")}
    task = simulation.tasks[UUID(same["task_id"])]
    if wrong.name == "visit.completed":
        rating = chance.choice([1, 2, 5])
        return event("visit.corrected", example("visit.corrected", **same, rating=rating), **attributes)
    if task.state != "failed":
        return None
    failed = {"reason": wrong.data["reason"], "failed_at": wrong.time.isoformat()}
    return event("visit.reopened", example("visit.reopened", **same, **failed), **attributes)


def _visit(chance: random.Random, task: Task, attributes: dict[str, Any]) -> Event:
    name = chance.choice(RESULTS)
    card = {**example(name)["customer"], "id": task.customer_id}
    told = {"task_id": str(task.id), "customer": card, "channel": task.channel}
    if name == "visit.failed":
        told["reason"] = chance.choice(["refused", "unreachable", "unreachable", "unreachable", "expired"])
    if name == "visit.completed":
        told["rating"] = chance.choice([1, 2, 5])
    return event(name, example(name, **told), **{**attributes, "key": task.customer_id})


async def _pass_time(served: Served, clock: ManualClock, until: datetime) -> None:
    """Whatever is due, at its own moment."""
    query = "SELECT least((SELECT min(due_at) FROM due), (SELECT min(until) FROM waiting_step))"
    while due := (await rows(served, query))[0][0]:
        if due > until:
            break
        clock.move_to(max(due, clock.now()))
        for job in ("lead_on", "release", "lead_on"):
            await served.run_job(job)
    clock.move_to(max(until, clock.now()))


def _unmasked(task: Task) -> Task:
    """Without what the service adds for people when it releases a task."""
    return task._replace(card={name: value for name, value in task.card.items() if name != "phone_masked"})


@pytest.mark.parametrize(("chained", "seed", "late"), CASES_OF)
async def test_service_and_simulation_move_runs_the_same_way(
    empty: Served, clock: ManualClock, chained: tuple[dict[str, Any], ...], seed: int, late: bool
) -> None:
    await _agree(empty, clock, chained, seed, late)


@pytest.mark.parametrize("seed", MISTAKEN)
async def test_they_lead_runs_elsewhere_the_same_way_when_results_were_wrong(
    empty: Served, clock: ManualClock, seed: int
) -> None:
    await _agree(empty, clock, CHAINED, seed, late=False, mistaken=True)


async def _agree(
    empty: Served,
    clock: ManualClock,
    chained: tuple[dict[str, Any], ...],
    seed: int,
    late: bool,
    mistaken: bool = False,
) -> None:
    await apply(empty, contents(*chained, **HEAD))
    simulation = Simulation(PolicyBook(policies(*chained, **HEAD)))
    for moment, each in _happenings(random.Random(seed), simulation, late, mistaken):
        await _pass_time(empty, clock, moment)
        await empty.deliver(each)
        await empty.run_job("wake")
        simulation.happen(simulated_fact(each.id, each.source, each.type, each.time, each.data, each.lineage))
    assert await empty.dead_letters() == []
    planned = sorted(simulation.tasks.values(), key=lambda task: task.id)
    async with empty.runtime.db.read() as session:
        stored = await find_tasks(session, [task.id for task in planned])
    assert sorted(map(_unmasked, stored), key=lambda task: task.id) == planned
    assert await rows(empty, "SELECT count(*) FROM task") == [(len(planned),)]
    going = [row for customer in simulation.customers.values() for row in customer.waiting]
    assert await rows(empty, WAITING) == [
        (row.id, row.policy_id, row.step, row.kind, row.task_id, row.since, row.until, list(row.signals))
        for row in sorted(going, key=lambda row: row.id)
    ]
    assert sorted(await rows(empty, DECISIONS)) == sorted(
        (key, decision.fact.id, decision.name, decision.at, decision.outcome)
        for key, decision in simulation.decisions.items()
    )


def test_these_happenings_come_to_everything() -> None:
    results, steps = set(), set()
    for seed, late in SEEDS:
        simulation = Simulation(PolicyBook(policies(*CHAINED, **HEAD)))
        for _, each in _happenings(random.Random(seed), simulation, late):
            simulation.happen(simulated_fact(each.id, each.source, each.type, each.time, each.data, each.lineage))
        results |= {detail["result"] for one in simulation.decisions.values() for detail in one.details}
        steps |= {task.step for task in simulation.tasks.values()}
    assert results >= {
        "planned",
        "merged",
        "waiting",
        "skipped",
        "stopped",
        "ignored",
        "wait_expired",
        "taken_back",
    }
    assert steps >= {
        "first.sms",
        "again",
        "again.2",
        "rain",
        "fortnight",
        "done",
        "more",
        "remind.2",
        "stopped",
        "last",
    }


def test_weeks_and_nights_come_to_everything() -> None:
    """A week with fewer days than contacts, contacts after midnight, and matters that share one at night."""
    reasons, tasks = set(), []
    for seed, late in OF_WEEKS:
        simulation = Simulation(PolicyBook(policies(*WEEKS_AND_NIGHTS, **HEAD)))
        for _, each in _happenings(random.Random(seed), simulation, late):
            simulation.happen(simulated_fact(each.id, each.source, each.type, each.time, each.data, each.lineage))
        reasons |= {detail.get("reason") for one in simulation.decisions.values() for detail in one.details}
        tasks += simulation.tasks.values()
    assert "no_open_day" in reasons
    assert {"call.10", "call.2.sms", "then"} <= {task.step for task in tasks}
    assert any(task.policy_id == "nights" and task.due_at.astimezone(ORG_ZONE).hour < 6 for task in tasks)
    assert any(task.policy_id == "any-hour" and task.combined == ("nights",) for task in tasks)


def test_results_that_were_wrong_come_to_everything() -> None:
    reasons = set()
    for seed in MISTAKEN:
        simulation = Simulation(PolicyBook(policies(*CHAINED, **HEAD)))
        for _, each in _happenings(random.Random(seed), simulation, late=False, mistaken=True):
            simulation.happen(simulated_fact(each.id, each.source, each.type, each.time, each.data, each.lineage))
        details = [detail for one in simulation.decisions.values() for detail in one.details]
        reasons |= {
            detail.get("reason", "called off" if detail.get("cancelled") else "led on")
            for detail in details
            if detail["result"] == "corrected"
        }
    assert reasons == {"called off", "led on", "under_way", "merged", "later_run"}


def test_so_do_those_of_rounds_without_an_end() -> None:
    steps = set()
    for _, seed, late in CASES_OF[len(SEEDS) :]:
        simulation = Simulation(PolicyBook(policies(*ENDLESS, **HEAD)))
        for _, each in _happenings(random.Random(seed), simulation, late):
            simulation.happen(simulated_fact(each.id, each.source, each.type, each.time, each.data, each.lineage))
        steps |= {task.step for task in simulation.tasks.values()}
    assert steps >= {"later.2", "later.2.sms", "later.3", "call.2", "visit.3", "due.2"}
