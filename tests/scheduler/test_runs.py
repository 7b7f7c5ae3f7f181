"""Runs of policies with several steps in the running service."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.scheduler.app import create_app
from services.scheduler.jobs import jobs_for
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.messaging import Event
from shared.testing import Served, event, serve
from shared.testing.events import NOON, example
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import rows, sent

UNHAPPY = {"field": "result", "op": "eq", "value": "dissatisfied"}
RAIN = {"events": ["weather.rained"], "same": "area", "within": {"days": 30}}
AGAIN = ({"id": "first"}, {"id": "again", "if": UNHAPPY, "delay": {"days": 2}})
PLAN = "SELECT body->>'step', state FROM task ORDER BY due_at, id"


def steps(*given: dict[str, Any], **policy: Any) -> dict[str, str]:
    return contents({"window": {"days": "all", "frames": ["00:00-23:59"]}, **policy, "steps": list(given)})


def rain(area: str = "A", at: timedelta = timedelta(hours=1), id: str = "rain") -> Event:  # noqa: A002
    data = {"area": {"code": area, "name": "区"}, "rained_at": (NOON + at).isoformat()}
    return event("weather.rained", data, key=area, id=id, time=NOON + at)


async def told(served: Served, step: str, name: str, at: timedelta = timedelta(hours=2), **data: Any) -> Event:
    """What visits tell about the contact of a step."""
    (task_id,) = (await rows(served, "SELECT id FROM task WHERE body->>'step' = :step", step=step))[0]
    full = example(name, task_id=str(task_id), customer={"id": "C1", "name": "陈静"}, **data)
    return event(name, full, key="C1", id=f"{name}-{step}", time=NOON + at)


async def waits(served: Served) -> int:
    return int((await rows(served, "SELECT count(*) FROM waiting_step"))[0][0])


async def test_a_result_leads_to_the_next_step_once_however_often_it_is_delivered(empty: Served) -> None:
    await apply(empty, steps(*AGAIN))
    await empty.deliver(sent("repair.closed"))
    await empty.run_job("release")
    bad = await told(empty, "first", "visit.completed", rating=1)
    await empty.deliver(bad, bad)
    await empty.deliver(bad)
    assert await rows(empty, PLAN) == [("first", "done"), ("again", "planned")]
    planned = (await empty.published("followup.planned"))[-1]
    assert (planned.data["step"], planned.cause, planned.key) == ("again", bad.id, "C1")


async def test_a_step_leaves_a_decision_that_names_what_led_to_it(empty: Served) -> None:
    await apply(empty, steps(*AGAIN))
    await empty.deliver(sent("repair.closed"))
    await empty.run_job("release")
    bad = await told(empty, "first", "visit.completed", rating=1)
    await empty.deliver(bad)
    async with empty.client("auditor") as client:
        found = (await client.get("/api/v1/decisions?event_id=e1")).json()["items"]
        (task_id,) = (await rows(empty, "SELECT id FROM task WHERE body->>'step' = 'again'"))[0]
        of_task = (await client.get(f"/api/v1/decisions?task_id={task_id}")).json()["items"]
    again, first = found
    assert (first["event_type"], again["event_type"]) == ("repair.closed", "visit.completed")
    assert again["policies"][0]["because"]["id"] == bad.id
    assert "的步骤 again：上一步结果为客户不满意（2026-03-02 12:00 (周一)），计划任务" in again["explanation"][1]
    assert of_task == [again]


async def test_a_run_goes_on_as_the_version_says_that_began_it(empty: Served) -> None:
    await apply(empty, steps(*AGAIN))
    await empty.deliver(sent("repair.closed"))
    await empty.run_job("release")
    await apply(empty, steps({"id": "first"}, {"id": "never", "if": UNHAPPY}))
    await empty.deliver(await told(empty, "first", "visit.completed", rating=1))
    assert await rows(empty, "SELECT policy_version, body->>'step' FROM task ORDER BY due_at") == [
        (1, "first"),
        (1, "again"),
    ]


async def test_another_replica_knows_at_once_what_a_new_version_waits_for(empty: Served, clock: ManualClock) -> None:
    await apply(empty, steps({"id": "first"}))
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock) as replica:
        await replica.deliver(sent("repair.closed", "C9", id="e0"))
        await apply(empty, steps({"id": "first", "wait": {"events": ["order.completed"], "within": {"days": 9}}}))
        await empty.deliver(sent("repair.closed"))
        await replica.deliver(sent("order.completed", id="o1", at=timedelta(hours=1)))
    assert await rows(empty, "SELECT event_id, body->>'step' FROM task ORDER BY event_id") == [
        ("e0", "first"),
        ("e1", "first"),
    ]


async def test_what_is_called_off_at_release_or_by_hand_leads_on(empty: Served, clock: ManualClock) -> None:
    called_off = {"field": "result", "op": "eq", "value": "cancelled"}
    steps_ = ({"id": "first", "delay": {"hours": 1}}, {"id": "again", "if": called_off, "guards": "none"})
    await apply(empty, steps(*steps_, guards=["case_open"], merge=False))
    opened = example("complaint.opened", case_id="K1", customer={"id": "C1", "name": "陈静"})
    await empty.deliver(sent("repair.closed"), event("complaint.opened", opened, key="C1", time=NOON))
    await empty.deliver(sent("repair.closed", "C2", id="e2"))
    (by_hand,) = (await rows(empty, "SELECT id FROM task WHERE customer_id = 'C2'"))[0]
    async with empty.client("supervisor") as client:
        await client.post(f"/api/v1/tasks/{by_hand}/cancel", json={"reason": "不需要"})
    clock.advance(timedelta(hours=1))
    await empty.run_job("release")
    assert await empty.run_job("lead_on") == 2
    query = "SELECT customer_id, body->>'step', reason FROM task ORDER BY customer_id, due_at, body->>'step' DESC"
    assert await rows(empty, query) == [
        *(("C1", "first", "case_open"), ("C1", "again", "")),
        *(("C2", "again", ""), ("C2", "first", "by_hand")),
    ]


async def test_a_wait_ends_by_itself(empty: Served, clock: ManualClock) -> None:
    await apply(
        empty,
        steps(
            {"id": "first", "wait": RAIN}, {"id": "anyway", "if": {"field": "result", "op": "eq", "value": "expired"}}
        ),
    )
    await empty.deliver(sent("repair.closed"))
    clock.advance(timedelta(days=30) - timedelta(seconds=1))
    assert await empty.run_job("lead_on") == 0
    clock.advance(timedelta(seconds=1))
    assert await empty.run_job("lead_on") == 1
    assert await rows(empty, PLAN) == [("anyway", "planned")]
    outcomes = await rows(empty, "SELECT event_type, outcome FROM decision ORDER BY at")
    assert outcomes == [("repair.closed", "waiting"), ("wait.expired", "planned")]


async def test_waits_of_a_customer_that_end_on_other_days_than_the_portions_are_ended_with_it(
    empty: Served, clock: ManualClock
) -> None:
    wait = RAIN | {"within": {"days": 3}}
    await apply(empty, steps({"id": "first", "wait": wait}, again="parallel"))
    for day in range(3):
        await empty.deliver(sent("repair.closed", id=f"e{day}", at=timedelta(days=day)))
    clock.advance(timedelta(days=30))
    (lead_on,) = [job for job in jobs_for(SchedulerSettings(release_batch=1)) if job.name == "lead_on"]
    assert await lead_on.run(empty.runtime) == 1
    assert await waits(empty) == 0


async def _living_in(served: Served, areas: dict[str, str]) -> None:
    """Customers and the areas they live in."""
    facts = []
    for name, area in areas.items():
        card = {**example("customer.updated")["customer"], "id": name}
        data = example("customer.updated", customer=card, area=area)
        facts.append(event("customer.updated", data, key=name, id=f"u-{name}", time=NOON - timedelta(days=1)))
    await served.deliver(*facts)


async def test_rain_reaches_all_who_wait_for_it_in_its_area_once_and_in_portions(
    empty: Served, clock: ManualClock
) -> None:
    await apply(empty, steps({"id": "rain", "wait": RAIN}))
    names = [f"C{number}" for number in range(40)]
    await _living_in(empty, {name: "AB"[number % 2] for number, name in enumerate(names)})
    await empty.deliver(*(sent("repair.closed", name, id=f"e-{name}") for name in names))
    await empty.deliver(rain("A"), rain("A"))
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock, release_batch=3) as replica:
        await asyncio.gather(*(one.run_job("wake") for one in (replica, empty, replica)))
    assert await empty.run_job("wake") == 0
    planned = [row[0] for row in await rows(empty, "SELECT customer_id FROM task")]
    assert sorted(planned) == sorted(names[::2])
    assert len(await empty.published("followup.planned")) == 20


async def test_a_repair_that_is_told_after_the_rain_still_finds_it(empty: Served, clock: ManualClock) -> None:
    await apply(empty, steps({"id": "rain", "wait": RAIN}))
    await _living_in(empty, {"C1": "A"})
    await empty.deliver(sent("order.completed", id="o"), rain("A", timedelta(hours=5)))
    assert await empty.run_job("wake") == 0
    await empty.deliver(sent("repair.closed"))
    assert await empty.run_job("wake") == 1
    assert await rows(empty, PLAN) == [("rain", "planned")]
    clock.advance(timedelta(days=4))
    await empty.run_job("forget_decisions")
    assert await rows(empty, "SELECT count(*) FROM signal") == [(0,)]


async def test_rain_that_is_not_enough_is_not_looked_at_twice(empty: Served) -> None:
    heavy = {**RAIN, "condition": {"field": "area.name", "op": "eq", "value": "大雨区"}}
    await apply(empty, steps({"id": "rain", "wait": heavy}))
    await _living_in(empty, {"C1": "A"})
    await empty.deliver(sent("repair.closed"))
    await empty.deliver(rain("A"), rain("A", timedelta(hours=2), id="rain-2"))
    assert await empty.run_job("wake") == 2
    assert await rows(empty, "SELECT count(*) FROM task") == [(0,)]
    assert await waits(empty) == 1


async def test_a_stop_in_the_same_batch_ends_what_the_fact_before_it_began(empty: Served) -> None:
    await apply(empty, steps({"id": "first", "delay": {"days": 1}}, stop={"events": ["order.completed"]}))
    first, stop = sent("repair.closed"), sent("order.completed", id="o1", at=timedelta(minutes=1))
    await empty.deliver(first, stop, sent("repair.closed", id="e2", at=timedelta(minutes=2)))
    query = "SELECT event_id, state, reason FROM task ORDER BY event_id"
    assert await rows(empty, query) == [("e1", "cancelled", "stopped"), ("e2", "planned", "")]
    assert await waits(empty) == 1
    cancelled = await empty.published("followup.cancelled")
    assert [(one.data["reason"], one.cause) for one in cancelled] == [("stopped", "o1")]


async def test_a_merged_step_goes_on_from_the_outcome_of_the_contact_that_took_it_over(empty: Served) -> None:
    strong = {"id": "strong", "events": ["order.completed"], "priority": 1, "window": {"days": "all"}}
    weak = {"id": "weak", "steps": [{"id": "first", "delay": {"days": 1}}, {"id": "again", "if": UNHAPPY}]}
    await apply(empty, contents(weak, {**strong, "delay": {"days": 1}}))
    await empty.deliver(sent("repair.closed"))
    await empty.deliver(sent("order.completed", id="o1", at=timedelta(hours=1)))
    assert await rows(empty, "SELECT policy_id, state FROM task ORDER BY state") == [
        ("weak", "cancelled"),
        ("strong", "planned"),
    ]
    (task_id,) = (await rows(empty, "SELECT id FROM task WHERE policy_id = 'strong'"))[0]
    data = example("visit.completed", task_id=str(task_id), customer={"id": "C1"}, rating=2)
    await empty.deliver(event("visit.completed", data, key="C1", id="v1", time=NOON + timedelta(days=1)))
    assert await rows(empty, "SELECT body->>'step' FROM task WHERE policy_id = 'weak' AND state = 'planned'") == [
        ("again",)
    ]


@pytest.mark.parametrize("name", ["notification.failed", "notification.suppressed"])
async def test_a_message_that_was_not_delivered_or_not_sent_leads_to_the_next_channel(empty: Served, name: str) -> None:
    sms = {"channel": "sms", "purpose": "notice"}
    await apply(empty, steps({"id": "first", **sms, "fallback": [{"channel": "email"}]}))
    await empty.deliver(sent("repair.closed"))
    await empty.run_job("release")
    (task_id,) = (await rows(empty, "SELECT id FROM task"))[0]
    told = example(name, cause_id=str(task_id), channel="sms", customer_id="C1")
    await empty.deliver(event(name, told, key="C1", time=NOON + timedelta(hours=1)))
    assert await rows(empty, PLAN) == [("first", "failed"), ("first.email", "planned")]


async def test_policies_without_steps_keep_no_runs(served: Served) -> None:
    await served.deliver(sent("repair.closed"), rain())
    assert await rows(served, "SELECT count(*) FROM signal") == [(0,)]
    assert await waits(served) == 0
