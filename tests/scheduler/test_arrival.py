"""The order in which facts arrive does not change the plan: what counts is when things happened (ADR 0011).

Small histories of one customer, in every order of arrival, all heard before anything falls due: the same contacts are
planned and the same is waited for.
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.facts import Fact
from services.scheduler.domain.later.recall import Prompt
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.simulation.plans import Plans
from services.scheduler.domain.steps.listen import STOPPED
from services.scheduler.domain.steps.replay import RESTARTED
from services.scheduler.domain.task import Task
from shared.clock import ManualClock
from shared.messaging import Event
from shared.testing import Served, event
from shared.testing.events import example
from tests.scheduler.builders import MONDAY, at, book, contents, fact
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import rows

EXAMPLES = 10_000
HEARD = at("2026-03-03 12:00")  # everything is heard by now, and nothing is due before
HOURS = 24
FEWEST, MOST = 2, 5
STOP = {"events": ["alarm.handled"]}
SAME_STAGE = {"events": ["project.stage_reached"], "same": "project_no"}
FINISHED = {**SAME_STAGE, "condition": {"field": "stage", "op": "eq", "value": "completed"}}
PAID = {"field": "amount", "op": "ge", "value": 100}
UNREACHED = {"field": "result", "op": "in", "value": ["unreachable", "expired"]}


def _wait(condition: Any = None, days: int = 6) -> dict[str, Any]:
    wait = {"events": ["order.completed"], "within": {"days": days}}
    return wait | ({"condition": condition} if condition else {})


AGAIN: dict[str, Any] = {"merge": False, "events": ["repair.closed"], "stop": STOP}
TWICE = [{"id": "first", "delay": {"days": 3}}, {"id": "second", "from": "planned", "delay": {"days": 2}}]
PACKS: dict[str, tuple[dict[str, Any], ...]] = {
    "chain that stops": ({**AGAIN, "steps": TWICE},),
    "chain begun anew": ({**AGAIN, "steps": TWICE, "again": "restart"},),
    "chain begun once": ({**AGAIN, "steps": TWICE, "again": "ignore"},),
    "stop of the same project": (
        {**AGAIN, "events": ["project.stage_reached"], "stop": FINISHED, "steps": TWICE, "again": "ignore"},
    ),
    "stop of whatever triggers": ({**AGAIN, "stop": FINISHED, "steps": TWICE, "events": ["project.stage_reached"]},),
    "waits": (
        {**AGAIN, "steps": [{"id": "after", "wait": _wait(), "delay": {"days": 3}, "repeat": {"times": 2}}]},
        {**AGAIN, "id": "p2", "steps": [{"id": "paid", "wait": _wait(PAID), "delay": {"days": 2}}], "again": "restart"},
    ),
    "waits once": (
        {**AGAIN, "again": "ignore", "steps": [{"id": "paid", "wait": _wait(PAID), "delay": {"days": 3}}, TWICE[0]]},
    ),
    "whichever comes first": (
        {
            **AGAIN,
            "again": "restart",
            "steps": [
                {"id": "order", "wait": _wait(), "delay": {"days": 4}, "fallback": [{"channel": "sms"}]},
                {"id": "anyway", "if": {"field": "reason", "op": "eq", "value": "not_awaited"}},
            ],
        },
    ),
    "cadence with another channel": (
        {
            **AGAIN,
            "steps": [
                {"id": "often", "delay": {"days": 3}, "repeat": {"every": {"days": 1}, "times": 3}},
                {"id": "once", "if": UNREACHED, "channel": "sms"},
            ],
            "again": "restart",
        },
        {"id": "single", "events": ["order.completed"], "delay": {"days": 3}, "merge": False},
    ),
}


def _histories(chance: random.Random) -> Iterator[list[Fact]]:
    while True:
        yield [_fact(chance, number) for number in range(chance.randint(FEWEST, MOST))]


def _fact(chance: random.Random, number: int) -> Fact:
    """Of few kinds, so that they concern each other, at few moments, so that some happen at the same."""
    name = chance.choice(
        ["repair.closed", "repair.closed", "alarm.handled", "order.completed", "project.stage_reached"]
    )
    data: dict[str, dict[str, Any]] = {
        "order.completed": {"amount": chance.choice([50, 200])},
        "project.stage_reached": {
            "project_no": chance.choice(["A", "B"]),
            "stage": chance.choice(["planned", "planned", "completed"]),
        },
    }
    time = _moment(chance)
    return fact(name, data.get(name), id=f"e{number}-{chance.randrange(1000)}", time=time)


def _moment(chance: random.Random) -> datetime:
    return MONDAY + timedelta(hours=chance.randrange(HOURS))


def plan_of(rules: PolicyBook, facts: Sequence[Fact], live: bool = False) -> dict[str, Any]:
    """What is planned and waited for once all has been heard in this order; `live`: of each as it happens."""
    simulation = _heard(rules, facts, live)
    planned = [task for task in simulation.tasks.values() if task.state == "planned"]
    waiting = [row for customer in simulation.customers.values() for row in customer.waiting]
    return {
        "planned": sorted((task.id, task.due_at, task.deadline_at, task.step, task.policy_id) for task in planned),
        "waiting": sorted((row.policy_id, row.step, row.kind, row.since, row.until, row.id) for row in waiting),
    }


def _heard(rules: PolicyBook, facts: Sequence[Fact], live: bool) -> Simulation:
    simulation = Simulation(rules)
    if not live:
        simulation.advance(HEARD)
    for one in facts:
        simulation.happen(one)
    simulation.advance(HEARD)
    return simulation


def told(facts: Sequence[Fact]) -> str:
    return "; ".join(f"{one.name} {one.id} {one.at:%d %H:%M} {_short(one)}" for one in facts)


def _short(one: Fact) -> str:
    return " ".join(str(one.data[name]) for name in ("amount", "project_no", "stage") if name in one.data)


@pytest.mark.parametrize("pack", PACKS)
def test_the_order_of_arrival_does_not_change_the_plan(pack: str) -> None:
    rules, chance, tried = book(*PACKS[pack]), random.Random(pack), 0
    planned: set[int] = set()
    for history in _histories(chance):
        happened = sorted(history, key=lambda one: (one.at, one.id))
        expected = plan_of(rules, happened, live=True)
        planned.add(len(expected["planned"]))
        for order in permutations(history):
            got = plan_of(rules, order)
            assert got == expected, f"happened: {told(happened)}\narrived: {told(order)}"
            tried += 1
        if tried >= EXAMPLES / len(PACKS):
            break
    assert len(planned) > 1  # what is planned is not always the same


UNHAPPY = {"field": "result", "op": "in", "value": ["completed", "unreachable"]}
BUSY: tuple[dict[str, Any], ...] = (
    {
        **AGAIN,
        "id": "b0",
        "steps": [
            {"id": "first", "delay": {"hours": 6}, "deadline": {"days": 2}},
            {"id": "again", "if": UNHAPPY, "delay": {"days": 1}, "repeat": {"times": 2, "every": {"days": 1}}},
            {"id": "order", "from": "event", "wait": _wait(PAID, 2), "delay": {"hours": 6}, "repeat": {"times": 2}},
        ],
    },
    {
        **AGAIN,
        "id": "b1",
        "steps": [*TWICE, {"id": "third", "from": "took_place", "wait": _wait()}],
        "again": "restart",
    },
    {**AGAIN, "id": "b2", "steps": [{**TWICE[0], "delay": {"days": 1}}, TWICE[1]], "again": "ignore", "merge": True},
    {"id": "single", "events": ["order.completed"], "delay": {"days": 1}},
)
FINAL = ("released", "done", "failed", "expired")


class _Watched(Plans):
    """Sees to it that nothing is undone that has happened in the world, and that only what happened after its fact takes a
    released task back."""

    def __init__(self, rules: PolicyBook) -> None:
        super().__init__(rules)
        self.seen = Counter[str]()

    def keep(self, task: Task) -> None:
        self.seen["kept"] += 1
        before = self.of.all.get(task.id)
        taken_back = before is not None and before.state == "released" and task.reason in (STOPPED, RESTARTED)
        assert before is None or taken_back or before.state not in FINAL or task.state in FINAL, (before, task)
        super().keep(task)

    def recall(self, task: Task, told: Prompt) -> None:
        self.seen["recalled"] += 1
        assert told.at >= datetime.fromisoformat(task.matters[-1]["at"]), (task, told)
        super().recall(task, told)


@pytest.mark.parametrize("seed", range(4))
def test_what_happened_in_the_world_stands_however_late_facts_are(seed: int) -> None:
    chance, rules = random.Random(seed), book(*BUSY, caps=[{"limit": 6, "per": "month"}])
    ends, seen = Counter[str](), Counter[str]()
    for number in range(60):
        plans, moment = _Watched(rules), MONDAY
        simulation = Simulation(rules, lambda _, watched=plans: watched)  # type: ignore[misc]
        for turn in range(25):
            moment += timedelta(hours=chance.randrange(1, 30))
            simulation.advance(moment)
            one = _fact(chance, number * 100 + turn)
            happened = moment - timedelta(hours=chance.choice([0, 0, 5, 30, 90]))
            simulation.happen(fact(one.name, one.data, id=one.id, time=happened))
            released = [task for task in simulation.tasks.values() if task.state == "released"]
            if released and chance.random() < 0.6:
                simulation.happen(_visit(chance, chance.choice(released), moment))
            _is_consistent(simulation)
        simulation.finish()
        simulation.advance(moment + timedelta(days=200))
        assert not any(customer.waiting for customer in simulation.customers.values())
        ends.update(task.reason or task.state for task in simulation.tasks.values())
        seen += plans.seen
    assert {*seen} == {"kept", "recalled"}
    assert {*ends} >= {"done", "stopped", "restarted", "ignored", "merged", "unreachable"}


def _visit(chance: random.Random, task: Task, moment: datetime) -> Fact:
    name = chance.choice(["visit.completed", "visit.failed"])
    told = {"rating": 5, "reason": "unreachable"}
    data = {"task_id": str(task.id), "customer": {"id": "C1"}, "channel": task.channel, **told}
    heard_late = timedelta(hours=chance.choice([0, 0, 3]))
    return simulated_fact(f"v{task.id}{moment}", "/visits", name, moment - heard_late, data)


def _is_consistent(simulation: Simulation) -> None:
    """A planned task is open, and who waits for a contact waits for one that may come."""
    planned = {task.id for task in simulation.tasks.values() if task.state == "planned"}
    for customer in simulation.customers.values():
        assert planned == {task.id for task in customer.open}
        for row in customer.waiting:
            assert row.task_id is None or simulation.tasks[row.task_id].state in ("planned", "released")


WINDOWS: tuple[dict[str, Any], ...] = (
    {"days": "all", "frames": ["08:00-20:00"]},
    {"days": "working", "frames": ["09:00-12:00", "14:00-18:00"]},
    {"days": "all", "weekdays": ["thu", "fri", "sat"], "frames": ["10:00-16:00"]},
)


def _merging(chance: random.Random, number: int, name: str) -> dict[str, Any]:
    return {
        "id": f"m{number}",
        "events": [name],
        "priority": chance.choice([4, 5]),
        "delay": {"days": chance.randint(2, 5)},
        "deadline": {"days": chance.randint(4, 9)},
        "window": chance.choice(WINDOWS),
        "merge": chance.choice([True, {"within": {"days": 2}}]),
    }


def test_two_matters_become_one_contact_in_either_order() -> None:
    chance, merged = random.Random(3), Counter[bool]()
    names = ("repair.closed", "order.completed")
    for _ in range(400):
        rules = book(*(_merging(chance, number, name) for number, name in enumerate(names)))
        history = [fact(name, id=f"e{chance.randrange(1000)}", time=_moment(chance)) for name in names]
        happened = sorted(history, key=lambda one: (one.at, one.id))
        expected = plan_of(rules, happened, live=True)["planned"]
        for order in permutations(history):
            assert plan_of(rules, order)["planned"] == expected, f"{told(happened)} arrived {told(order)}"
        merged[len(expected) == 1] += 1
    assert min(merged.values()) > 40


RESTRAINED: tuple[dict[str, Any], ...] = (
    {"id": "late", "delay": {"days": 3}, "merge": False, "guards": [{"case_open": "defer"}]},
    {"id": "sms", "delay": {"days": 2}, "merge": False, "channel": "sms", "events": ["order.completed"]},
    {
        "id": "reopened",
        "delay": {"days": 3},
        "merge": False,
        "guards": ["case_reopened"],
        "events": ["order.completed"],
    },
    {"id": "steps", "events": ["repair.closed"], "merge": False, "steps": TWICE, "stop": STOP, "again": "restart"},
    {
        "id": "again",
        "events": ["complaint.resolved"],
        "round": 2,
        "merge": False,
        "cap": "exempt",
        "delay": {"days": 3},
    },
)
PAUSES = [{"on": ["complaint.opened", "alarm.handled"], "hours": 96}]
CASES = ("complaint.opened", "complaint.resolved", "complaint.reopened", "complaint.closed")


def _restrained(chance: random.Random, number: int) -> Fact:
    name = chance.choice(["repair.closed", "order.completed", "alarm.handled", "notification.opted_out", *CASES * 2])
    time, data = _moment(chance), {}
    if name in CASES:
        data = {"case_id": chance.choice(["K1", "K2"])}
    if name == "notification.opted_out":
        data = {"customer_id": "C1", "channel": "sms", "purpose": "all", "opted_out_at": time.isoformat()}
    return fact(name, data, id=f"e{number}-{chance.randrange(1000)}", time=time)


def contacts_of(rules: PolicyBook, facts: Sequence[Fact], live: bool = False) -> list[Any]:
    """Who is contacted, and when, once everything that was planned has become due."""
    simulation = _heard(rules, facts, live)
    simulation.advance(HEARD + timedelta(days=20))
    released = [task for task in simulation.tasks.values() if task.state == "released"]
    return sorted((task.id, task.due_at, task.policy_id) for task in released)


def test_refusals_pauses_and_cases_count_by_when_they_happened() -> None:
    rules, chance, tried = book(*RESTRAINED, pauses=PAUSES), random.Random(8), 0
    made = Counter[int]()
    while tried < EXAMPLES / 4:
        history = [_restrained(chance, number) for number in range(chance.randint(FEWEST, MOST))]
        expected = contacts_of(rules, sorted(history, key=lambda one: (one.at, one.id)), live=True)
        made[len(expected)] += 1
        for order in permutations(history):
            assert contacts_of(rules, order) == expected, told(order)
            tried += 1
    assert len(made) > 2


ALL = tuple({"id": "p1", **one} | {"id": f"p{number}"} for number, one in enumerate(sum(PACKS.values(), ())))
CUSTOMERS = 240
PLAN = "SELECT customer_id, policy_id, body->>'step', due_at, deadline_at FROM task WHERE state = 'planned'"
WAITING = "SELECT customer_id, policy_id, step, kind, since, until FROM waiting_step"


def _orders(chance: random.Random) -> Iterator[list[Fact]]:
    """Orders of arrival of histories, each of a customer of its own."""
    for history in _histories(chance):
        orders = list(permutations(history))
        for order in chance.sample(orders, min(len(orders), 12)):
            yield list(order)


def _of(customer: str, one: Fact) -> Event:
    data = {**one.data, "customer": {**one.customer, "id": customer}}
    return event(one.name, data, key=customer, id=f"{customer}-{one.id}", time=one.at)


async def test_the_service_plans_the_same_in_every_order(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(*ALL))
    clock.move_to(HEARD)
    orders = [each for each, _ in zip(_orders(random.Random(5)), range(CUSTOMERS), strict=False)]
    arrived = [[_of(f"C{number}", one) for one in order] for number, order in enumerate(orders)]
    rules, planned, waiting = book(*ALL), Counter[Any](), Counter[Any]()
    for each in arrived:
        facts = [simulated_fact(one.id, one.source, one.type, one.time, one.data, one.lineage) for one in each]
        plan = plan_of(rules, sorted(facts, key=lambda one: (one.at, one.id)), live=True)
        name = facts[0].customer_id
        planned.update((name, policy, step, due, deadline) for _, due, deadline, step, policy in plan["planned"])
        waiting.update((name, *row[:5]) for row in plan["waiting"])
    for turn in range(MOST):  # some of them in one batch, out of order
        half = [one for number, each in enumerate(arrived) if number % 2 for one in each[turn : turn + 1]]
        await empty.deliver(*half)
    await empty.deliver(*(one for number, each in enumerate(arrived) if not number % 2 for one in each))
    assert await empty.dead_letters() == []
    assert Counter(map(tuple, await rows(empty, PLAN))) == planned
    assert Counter(map(tuple, await rows(empty, WAITING))) == waiting
    assert len(planned) > CUSTOMERS


def _case(customer: str, name: str, hour: int) -> Event:
    data = example(name, case_id=f"K-{customer}", customer={**example(name)["customer"], "id": customer})
    return event(name, data, key=customer, id=f"{customer}-{name}-{hour}", time=MONDAY + timedelta(hours=hour))


def _opt_out(customer: str, hour: int) -> Event:
    time = MONDAY + timedelta(hours=hour)
    told = {"customer_id": customer, "channel": "sms", "purpose": "all", "opted_out_at": time.isoformat()}
    data = example("notification.opted_out", **told)
    return event("notification.opted_out", data, key=customer, id=f"{customer}-out-{hour}", time=time)


async def test_cases_and_refusals_are_kept_by_their_own_times(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({}))
    clock.move_to(HEARD)
    life = [("complaint.opened", 0), ("complaint.resolved", 2), ("complaint.reopened", 3), ("complaint.resolved", 3)]
    for number, order in enumerate(permutations(life)):
        cases = [_case(f"C{number}", *each) for each in order]
        refusals = [_opt_out(f"C{number}", hour) for _, hour in order]
        await empty.deliver(*cases[:2], *refusals[:2])
        await empty.deliver(*cases[2:], *refusals[2:])
    standing = await rows(
        empty, "SELECT DISTINCT state, as_of, resolved_by LIKE '%resolved-3', reopened FROM complaint_case"
    )
    assert standing == [("resolved", MONDAY + timedelta(hours=3), True, False)]
    refused = await rows(
        empty, "SELECT DISTINCT (opted_out ->> 'sms:all')::timestamptz, count(*) FROM customer GROUP BY 1"
    )
    assert refused == [(MONDAY, 24)]


async def test_facts_are_remembered_as_long_as_they_may_be_late(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(*ALL))
    await empty.deliver(_of("C1", fact("alarm.handled")), _of("C2", fact("repair.closed")))
    heard = "SELECT customer_id, jsonb_array_length(runs) > 0 FROM heard_fact ORDER BY 1"
    assert await rows(empty, heard) == [("C1", False), ("C2", True)]
    clock.advance(timedelta(days=31))
    await empty.run_job("forget_decisions")
    assert await rows(empty, heard) == []


def test_an_older_trigger_does_not_ask_again_what_was_answered() -> None:
    simulation = Simulation(book(*PACKS["chain begun anew"]))
    simulation.happen(fact(id="newer", time=at("2026-03-03 10:00")))
    simulation.advance(at("2026-03-06 10:00"))
    (task,) = (task for task in simulation.tasks.values() if task.state == "released")
    data = {"task_id": str(task.id), "customer": {"id": "C1"}, "channel": "phone", "rating": 5}
    simulation.happen(simulated_fact("v", "/visits", "visit.completed", at("2026-03-06 10:00"), data))
    before = dict(simulation.tasks)
    simulation.happen(fact(id="older", time=MONDAY))
    assert simulation.tasks == before
    assert [task.state for task in simulation.tasks.values()] == ["done", "planned"]


def test_what_a_step_waits_for_may_have_been_heard_before_the_result_it_follows() -> None:
    steps = [{"id": "first"}, {"id": "after", "from": "took_place", "wait": _wait(), "delay": {"days": 1}}]
    simulation = Simulation(book({**AGAIN, "steps": steps}))
    simulation.happen(fact(time=MONDAY))
    simulation.advance(at("2026-03-03 12:00"))
    simulation.happen(fact("order.completed", {"amount": 50}, id="order", time=at("2026-03-03 12:00")))
    (task,) = simulation.tasks.values()
    data = {"task_id": str(task.id), "customer": {"id": "C1"}, "channel": "phone", "rating": 5}
    simulation.happen(simulated_fact("v", "/visits", "visit.completed", at("2026-03-03 11:00"), data))
    assert {task.step: task.due_at for task in simulation.tasks.values()}["after"] == at("2026-03-04 09:00")


def test_an_answered_run_keeps_a_late_older_one_from_beginning() -> None:
    simulation = Simulation(book(*PACKS["chain begun once"]))
    simulation.happen(fact(id="newer", time=at("2026-03-03 10:00")))
    simulation.advance(at("2026-03-06 10:00"))
    decision = simulation.happen(fact(id="older", time=MONDAY))
    assert decision is not None
    assert decision.outcome == "ignored"
    assert {task.event_id for task in simulation.tasks.values()} == {"newer"}
