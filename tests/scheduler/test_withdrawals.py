"""A fact that is withdrawn: what it planned is called off, whichever of the two is heard first."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.scheduler.domain.decide import Decision
from services.scheduler.domain.facts import new_fact
from services.scheduler.domain.later.withdrawal import FACT_WITHDRAWN
from services.scheduler.domain.steps.runs import Cause
from services.scheduler.domain.task import moved
from services.scheduler.procedures.withdrawals import note
from services.scheduler.store import customers, withdrawn
from services.scheduler.store import decisions as decision_store
from services.scheduler.store import tasks as task_store
from shared.clock import ManualClock
from shared.messaging import Event
from shared.testing import Served, event
from shared.testing.events import NOON, example
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_draws import NIGHT, TWENTY, crowd, deliver_occasions, draw_all
from tests.scheduler.test_handlers import outcomes, rows, sent

LATER = {"delay": {"days": 1}, "deadline": {"working_days": 5}}


def taken_back(of: Event, at: timedelta = timedelta(minutes=5), reason: str = "cancelled") -> Event:
    data = {"event_id": of.id, "event_source": of.source, "event_type": of.name, "number": "WX-1", "customer_id": of.key,
            "reason": reason, "withdrawn_at": NOON + at}  # fmt: skip
    return event("fact.withdrawn", data, key=of.key, id=f"{of.id}/withdrawn", source=of.source, time=NOON + at)


async def states(served: Served) -> list[tuple[str, str, int]]:
    query = "SELECT state, reason, jsonb_array_length(body -> 'matters') FROM task ORDER BY planned_at, id"
    return [tuple(row) for row in await rows(served, query)]


async def test_a_planned_task_is_called_off_and_a_record_says_why(empty: Served) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    await empty.deliver(taken_back(one))
    assert await states(empty) == [("cancelled", FACT_WITHDRAWN, 1)]
    (cancelled,) = await empty.published("followup.cancelled")
    assert (cancelled.data["reason"], cancelled.data["lawful"], cancelled.cause) == (
        FACT_WITHDRAWN,
        True,
        "e1/withdrawn",
    )
    query = "SELECT event_id, event_type, outcome, details FROM decision WHERE event_type = 'fact.withdrawn'"
    ((event_id, _, outcome, details),) = await rows(empty, query)
    assert (event_id, outcome, details[0]["reason"], len(details[0]["cancelled"])) == (
        "e1",
        "withdrawn",
        "cancelled",
        1,
    )
    assert await rows(empty, "SELECT * FROM due") == []
    assert await rows(empty, "SELECT state FROM contact_ledger WHERE state <> 'released'") == []


async def test_heard_in_one_batch_with_its_fact_nothing_is_planned(empty: Served) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one, taken_back(one))
    assert await states(empty) == []
    assert sorted(await rows(empty, "SELECT event_type, outcome FROM decision")) == [
        ("fact.withdrawn", "withdrawn"), ("repair.closed", "withdrawn"),
    ]  # fmt: skip


async def test_heard_first_it_comes_to_the_same(empty: Served) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(taken_back(one))
    await empty.deliver(one, sent("repair.closed", id="e2", at=timedelta(minutes=1)))
    assert [state for state, _, _ in await states(empty)] == ["planned"]
    assert await rows(empty, "SELECT event_id, outcome FROM decision WHERE event_type <> 'fact.withdrawn' ORDER BY 1") == [
        ("e1", "withdrawn"), ("e2", "planned"),
    ]  # fmt: skip


async def test_the_same_id_of_another_source_stands(empty: Served) -> None:
    await apply(empty, contents({**LATER, "merge": False}))
    one = sent("repair.closed", id="e1")
    other = event("repair.closed", one.data, key="C1", id="e1", source="/elsewhere", time=NOON)
    await empty.deliver(one, other)
    await empty.deliver(taken_back(other))
    found = await rows(empty, "SELECT body ->> 'event_source', state FROM task ORDER BY 1")
    assert dict(found) == {one.source: "planned", "/elsewhere": "cancelled"}


async def test_a_merged_task_keeps_the_other_matter(empty: Served) -> None:
    await apply(empty, contents({**LATER}))
    one, two = sent("repair.closed", id="e1"), sent("repair.closed", id="e2", at=timedelta(minutes=1))
    await empty.deliver(one, two)
    assert await states(empty) == [("planned", "", 2)]
    await empty.deliver(taken_back(one))
    assert await states(empty) == [("planned", "", 1)]
    await empty.deliver(taken_back(two, timedelta(minutes=6)))
    assert await states(empty) == [("cancelled", FACT_WITHDRAWN, 1)]


async def test_a_released_task_is_called_off_too(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    clock.advance(timedelta(days=2))
    await empty.run_job("release")
    assert [state for state, _, _ in await states(empty)] == ["released"]
    await empty.deliver(taken_back(one, timedelta(days=2)))
    assert await states(empty) == [("cancelled", FACT_WITHDRAWN, 1)]
    assert len(await empty.published("followup.cancelled")) == 1


async def test_a_waiting_run_ends(empty: Served) -> None:
    again = {"field": "result", "op": "eq", "value": "unreachable"}
    steps = [{"id": "first", **LATER}, {"id": "again", "if": again, **LATER}]
    policy: dict[str, Any] = {"id": "p1", "steps": steps}
    result = await apply(empty, contents(policy))
    assert result == {"p1": "created"}
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    assert len(await rows(empty, "SELECT 1 FROM waiting_step")) == 1
    await empty.deliver(taken_back(one))
    assert await rows(empty, "SELECT 1 FROM waiting_step") == []
    assert [state for state, _, _ in await states(empty)] == ["cancelled"]


async def test_a_withdrawn_fact_leaves_an_open_population(empty: Served) -> None:
    await apply(empty, contents({**LATER, "rate": {"exact": 50, "of": "day"}}))
    one, two = sent("repair.closed", id="e1"), sent("repair.closed", "C2", id="e2")
    await empty.deliver(one, two)
    assert (await outcomes(empty)) == {"e1": "enrolled", "e2": "enrolled"}
    await empty.deliver(taken_back(one))
    assert await rows(empty, "SELECT customer_id FROM population") == [("C2",)]


async def test_an_explanation_tells_of_it(empty: Served) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    await empty.deliver(taken_back(one, reason="reopened"))
    async with empty.client("auditor") as client:
        told = await client.get("/api/v1/explain", params={"event_id": "e1"})
    assert told.status_code == 200, told.text
    assert "事实已撤回：单据已重新打开，取消 1 个任务" in told.text


async def test_a_withdrawn_winner_is_replaced_by_the_next_in_reserve(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    facts = {one.id: one for one in crowd(5)}
    await empty.deliver(*facts.values())
    (drawn,) = await draw_all(empty, clock)
    await empty.deliver(taken_back(facts[drawn.data["fact"]["id"]], timedelta(days=1)))
    called = await deliver_occasions(empty)
    assert [one.data["reason"] for one in called] == ["drawn", "reserve"]
    assert called[0].key != called[1].key
    assert await rows(empty, "SELECT state, reason FROM task ORDER BY planned_at, state") == [
        ("cancelled", FACT_WITHDRAWN),
        ("planned", ""),
    ]


async def test_the_occasion_of_a_withdrawn_fact_plans_nothing_and_calls_the_reserve(
    empty: Served, clock: ManualClock
) -> None:
    await apply(empty, contents(TWENTY))
    facts = {one.id: one for one in crowd(5)}
    await empty.deliver(*facts.values())
    clock.move_to(NIGHT)
    await empty.run_job("draw")
    (drawn,) = await empty.published("occasion.arrived")  # told, and not heard yet
    await empty.deliver(taken_back(facts[drawn.data["fact"]["id"]], timedelta(hours=1)))
    assert [one.data["reason"] for one in await deliver_occasions(empty)] == ["drawn", "reserve"]
    query = "SELECT outcome FROM decision WHERE event_type = 'occasion.arrived' AND customer_id = :id"
    assert await rows(empty, query, id=drawn.key) == [("withdrawn",)]
    assert await rows(empty, "SELECT count(*) FROM task WHERE customer_id = :id", id=drawn.key) == [(0,)]


async def test_a_due_task_of_a_withdrawn_fact_is_called_off_at_release(empty: Served, clock: ManualClock) -> None:
    """The withdrawal is on record, but its tasks have not been reached yet."""
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    async with empty.runtime.db.work() as work:
        await note(work, [taken_back(one)])
    clock.advance(timedelta(days=2))
    await empty.run_job("release")
    assert [(state, reason) for state, reason, _ in await states(empty)] == [("cancelled", FACT_WITHDRAWN)]


async def release(served: Served, clock: ManualClock) -> str:
    """Let what is planned for tomorrow go out; gives the id of the one task."""
    clock.advance(timedelta(days=1))
    await served.run_job("release")
    ((task_id, state),) = await rows(served, "SELECT id::text, state FROM task")
    assert state == "released"
    return str(task_id)


async def test_a_message_that_was_delivered_is_not_undone(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({**LATER, "channel": "sms", "purpose": "notice"}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    told = example("notification.delivered", cause_id=await release(empty, clock), customer_id="C1", channel="sms")
    await empty.deliver(event("notification.delivered", told, key="C1", time=clock.now()))
    assert await states(empty) == [("done", "", 1)]
    await empty.deliver(taken_back(one, timedelta(days=2)))
    assert await states(empty) == [("done", "", 1)]
    assert await rows(empty, "SELECT state FROM contact_ledger") == [("committed",)]
    assert await empty.published("followup.cancelled") == []


async def test_an_agreed_callback_stays_and_the_agent_is_told(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    agreed = example("visit.callback_agreed", task_id=await release(empty, clock))
    await empty.deliver(event("visit.callback_agreed", agreed, key="C1", time=clock.now()))
    await empty.deliver(taken_back(one, timedelta(days=2)))
    assert await states(empty) == [("released", "", 1)]
    assert await rows(empty, "SELECT state FROM contact_ledger") == [("committed",)]
    (changed,) = await empty.published("followup.changed")
    assert (changed.data["reason"], changed.data["changes"]) == (FACT_WITHDRAWN, [])
    async with empty.client("auditor") as client:
        told = await client.get("/api/v1/explain", params={"event_id": "e1"})
    assert "1 个已与客户约好回呼的任务保留" in told.text


async def test_a_notice_that_tells_of_a_call_is_not_the_call(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({**LATER}))
    one = sent("repair.closed", id="e1")
    await empty.deliver(one)
    told = example("notification.delivered", cause_id=await release(empty, clock), customer_id="C1", channel="sms")
    await empty.deliver(event("notification.delivered", told, key="C1", time=clock.now()))
    assert await rows(empty, "SELECT state FROM contact_ledger") == [("reserved",)]
    await empty.deliver(taken_back(one, timedelta(days=2)))
    assert await states(empty) == [("cancelled", FACT_WITHDRAWN, 1)]


async def test_a_contact_that_took_place_stays_in_the_ledger(empty: Served) -> None:
    await apply(empty, contents({**LATER}))
    await empty.deliver(sent("repair.closed", id="e1"))
    async with empty.runtime.db.work() as work:
        await work.session.execute(text("UPDATE contact_ledger SET state = 'committed', day = '2026-02-20'"))
        ((task_id,),) = await work.session.execute(text("SELECT id FROM task"))
        (task,) = await task_store.find_tasks(work.session, [task_id])
        await task_store.save_tasks(work.session, [moved(task, "cancelled", FACT_WITHDRAWN)], work.now())
    assert await rows(empty, "SELECT state, day::text FROM contact_ledger") == [("committed", "2026-02-20")]


async def test_a_withdrawn_event_stops_no_run(empty: Served) -> None:
    """No policy is triggered by it, but runs listen for it."""
    steps = [{"id": "first", **LATER}]
    await apply(empty, contents({"id": "p1", "steps": steps, "stop": {"events": ["alarm.handled"]}}))
    await empty.deliver(sent("repair.closed", id="e1"))
    stopping = sent("alarm.handled", id="a1", at=timedelta(minutes=5))
    await empty.deliver(taken_back(stopping, timedelta(minutes=6)))
    await empty.deliver(stopping)
    assert [state for state, _, _ in await states(empty)] == ["planned"]


async def test_a_withdrawn_event_without_a_customer_is_no_signal(empty: Served) -> None:
    wait = {"events": ["weather.rained"], "same": "area", "within": {"days": 12}}
    await apply(empty, contents({"id": "p1", "steps": [{"id": "rain", "wait": wait}]}))
    rain = event("weather.rained", key="510108", id="r1", time=NOON)
    await empty.deliver(taken_back(rain))
    await empty.deliver(rain)
    assert await rows(empty, "SELECT name FROM signal") == []


async def test_a_drawn_matter_that_leaves_a_merged_contact_is_replaced(empty: Served, clock: ManualClock) -> None:
    other = {
        "id": "p2",
        "events": ["inspection.done"],
        "delay": {"days": 1},
        "deadline": {"working_days": 3},
        "priority": 1,
    }
    await apply(empty, contents(TWENTY, other))
    facts = {one.id: one for one in crowd(5)}
    await empty.deliver(*facts.values(), *(sent("inspection.done", one.key, id=f"i{one.id}") for one in facts.values()))
    (drawn,) = await draw_all(empty, clock)
    query = "SELECT jsonb_array_length(body -> 'matters') FROM task WHERE customer_id = :id AND state = 'planned'"
    assert await rows(empty, query, id=drawn.key) == [(2,)]
    await empty.deliver(taken_back(facts[drawn.data["fact"]["id"]], timedelta(days=1)))
    assert await rows(empty, query, id=drawn.key) == [(1,)]
    assert [one.data["reason"] for one in await deliver_occasions(empty)] == ["drawn", "reserve"]


async def test_the_record_of_the_fact_itself_is_the_one_that_is_found(empty: Served) -> None:
    """What moved its run in the same transaction left a record under its name, too."""
    fact = new_fact("e1", "/erp", UUID(int=1), "t", "repair.closed", NOON, {"customer": {"id": "C1"}})
    own = Decision(fact, "planned")
    turn = Decision(
        fact, "stopped", (), (), Cause(UUID(int=2), NOON + timedelta(minutes=1), "alarm.handled", "awaited")
    )
    await empty.runtime.db.partitions.ensure("decision", {NOON.date()})
    async with empty.runtime.db.work() as work:
        await decision_store.save_decisions(work.session, [turn, own], NOON)
        found = await withdrawn.find_decided(work.session, [fact.identity])
    assert found[fact.identity].key == UUID(int=1)


async def test_customers_of_facts_and_withdrawals_are_locked_at_once(
    empty: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two batches that each decide about the other's withdrawn customer would wait for each other for ever."""
    await apply(empty, contents({**LATER}))
    one, two = sent("repair.closed", "C1", id="e1"), sent("repair.closed", "C2", id="e2")
    await empty.deliver(one, two)
    locked: list[set[str]] = []
    lock = customers.lock_customers

    async def watched(session: Any, ids: Iterable[str], skip: bool = False) -> Any:
        locked.append(set(ids))
        return await lock(session, locked[-1], skip)

    monkeypatch.setattr(customers, "lock_customers", watched)
    await empty.deliver(sent("repair.closed", "C2", id="e3", at=timedelta(hours=1)), taken_back(one))
    assert locked[0] == {"C1", "C2"}
    assert all(later <= locked[0] for later in locked)


async def test_of_a_released_task_about_two_facts_the_agent_is_told_what_is_left(
    empty: Served, clock: ManualClock
) -> None:
    await apply(empty, contents({**LATER}))
    one, two = sent("repair.closed", id="e1"), sent("repair.closed", id="e2", at=timedelta(minutes=1))
    await empty.deliver(one, two)
    await release(empty, clock)
    await empty.deliver(taken_back(one, timedelta(days=2)))
    (changed,) = await empty.published("followup.changed")
    assert (changed.data["reason"], changed.data["changes"]) == (FACT_WITHDRAWN, ["matters"])
    assert [matter["event_id"] for matter in changed.data["matters"]] == ["e2"]
    assert len(await empty.published("followup.released")) == 1
