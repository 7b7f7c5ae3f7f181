"""A released task is answered for until its visit is over: what happens meanwhile takes it back or postpones it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.clock import ManualClock
from shared.ids import visit_id
from shared.messaging import Event
from shared.testing import Served, event
from shared.testing.events import NOON, example
from shared.testing.figures import figure
from tests.scheduler.builders import contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_draws import TWENTY, crowd, deliver_occasions, draw_all
from tests.scheduler.test_handlers import rows, sent

NEXT_DAY = {"delay": {"days": 1}, "deadline": {"working_days": 5}}
STATE = "SELECT state, reason FROM task ORDER BY policy_id"
PAUSE = [{"on": ["visit.dissatisfied"], "hours": 48}]


async def released(served: Served, clock: ManualClock, *policies: dict[str, Any], **head: Any) -> str:
    """A contact of C1 that is out; gives the task's id, of several policies that of the first."""
    await apply(served, contents(*(policies or (NEXT_DAY,)), **head))
    await served.deliver(sent("repair.closed"))
    clock.advance(timedelta(days=1))
    await served.run_job("release")
    found = await rows(served, "SELECT id::text, state FROM task ORDER BY policy_id")
    assert {state for _, state in found} == {"released"}
    return str(found[0][0])


def later(name: str, clock: ManualClock, id: str = "later", **data: Any) -> Event:  # noqa: A002
    """Something that happens now to C1."""
    card = {**example(name).get("customer", {}), "id": "C1", **data.pop("card", {})}
    return event(name, example(name, customer=card, **data), key="C1", id=id, time=clock.now())


def opted_out(clock: ManualClock, channel: str = "sms", purpose: str = "all") -> Event:
    at = clock.now().isoformat()
    told = example("notification.opted_out", customer_id="C1", channel=channel, purpose=purpose, opted_out_at=at)
    return event("notification.opted_out", told, key="C1", id="opt-out", time=clock.now())


def refused(clock: ManualClock, channel: str = "phone") -> Event:
    """What an agent was told in another contact."""
    other = "019cb2ba-0000-8000-8000-000000000000"
    return later("visit.failed", clock, task_id=other, reason="refused", channel=channel)


async def cancelled(served: Served) -> Event:
    (only,) = await served.published("followup.cancelled")
    return only


async def test_who_is_marked_not_to_be_contacted_is_not_called(empty: Served, clock: ManualClock) -> None:
    await released(empty, clock)
    await empty.deliver(later("customer.updated", clock, card={"do_not_contact": True}))
    assert await rows(empty, STATE) == [("cancelled", "do_not_contact")]
    told = await cancelled(empty)
    assert (told.data["reason"], told.data["lawful"], told.cause) == ("do_not_contact", True, "later")
    assert await rows(empty, "SELECT state FROM contact_ledger") == [("released",)]
    query = "SELECT event_id, event_type, outcome, details -> 0 ->> 'reason' FROM decision WHERE outcome = 'taken_back'"
    assert await rows(empty, query) == [("e1", "customer.updated", "taken_back", "do_not_contact")]


async def test_of_facts_heard_together_the_one_that_forbade_the_contact_is_told(
    empty: Served, clock: ManualClock
) -> None:
    await released(empty, clock)
    forbids = later("customer.updated", clock, card={"do_not_contact": True})
    await empty.deliver(forbids, later("order.completed", clock, id="after"))
    assert (await cancelled(empty)).cause == "later"


async def test_who_refused_in_another_contact_is_not_called(empty: Served, clock: ManualClock) -> None:
    await released(empty, clock)
    await empty.deliver(refused(clock, "sms"))
    assert await rows(empty, STATE) == [("released", "")]
    again = event("visit.failed", refused(clock).data, key="C1", id="by-phone", time=clock.now())
    await empty.deliver(again)
    assert await rows(empty, STATE) == [("cancelled", "customer_refused")]


async def test_who_opts_out_gets_no_message_that_is_still_to_be_sent(empty: Served, clock: ManualClock) -> None:
    await released(empty, clock, {**NEXT_DAY, "channel": "sms", "purpose": "notice"})
    await empty.deliver(opted_out(clock))
    assert await rows(empty, STATE) == [("cancelled", "opted_out")]


async def test_who_opts_out_of_calls_is_not_called_and_gets_messages(empty: Served, clock: ManualClock) -> None:
    await released(
        empty, clock, NEXT_DAY, {**NEXT_DAY, "id": "p2", "channel": "sms", "purpose": "notice", "merge": False}
    )
    await empty.deliver(opted_out(clock, "phone"))
    assert await rows(empty, STATE) == [("cancelled", "opted_out"), ("released", "")]


async def test_a_delivered_message_is_over(empty: Served, clock: ManualClock) -> None:
    task_id = await released(empty, clock, {**NEXT_DAY, "channel": "sms", "purpose": "notice"})
    told = example("notification.delivered", cause_id=task_id, customer_id="C1", channel="sms")
    await empty.deliver(event("notification.delivered", told, key="C1", time=clock.now()))
    await empty.deliver(opted_out(clock))
    assert await rows(empty, STATE) == [("done", "")]


async def test_a_new_complaint_takes_back_what_is_not_to_be_asked_meanwhile(empty: Served, clock: ManualClock) -> None:
    guarded = {**NEXT_DAY, "id": "p1", "guards": ["case_open"], "merge": False}
    await released(empty, clock, guarded, {**NEXT_DAY, "id": "p2", "merge": False})
    await empty.deliver(later("complaint.opened", clock, case_id="K1"))
    assert await rows(empty, STATE) == [("cancelled", "case_open"), ("released", "")]


async def test_a_visit_in_which_a_case_arose_took_place_though_its_result_is_heard_later(
    empty: Served, clock: ManualClock
) -> None:
    task_id = await released(empty, clock, {**NEXT_DAY, "guards": ["case_open"]})
    (out,) = await empty.published("followup.released")
    visit = str(visit_id(task_id, datetime.fromisoformat(out.data["due_at"])))
    await empty.deliver(later("complaint.opened", clock, case_id="K1", origin="visit", origin_id=visit))
    assert await rows(empty, STATE) == [("released", "")]
    other = later(
        "complaint.opened", clock, id="other", case_id="K2", origin="visit", origin_id=str(visit_id("T", NOON))
    )
    await empty.deliver(other)
    assert await rows(empty, STATE) == [("cancelled", "case_open")]


async def test_a_visit_goes_by_the_moment_it_was_first_released_for(empty: Served, clock: ManualClock) -> None:
    task_id = await released(empty, clock, {**NEXT_DAY, "guards": [{"case_open": "defer"}]})
    (out,) = await empty.published("followup.released")
    visit = str(visit_id(task_id, datetime.fromisoformat(out.data["due_at"])))
    await empty.deliver(later("complaint.opened", clock, case_id="K1"))
    await empty.deliver(later("complaint.closed", clock, id="closed", case_id="K1"))
    clock.advance(timedelta(days=1))
    await empty.run_job("release")
    assert await rows(empty, STATE) == [("released", "")]
    await empty.deliver(later("complaint.opened", clock, id="arose", case_id="K2", origin="visit", origin_id=visit))
    assert await rows(empty, STATE) == [("released", "")]


async def test_of_several_cases_at_once_none_takes_back_the_visit_another_arose_in(
    empty: Served, clock: ManualClock
) -> None:
    task_id = await released(empty, clock, {**NEXT_DAY, "guards": ["case_open"]})
    (out,) = await empty.published("followup.released")
    visit = str(visit_id(task_id, datetime.fromisoformat(out.data["due_at"])))
    arose = later("complaint.opened", clock, id="arose", case_id="K1", origin="visit", origin_id=visit)
    await empty.deliver(arose, later("complaint.opened", clock, id="other", case_id="K2"))
    assert await rows(empty, STATE) == [("released", "")]


async def test_a_second_follow_up_that_sent_its_case_back_took_place(served: Served, clock: ManualClock) -> None:
    await served.deliver(later("complaint.resolved", clock, id="resolved", case_id="K1"))
    clock.advance(timedelta(days=1))
    await served.run_job("release")
    (out,) = await served.published("followup.released")
    visit = str(visit_id(out.data["task_id"], datetime.fromisoformat(out.data["due_at"])))
    await served.deliver(later("complaint.reopened", clock, id="back", case_id="K1", visit_id=visit))
    assert await rows(served, STATE) == [("released", "")]
    assert await served.published("followup.cancelled") == []
    await served.deliver(later("visit.completed", clock, id="result", task_id=out.data["task_id"]))
    assert await rows(served, STATE) == [("done", "")]


async def test_a_new_complaint_postpones_what_can_wait_and_it_is_released_again(
    empty: Served, clock: ManualClock
) -> None:
    task_id = await released(empty, clock, {**NEXT_DAY, "guards": [{"case_open": "defer"}]})
    before = figure("huifang_scheduler_postponements_total", reason="case_open")
    await empty.deliver(later("complaint.opened", clock, case_id="K1"))
    assert figure("huifang_scheduler_postponements_total", reason="case_open") == before + 1
    assert await rows(empty, "SELECT state, reason, due_at::date::text FROM task") == [
        ("planned", "case_open", "2026-03-04")
    ]
    (told,) = await empty.published("followup.postponed")
    assert (told.data["task_id"], told.data["reason"]) == (task_id, "case_open")
    assert told.data["due_at"].startswith("2026-03-04")
    assert await rows(empty, "SELECT state, day::text FROM contact_ledger") == [("reserved", "2026-03-04")]
    assert len(await empty.published("followup.planned")) == 1
    closed = later("complaint.closed", clock, id="closed", case_id="K1", outcome="satisfied")
    await empty.deliver(closed)
    clock.advance(timedelta(days=1))
    await empty.run_job("release")
    assert await rows(empty, "SELECT state FROM task") == [("released",)]
    assert len(await empty.published("followup.released")) == 2


async def test_nobody_is_contacted_during_a_pause_and_the_explanation_says_so(
    empty: Served, clock: ManualClock
) -> None:
    await released(empty, clock, pauses=PAUSE)
    await empty.deliver(later("visit.dissatisfied", clock, task_id="019cb2ba-0000-8000-8000-000000000000"))
    (told,) = await empty.published("followup.postponed")
    assert (told.data["reason"], told.data["due_at"][:10]) == ("paused", "2026-03-05")
    async with empty.client("auditor") as client:
        text = (await client.get("/api/v1/explain", params={"event_id": "e1"})).text
    assert "已下达的任务推迟到" in text
    assert "客户在暂停联系期内" in text


async def test_a_callback_that_pauses_the_customer_leaves_its_own_visit_alone(
    empty: Served, clock: ManualClock
) -> None:
    task_id = await released(empty, clock, pauses=[{"on": ["visit.callback_agreed"], "hours": 72}])
    await empty.deliver(later("visit.callback_agreed", clock, task_id=task_id))
    assert await rows(empty, STATE) == [("released", "")]


async def test_a_second_follow_up_whose_case_is_sent_back_or_closed_is_taken_back(
    served: Served, clock: ManualClock
) -> None:
    for name, reason in (("complaint.reopened", "case_reopened"), ("complaint.closed", "case_closed")):
        case = f"K-{reason}"
        await served.deliver(later("complaint.resolved", clock, id=f"r-{case}", case_id=case))
        clock.advance(timedelta(days=1))
        await served.run_job("release")
        out = "SELECT state, reason FROM task WHERE case_id = :case"
        assert await rows(served, out, case=case) == [("released", "")]
        by_hand = {"outcome": "by_hand"} if name == "complaint.closed" else {}
        await served.deliver(later(name, clock, id=f"c-{case}", case_id=case, **by_hand))
        assert await rows(served, out, case=case) == [("cancelled", reason)]


async def test_a_stop_takes_back_what_its_run_has_released(empty: Served, clock: ManualClock) -> None:
    steps = [{"id": "first", **NEXT_DAY}]
    await released(empty, clock, {"id": "p1", "steps": steps, "stop": {"events": ["alarm.handled"]}})
    await empty.deliver(later("alarm.handled", clock))
    assert await rows(empty, STATE) == [("cancelled", "stopped")]
    assert (await cancelled(empty)).data["reason"] == "stopped"
    assert await rows(empty, "SELECT 1 FROM waiting_step") == []


async def test_a_run_goes_on_from_what_was_taken_back(empty: Served, clock: ManualClock) -> None:
    """Its next step counts from then, not from when the contact was due."""
    gone = {"field": "result", "op": "eq", "value": "cancelled"}
    steps = [{"id": "first", **NEXT_DAY, "guards": ["case_open"]}, {"id": "more", "if": gone, "delay": {"days": 1}}]
    await released(empty, clock, {"id": "p1", "steps": steps})
    clock.advance(timedelta(hours=5))
    await empty.deliver(later("complaint.opened", clock, case_id="K1"))
    await empty.run_job("lead_on")
    assert await rows(empty, "SELECT body ->> 'step', state, due_at::date::text FROM task ORDER BY 1") == [
        ("first", "cancelled", "2026-03-03"),
        ("more", "planned", "2026-03-04"),
    ]


async def test_whom_a_draw_has_lost_is_replaced(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents(TWENTY))
    await empty.deliver(*crowd(5))
    (drawn,) = await draw_all(empty, clock)
    clock.move_to(NOON + timedelta(days=1))
    await empty.run_job("release")
    card = {**example("customer.updated")["customer"], "id": drawn.key, "do_not_contact": True}
    await empty.deliver(
        event("customer.updated", example("customer.updated", customer=card), key=drawn.key, id="u", time=clock.now())
    )
    assert [one.data["reason"] for one in await deliver_occasions(empty)] == ["drawn", "reserve"]


@pytest.mark.parametrize(("name", "state"), [("visit.completed", "done"), ("visit.failed", "failed")])
async def test_a_contact_that_goes_on_while_it_is_postponed_ends_its_task(
    empty: Served, clock: ManualClock, name: str, state: str
) -> None:
    task_id = await released(empty, clock, {**NEXT_DAY, "guards": [{"case_open": "defer"}]})
    await empty.deliver(later("complaint.opened", clock, case_id="K1"))
    await empty.deliver(later(name, clock, id="result", task_id=task_id))
    assert [one[0] for one in await rows(empty, STATE)] == [state]
    assert await rows(empty, "SELECT 1 FROM due") == []
    clock.advance(timedelta(days=9))
    await empty.run_job("release")
    assert [one[0] for one in await rows(empty, STATE)] == [state]


async def test_a_contact_that_took_place_all_the_same_is_done(empty: Served, clock: ManualClock) -> None:
    task_id = await released(empty, clock)
    await empty.deliver(later("customer.updated", clock, card={"do_not_contact": True}))
    await empty.deliver(later("visit.completed", clock, id="result", task_id=task_id))
    assert [one[0] for one in await rows(empty, STATE)] == ["done"]
    assert await rows(empty, "SELECT state FROM contact_ledger") == [("committed",)]
