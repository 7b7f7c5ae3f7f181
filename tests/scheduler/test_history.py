"""What is remembered of customers, in rows: the service counts what the simulation counts."""

import asyncio
from datetime import timedelta
from typing import Any

from services.scheduler.app import create_app
from services.scheduler.domain.kept.memory import MOST
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.ids import new_id
from shared.testing import Served, serve
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_handlers import outcomes, rows, sent

TWICE = {"history": {"events": ["complaint.opened"], "same": "kind", "in_a_row": True}, "op": "ge", "value": 2}
NOT_THIS_YEAR = {"history": {"contacts": True, "within": {"days": 365}}, "op": "eq", "value": 0}


def complaint(number: int, kind: str, customer: str = "C1") -> Any:
    return sent("complaint.opened", customer, f"c{number}", timedelta(days=number), kind=kind, case_id=f"K{number}")


async def test_earlier_events_count_over_batches_and_restarts(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({"events": ["complaint.opened"], "condition": TWICE}))
    await empty.deliver(complaint(1, "noise"), complaint(2, "leak"))
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock) as later:
        await later.deliver(complaint(3, "noise"))
        await later.deliver(complaint(4, "noise"), complaint(5, "leak"))
    assert await outcomes(empty) == {
        "c1": "no_policy_matches",
        "c2": "no_policy_matches",
        "c3": "no_policy_matches",
        "c4": "planned",
        "c5": "no_policy_matches",
    }


async def test_two_replicas_that_meet_a_new_customer_at_once_forget_nothing(empty: Served, clock: ManualClock) -> None:
    history = {"history": {"events": ["complaint.opened", "repair.closed"]}, "op": "ge", "value": 9}
    await apply(empty, contents({"events": ["complaint.opened"], "condition": history}))
    async with serve(create_app, SchedulerSettings, empty.runtime.db.dsn, clock=clock) as replica:
        await asyncio.gather(empty.deliver(complaint(1, "noise")), replica.deliver(sent("repair.closed", id="r1")))
    assert await rows(empty, "SELECT jsonb_array_length(memory) FROM customer") == [(2,)]


async def test_only_the_newest_are_kept(empty: Served) -> None:
    await apply(empty, contents({"events": ["complaint.opened"], "condition": TWICE}))
    for first in range(0, MOST + 30, 40):
        await empty.deliver(*(complaint(n, f"kind {n}") for n in range(first, first + 40)))
    kept = await rows(empty, "SELECT jsonb_array_length(memory), memory->0->4->>'kind' FROM customer")
    assert kept == [(MOST, "kind 30")]


async def test_contacts_planned_earlier_in_the_batch_count(empty: Served) -> None:
    await apply(empty, contents({"condition": NOT_THIS_YEAR, "merge": False}))
    await empty.deliver(sent("repair.closed", id="e1"), sent("repair.closed", id="e2"))
    await empty.deliver(sent("repair.closed", id="e3"), sent("repair.closed", "C2", id="e4"))
    assert list((await outcomes(empty)).values()) == ["planned", "no_policy_matches", "no_policy_matches", "planned"]


async def test_an_explanation_tells_the_count(empty: Served) -> None:
    await apply(empty, contents({"events": ["complaint.opened"], "condition": TWICE}))
    await empty.deliver(complaint(1, "noise"))
    async with empty.client("supervisor") as client:
        answer = await client.get("/api/v1/decisions", params={"event_id": "c1"})
    said = "".join(answer.json()["items"][0]["explanation"])
    assert "要求客户投诉已立案（kind 相同、连续）的次数不小于 2，实际为 1" in said


async def test_a_corrected_record_counts_as_what_it_says_now(empty: Served) -> None:
    history = {"events": ["visit.completed"], "result": "dissatisfied", "same": "kind"}
    twice = {"history": history, "op": "ge", "value": 2}
    await apply(empty, contents({"events": ["visit.completed"], "condition": twice}))
    first, second = str(new_id()), str(new_id())
    told = {"kind": "leak", "rating": 1}
    await empty.deliver(sent("visit.completed", id="v1", at=timedelta(days=1), task_id=first, **told))
    corrected = {**told, "rating": 5, "dissatisfied": False, "problems": []}
    await empty.deliver(sent("visit.corrected", id="right", at=timedelta(days=2), task_id=first, **corrected))
    await empty.deliver(sent("visit.completed", id="v2", at=timedelta(days=3), task_id=second, **told))
    assert (await outcomes(empty))["v2"] == "no_policy_matches"
    again = {**corrected, "rating": 2, "dissatisfied": True}
    await empty.deliver(sent("visit.corrected", id="wrong", at=timedelta(days=4), task_id=first, **again))
    await empty.deliver(sent("visit.completed", id="v3", at=timedelta(days=5), task_id=str(new_id()), **told))
    assert (await outcomes(empty))["v3"] == "planned"
    assert await empty.dead_letters() == []
