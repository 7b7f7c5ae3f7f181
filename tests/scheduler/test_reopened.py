"""A visit that had failed is opened again: the task, the caps and refusals follow; what went out because of it stays."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from shared.clock import ManualClock
from shared.messaging import Event
from shared.testing import Served
from tests.scheduler.builders import at, contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_draws import TWENTY, crowd, deliver_occasions, draw_all
from tests.scheduler.test_handlers import rows, sent
from tests.scheduler.test_recall import later, released

TASK, LEDGER = "SELECT state, reason FROM task", "SELECT state FROM contact_ledger"
REFUSALS = "SELECT opted_out FROM customer WHERE id = 'C1'"


def failed(clock: ManualClock, task_id: str, reason: str = "unreachable", **data: Any) -> Event:
    return later("visit.failed", clock, id=f"failed-{reason}", task_id=task_id, reason=reason,
                 failed_at=clock.now().isoformat(), **data)  # fmt: skip


def reopened(clock: ManualClock, of: Event) -> Event:
    same = {name: of.data[name] for name in ("task_id", "reason", "failed_at", "channel")}
    return later("visit.reopened", clock, id="reopened", **same)


def completed(clock: ManualClock, task_id: str) -> Event:
    return later("visit.completed", clock, id="completed", task_id=task_id)


async def test_its_task_is_out_again_and_ends_as_the_visit_does(empty: Served, clock: ManualClock) -> None:
    task_id = await released(empty, clock)
    lost = failed(clock, task_id)
    await empty.deliver(lost)
    assert (await rows(empty, TASK), await rows(empty, LEDGER)) == ([("failed", "unreachable")], [("released",)])
    await empty.deliver(reopened(clock, lost))
    assert (await rows(empty, TASK), await rows(empty, LEDGER)) == ([("released", "")], [("reserved",)])
    await empty.deliver(completed(clock, task_id))
    assert (await rows(empty, TASK), await rows(empty, LEDGER)) == ([("done", "")], [("committed",)])
    async with empty.client("auditor") as auditor:
        told = (await auditor.get("/api/v1/explain", params={"event_id": "e1"})).text
    assert "原先的结果有误（联系不上），回访重新打开" in told


async def test_however_it_is_batched_the_same_comes_of_it(empty: Served, clock: ManualClock) -> None:
    task_id = await released(empty, clock)
    lost = failed(clock, task_id, "refused", channel="phone")
    await empty.deliver(lost, reopened(clock, lost), completed(clock, task_id))
    assert (await rows(empty, TASK), await rows(empty, LEDGER)) == ([("done", "")], [("committed",)])
    assert await rows(empty, REFUSALS) == [({},)]


async def test_who_had_not_refused_may_be_contacted_again(empty: Served, clock: ManualClock) -> None:
    task_id = await released(empty, clock)
    lost = failed(clock, task_id, "refused", channel="phone")
    await empty.deliver(lost)
    assert list((await rows(empty, REFUSALS))[0][0]) == ["phone:refused"]
    await empty.deliver(reopened(clock, lost), completed(clock, task_id))
    assert await rows(empty, REFUSALS) == [({},)]
    await empty.deliver(sent("repair.closed", id="later", at=timedelta(days=2)))
    clock.advance(timedelta(days=3))
    assert await empty.run_job("release") == 1


async def test_an_earlier_refusal_stays(empty: Served, clock: ManualClock) -> None:
    task_id = await released(empty, clock)
    other = failed(clock, "019cb2ba-0000-8000-8000-000000000000", "refused", channel="phone")
    clock.advance(timedelta(hours=1))
    lost = later("visit.failed", clock, task_id=task_id, reason="refused", channel="phone",
                 failed_at=clock.now().isoformat())  # fmt: skip
    await empty.deliver(lost, other)
    await empty.deliver(reopened(clock, lost))
    assert list((await rows(empty, REFUSALS))[0][0]) == ["phone:refused"]
    assert await rows(empty, TASK) == [("cancelled", "customer_refused")]  # asked again: may they be contacted?


async def test_what_forbids_the_contact_by_now_takes_the_task_back(empty: Served, clock: ManualClock) -> None:
    task_id = await released(empty, clock)
    lost = failed(clock, task_id)
    await empty.deliver(lost)
    await empty.deliver(later("customer.updated", clock, card={"do_not_contact": True}))
    await empty.deliver(reopened(clock, lost))
    assert await rows(empty, TASK) == [("cancelled", "do_not_contact")]
    assert [event.data["reason"] for event in await empty.published("followup.cancelled")] == ["do_not_contact"]


async def test_a_reserve_that_was_called_stays_and_the_life_says_so(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(10))
    await draw_all(empty, clock)
    clock.move_to(at("2026-03-03 10:00"))
    await empty.run_job("release")
    task_id, customer, *_ = (await rows(empty, "SELECT id::text, customer_id FROM task ORDER BY id LIMIT 1"))[0]
    lost = failed(clock, task_id, card={"id": customer})
    lost = replace(lost, key=customer)
    await empty.deliver(lost)
    called = await deliver_occasions(empty)
    assert [one.data["reason"] for one in called][-1] == "reserve"
    again = replace(reopened(clock, lost), key=customer)
    again.data["customer"]["id"] = customer
    await empty.deliver(again)
    life = (await rows(empty, "SELECT life FROM task WHERE id = CAST(:id AS uuid)", id=task_id))[0][0]
    assert life[-1]["note"] == "已递补的备选照常回访，不收回"
    assert len(await deliver_occasions(empty)) == len(called)


async def test_a_task_that_had_not_failed_stays_as_it_is(empty: Served, clock: ManualClock) -> None:
    task_id = await released(empty, clock)
    await empty.deliver(completed(clock, task_id))
    await empty.deliver(reopened(clock, failed(clock, task_id)))
    assert await rows(empty, TASK) == [("done", "")]
    assert await empty.dead_letters() == []
    assert UUID(task_id)
