"""The simulation plans what the service plans: the same events, through rows and through values."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from deploy.commands._pack_files import read_sound_pack
from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.simulation import Simulation, simulated_fact
from services.scheduler.domain.task import Task
from shared.clock import ManualClock
from shared.messaging import Event
from shared.testing import Served, event
from shared.testing.events import NOON, example
from tests.scheduler.builders import contents, policies
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
    "calendars": {"site": {"days": {"2026-03-10": "off", "2026-03-15": "on"}}},
    "blackouts": [{"from": "2026-03-24", "to": "2026-03-26"}],
}
CASES = ("complaint.opened", "complaint.resolved", "complaint.reopened", "complaint.closed")
PLAN = (
    "SELECT id, policy_id, event_id, due_at, deadline_at, state, reason, "
    "body->'combined' AS combined, (body->>'warn_at')::timestamptz AS warn_at FROM task ORDER BY id"
)


def _happenings(chance: random.Random, simulation: Simulation) -> Iterator[Event]:
    """Six weeks of facts, calls, refusals and complaints of a few customers."""
    moment = NOON
    for number in range(160):
        moment += timedelta(minutes=chance.randrange(10, 800))
        simulation.advance(moment)
        yield _happening(chance, number, moment, simulation)


def _happening(chance: random.Random, number: int, moment: datetime, simulation: Simulation) -> Event:
    customer = f"C{chance.randrange(8)}"
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
    name = chance.choice(FACTS)
    block = {**example(name)["customer"], "id": customer}
    return event(name, example(name, customer=block), **attributes)


def _visit(chance: random.Random, task: Task, attributes: dict[str, Any]) -> Event:
    name = chance.choice(["visit.completed", "visit.failed", "visit.callback_agreed"])
    told = {"reason": chance.choice(["refused", "unreachable", "unreachable"])} if name == "visit.failed" else {}
    card = {**example(name)["customer"], "id": task.customer_id}
    about = {"task_id": str(task.id), "customer": card, "channel": task.channel}
    return event(name, example(name, **about, **told), **{**attributes, "key": task.customer_id})


async def _release_until(served: Served, clock: ManualClock, until: datetime) -> None:
    """Every due task at its own moment."""
    while due := (await rows(served, "SELECT min(due_at) FROM due"))[0][0]:
        if due > until:
            break
        clock.move_to(max(due, clock.now()))
        await served.run_job("release")
    clock.move_to(max(until, clock.now()))


async def test_service_and_simulation_come_to_the_same_plan(served: Served, clock: ManualClock) -> None:
    await apply(served, contents(BY_SMS, TIMED, **TIMES))
    simulation = Simulation(PolicyBook([*read_sound_pack(R01).policies, *policies(BY_SMS, TIMED, **TIMES)]))
    for each in _happenings(random.Random(7), simulation):
        await _release_until(served, clock, each.time)
        await served.deliver(each)
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
        )
        for task in planned
    ]
    assert {task.state for task in planned} >= {"planned", "released", "done", "failed", "cancelled"}
    assert any(task.warn_at for task in planned)
    outcomes = {decision.outcome for decision in simulation.decisions.values()}
    assert outcomes >= {"planned", "merged", "capped", "refused", "sampled_out"}
