"""A result is corrected after a run took another step, in the running service."""

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.store.tasks import FREED
from shared.clock import ManualClock
from shared.messaging import Event
from shared.testing import Served, event
from shared.testing.events import example
from tests.scheduler.builders import contents, policies
from tests.scheduler.conftest import apply
from tests.scheduler.test_draws import NIGHT, deliver_occasions, draw_all
from tests.scheduler.test_handlers import rows, sent
from tests.scheduler.test_recall import later

UNHAPPY = {"field": "result", "op": "eq", "value": "dissatisfied"}
LOST = {"field": "result", "op": "in", "value": ["unreachable", "refused"]}
STEPS: tuple[dict[str, Any], ...] = (
    {"id": "call"},
    {"id": "letter", "if": LOST, "delay": {"days": 3}},
    {"id": "apology", "if": UNHAPPY, "delay": {"days": 2}},
)
PLAN = "SELECT body->>'step', state, reason FROM task ORDER BY body->>'step'"
LEDGER = "SELECT task.body->>'step', contact_ledger.state FROM contact_ledger JOIN task ON task.id = task_id ORDER BY 1"


async def called(served: Served, clock: ManualClock, *steps: dict[str, Any], **policy: Any) -> str:
    """The first contact of a run is out; gives its task's id."""
    all_day = {"days": "all", "frames": ["00:00-23:59"]}
    await apply(served, contents({"window": all_day, "steps": list(steps or STEPS), **policy}))
    await served.deliver(sent("repair.closed"))
    await served.run_job("release")
    clock.advance(timedelta(hours=1))
    return str((await rows(served, "SELECT id FROM task WHERE state = 'released'"))[0][0])


def completed(clock: ManualClock, task_id: str, rating: int) -> Event:
    return later("visit.completed", clock, id=f"completed-{rating}", task_id=task_id, rating=rating)


def corrected(clock: ManualClock, task_id: str, rating: int, id: str = "corrected") -> Event:  # noqa: A002
    return later("visit.corrected", clock, id=id, task_id=task_id, rating=rating, problems=[])


def failed(clock: ManualClock, task_id: str, reason: str = "unreachable") -> Event:
    at = clock.now().isoformat()
    return later("visit.failed", clock, id="failed", task_id=task_id, reason=reason, failed_at=at, channel="phone")


def reopened(clock: ManualClock, of: Event) -> Event:
    same = {name: of.data[name] for name in ("task_id", "reason", "failed_at", "channel")}
    return later("visit.reopened", clock, id="reopened", **same)


async def test_an_apology_that_nobody_needs_is_called_off_and_told(empty: Served, clock: ManualClock) -> None:
    task_id = await called(empty, clock)
    await empty.deliver(completed(clock, task_id, rating=1))
    assert await rows(empty, PLAN) == [("apology", "planned", ""), ("call", "done", "")]
    clock.advance(timedelta(hours=3))
    right = corrected(clock, task_id, rating=5)
    await empty.deliver(right)
    await empty.deliver(right)
    assert await rows(empty, PLAN) == [("apology", "cancelled", "corrected"), ("call", "done", "")]
    assert dict(await rows(empty, LEDGER))["apology"] == FREED
    assert await rows(empty, "SELECT count(*) FROM waiting_step") == [(0,)]
    (gone,) = await empty.published("followup.cancelled")
    assert (gone.data["reason"], gone.cause) == ("corrected", right.id)
    clock.advance(timedelta(days=4))
    assert await empty.run_job("release") == 0
    async with empty.client("auditor") as auditor:
        told = (await auditor.get("/api/v1/explain", params={"event_id": "e1"})).text
    assert "上一步的结果更正为已完成，取消已计划的 1 个任务，按更正后的结果继续。" in told
    assert await empty.dead_letters() == []


async def test_a_record_that_is_corrected_to_dissatisfied_leads_on(empty: Served, clock: ManualClock) -> None:
    task_id = await called(empty, clock)
    await empty.deliver(completed(clock, task_id, rating=5))
    clock.advance(timedelta(hours=3))
    await empty.deliver(corrected(clock, task_id, rating=2))
    assert await rows(empty, PLAN) == [("apology", "planned", ""), ("call", "done", "")]
    planned = (await empty.published("followup.planned"))[-1]
    assert (planned.data["step"], planned.cause) == ("apology", "corrected")


async def test_what_had_not_failed_is_waited_for_again(empty: Served, clock: ManualClock) -> None:
    task_id = await called(empty, clock)
    lost = failed(clock, task_id)
    await empty.deliver(lost)
    assert await rows(empty, PLAN) == [("call", "failed", "unreachable"), ("letter", "planned", "")]
    clock.advance(timedelta(hours=3))
    await empty.deliver(reopened(clock, lost))
    assert await rows(empty, PLAN) == [("call", "released", ""), ("letter", "cancelled", "corrected")]
    assert await rows(empty, "SELECT step, task_id::text FROM waiting_step") == [("call", task_id)]
    await empty.deliver(completed(clock, task_id, rating=1))
    states = [("apology", "planned", ""), ("call", "done", ""), ("letter", "cancelled", "corrected")]
    assert await rows(empty, PLAN) == states


async def test_however_it_is_batched_the_same_comes_of_it(empty: Served, clock: ManualClock) -> None:
    task_id = await called(empty, clock)
    lost = failed(clock, task_id)
    right = completed(clock, task_id, rating=1)
    await empty.deliver(lost, reopened(clock, lost), right, corrected(clock, task_id, rating=5))
    states = dict(await rows(empty, "SELECT body->>'step', state FROM task"))
    assert states == {"call": "done", "letter": "cancelled", "apology": "cancelled"}
    assert await empty.dead_letters() == []


async def test_what_is_out_stays_out(empty: Served, clock: ManualClock) -> None:
    task_id = await called(empty, clock)
    await empty.deliver(completed(clock, task_id, rating=1))
    clock.advance(timedelta(days=3))
    await empty.run_job("release")
    await empty.deliver(corrected(clock, task_id, rating=5))
    assert await rows(empty, PLAN) == [("apology", "released", ""), ("call", "done", "")]
    newest = (await rows(empty, "SELECT outcome, event_type FROM decision ORDER BY at DESC LIMIT 1"))[0]
    assert newest == ("corrected", "visit.corrected")


async def test_another_version_does_not_change_what_a_correction_leads_to(empty: Served, clock: ManualClock) -> None:
    task_id = await called(empty, clock)
    await empty.deliver(completed(clock, task_id, rating=5))
    await apply(empty, contents({"steps": [{"id": "call"}]}))
    await empty.deliver(corrected(clock, task_id, rating=2))
    assert await rows(empty, "SELECT body->>'step', policy_version FROM task ORDER BY 1") == [
        ("apology", 1),
        ("call", 1),
    ]


async def test_what_is_kept_for_corrections_is_forgotten_with_the_decisions(empty: Served, clock: ManualClock) -> None:
    task_id = await called(empty, clock)
    await empty.deliver(completed(clock, task_id, rating=5))
    assert await rows(empty, "SELECT count(*) FROM led_step") == [(1,)]
    clock.advance(timedelta(days=4000))
    await empty.run_job("forget_decisions")
    assert await rows(empty, "SELECT count(*) FROM led_step") == [(0,)]


# --- policies that are triggered by what a contact came to

ALL_DAY = {"days": "all", "frames": ["00:00-23:59"]}
TRIGGERED = "SELECT event_id, state, reason FROM task WHERE event_id <> 'e1' ORDER BY event_id"


def dissatisfied(clock: ManualClock, task_id: str) -> Event:
    return later("visit.dissatisfied", clock, id="unhappy", task_id=task_id, rating=1, case_id=None)


async def rung(served: Served, clock: ManualClock, event: str = "visit.dissatisfied", **policy: Any) -> str:
    """A contact is out, after which a policy plans another once this event tells how it went; gives the task of the first."""
    also = {"id": "sorry", "window": ALL_DAY, "events": [event], "delay": {"days": 2}, **policy}
    await apply(served, contents({"id": "call", "window": ALL_DAY}, also))
    await served.deliver(sent("repair.closed"))
    await served.run_job("release")
    clock.advance(timedelta(hours=1))
    return str((await rows(served, "SELECT id FROM task WHERE state = 'released'"))[0][0])


async def test_what_dissatisfaction_had_planned_is_taken_back_when_there_was_none(
    empty: Served, clock: ManualClock
) -> None:
    task_id = await rung(empty, clock)
    await empty.deliver(completed(clock, task_id, rating=1), dissatisfied(clock, task_id))
    assert await rows(empty, TRIGGERED) == [("unhappy", "planned", "")]
    clock.advance(timedelta(hours=3))
    right = corrected(clock, task_id, rating=5)
    await empty.deliver(right)
    await empty.deliver(right)
    assert await rows(empty, TRIGGERED) == [("unhappy", "cancelled", "fact_withdrawn")]
    (gone,) = await empty.published("followup.cancelled")
    assert (gone.data["reason"], gone.cause) == ("fact_withdrawn", right.id)
    async with empty.client("auditor") as auditor:
        told = (await auditor.get("/api/v1/explain", params={"event_id": "unhappy"})).text
    assert "事实已撤回：前一次回访的结果已更正，取消 1 个任务" in told
    assert await empty.dead_letters() == []


async def test_a_contact_that_is_out_because_of_dissatisfaction_is_taken_back_too(
    empty: Served, clock: ManualClock
) -> None:
    task_id = await rung(empty, clock, delay={"minutes": 1})
    await empty.deliver(completed(clock, task_id, rating=1), dissatisfied(clock, task_id))
    clock.advance(timedelta(hours=1))
    assert await empty.run_job("release") == 1
    await empty.deliver(corrected(clock, task_id, rating=5))
    assert await rows(empty, TRIGGERED) == [("unhappy", "cancelled", "fact_withdrawn")]


async def test_a_run_that_dissatisfaction_began_ends_before_its_first_contact(
    empty: Served, clock: ManualClock
) -> None:
    wait = {"id": "later", "wait": {"events": ["order.completed"], "within": {"days": 9}}}
    task_id = await rung(empty, clock, steps=[wait])
    await empty.deliver(completed(clock, task_id, rating=1), dissatisfied(clock, task_id))
    assert await rows(empty, "SELECT count(*) FROM waiting_step") == [(1,)]
    await empty.deliver(corrected(clock, task_id, rating=5))
    assert await rows(empty, "SELECT count(*) FROM waiting_step") == [(0,)]


async def test_dissatisfaction_that_was_taken_back_and_is_told_again_is_planned_for_again(
    empty: Served, clock: ManualClock
) -> None:
    task_id = await rung(empty, clock)
    await empty.deliver(completed(clock, task_id, rating=1), dissatisfied(clock, task_id))
    clock.advance(timedelta(hours=1))
    await empty.deliver(corrected(clock, task_id, rating=5))
    clock.advance(timedelta(hours=1))
    about = {"task_id": task_id, "rating": 1, "correction": 2}
    after_all = later("visit.corrected", clock, id="after all", problems=[], dissatisfied=True, **about)
    await empty.deliver(after_all, later("visit.dissatisfied", clock, id="unhappy again", case_id=None, **about))
    assert await rows(empty, TRIGGERED) == [
        ("unhappy", "cancelled", "fact_withdrawn"),
        ("unhappy again", "planned", ""),
    ]
    assert await empty.dead_letters() == []


async def test_what_dissatisfaction_had_planned_stays_while_there_is_some(empty: Served, clock: ManualClock) -> None:
    task_id = await rung(empty, clock)
    await empty.deliver(completed(clock, task_id, rating=1), dissatisfied(clock, task_id))
    still = later("visit.corrected", clock, id="still", task_id=task_id, rating=2, problems=[], dissatisfied=True)
    await empty.deliver(still)
    await empty.deliver(corrected(clock, "00000000-0000-8000-8000-000000000001", rating=5, id="of another"))
    assert await rows(empty, TRIGGERED) == [("unhappy", "planned", "")]


async def test_all_of_it_at_once_comes_to_the_same(empty: Served, clock: ManualClock) -> None:
    task_id = await rung(empty, clock)
    first = (completed(clock, task_id, rating=1), dissatisfied(clock, task_id))
    await empty.deliver(*first, corrected(clock, task_id, rating=5))
    assert await rows(empty, TRIGGERED) == [("unhappy", "cancelled", "fact_withdrawn")]


async def test_a_record_that_is_corrected_to_dissatisfied_triggers(empty: Served, clock: ManualClock) -> None:
    task_id = await rung(empty, clock)
    await empty.deliver(completed(clock, task_id, rating=5))
    wrong = later("visit.corrected", clock, id="wrong", task_id=task_id, rating=1, problems=[], dissatisfied=True)
    await empty.deliver(wrong, dissatisfied(clock, task_id))
    assert await rows(empty, TRIGGERED) == [("unhappy", "planned", "")]


async def test_what_a_failure_had_planned_is_taken_back_when_the_contact_is_opened_again(
    empty: Served, clock: ManualClock
) -> None:
    task_id = await rung(empty, clock, "visit.failed")
    wrong = failed(clock, task_id)
    await empty.deliver(wrong)
    assert await rows(empty, TRIGGERED) == [("failed", "planned", "")]
    await empty.deliver(reopened(clock, wrong))
    assert await rows(empty, TRIGGERED) == [("failed", "cancelled", "fact_withdrawn")]


DRAWN = {"rate": {"number": 1, "of": "day", "reserve": 1}, "merge": False, "delay": {"days": 3}}


async def unhappy_twice(served: Served, clock: ManualClock) -> dict[str, str]:
    """Two customers were dissatisfied, and a policy draws one of them when the day is over; their contacts' tasks."""
    also = {"id": "sorry", "window": ALL_DAY, "events": ["visit.dissatisfied"], **DRAWN}
    await apply(served, contents({"id": "call", "window": ALL_DAY}, also))
    await served.deliver(sent("repair.closed"), sent("repair.closed", "C2", id="e2"))
    await served.run_job("release")
    clock.advance(timedelta(hours=1))
    called = await rows(served, "SELECT customer_id, id::text FROM task WHERE state = 'released'")
    for customer, task_id in called:
        told = replace(dissatisfied(clock, task_id), id=f"unhappy-{customer}", key=customer)
        await served.deliver(of_customer(told, customer))
    assert await rows(served, "SELECT count(*) FROM population") == [(2,)]
    return dict(called)


def of_customer(told: Event, customer: str) -> Event:
    return replace(told, key=customer, data={**told.data, "customer": {**told.data["customer"], "id": customer}})


async def test_who_was_not_dissatisfied_is_not_drawn_of_those_who_were(empty: Served, clock: ManualClock) -> None:
    tasks = await unhappy_twice(empty, clock)
    clock.advance(timedelta(hours=1))
    for customer in ("C1", "C2"):
        still = customer == "C2"
        says = {"rating": 2 if still else 5, "problems": [], "dissatisfied": still}
        right = later("visit.corrected", clock, id=f"right-{customer}", task_id=tasks[customer], **says)
        await empty.deliver(of_customer(right, customer), of_customer(right, customer))
    assert await rows(empty, "SELECT customer_id FROM population") == [("C2",)]
    (drawn,) = await draw_all(empty, clock)
    assert drawn.data["fact"]["id"] == "unhappy-C2"
    assert await rows(empty, TRIGGERED.replace("<> 'e1'", "LIKE 'unhappy%'")) == [("unhappy-C2", "planned", "")]
    assert await empty.dead_letters() == []


@pytest.mark.parametrize("told", ["to the winner", "to nobody"])
async def test_who_was_drawn_before_it_was_known_is_replaced_and_whom_it_is_known_of_is_not_called(
    empty: Served, clock: ManualClock, told: str
) -> None:
    """The correction comes once the draw is made: before the winner's occasion is heard, or about the one in reserve."""
    tasks = await unhappy_twice(empty, clock)
    clock.move_to(NIGHT)
    await empty.run_job("draw")
    (occasion,) = await empty.published("occasion.arrived")
    winner = occasion.data["fact"]["id"].removeprefix("unhappy-")
    wrong = winner if told == "to the winner" else ({"C1", "C2"} - {winner}).pop()
    says = {"rating": 5, "problems": [], "dissatisfied": False}
    await empty.deliver(of_customer(later("visit.corrected", clock, id="right", task_id=tasks[wrong], **says), wrong))
    await deliver_occasions(empty)
    left = ({"C1", "C2"} - {wrong}).pop()
    assert await rows(empty, TRIGGERED.replace("<> 'e1'", "LIKE 'unhappy%'")) == [(f"unhappy-{left}", "planned", "")]
    if left == winner:  # who is lost then has nobody left in reserve
        opted = {"customer_id": left, "channel": "phone", "purpose": "all"}
        await empty.deliver(event("notification.opted_out", example("notification.opted_out", **opted), key=left))
        clock.advance(timedelta(days=5))
        await empty.run_job("release")
        await deliver_occasions(empty)
        states = await rows(empty, TRIGGERED.replace("<> 'e1'", "LIKE 'unhappy%'"))
        assert [(event_id, state) for event_id, state, _ in states] == [(f"unhappy-{left}", "cancelled")]


async def test_a_simulation_takes_back_what_the_service_does(empty: Served, clock: ManualClock) -> None:
    task_id = await rung(empty, clock)
    events = [completed(clock, task_id, rating=1), dissatisfied(clock, task_id)]
    await empty.deliver(*events)
    clock.advance(timedelta(hours=3))
    events.append(corrected(clock, task_id, rating=5))
    await empty.deliver(events[-1])
    also = {"id": "sorry", "window": ALL_DAY, "events": ["visit.dissatisfied"], "delay": {"days": 2}}
    simulation = Simulation(PolicyBook(policies({"id": "call", "window": ALL_DAY}, also)))
    for each in (sent("repair.closed"), *events):
        simulation.happen(simulated_fact(each.id, each.source, each.type, each.time, each.data, each.lineage))
    planned = [(task.id, task.state, task.reason) for task in simulation.tasks.values()]
    assert sorted(planned) == await rows(empty, "SELECT id, state, reason FROM task ORDER BY id")
    made = [(key, decision.outcome) for key, decision in simulation.decisions.items()]
    assert sorted(made) == await rows(empty, "SELECT event_key, outcome FROM decision ORDER BY event_key")
