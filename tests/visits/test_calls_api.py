"""Dialling: asked once more whether the customer may be called; the time is the platform's; changes are told in the call."""

from datetime import timedelta
from typing import Any

import pytest

from shared.messaging import Event
from tests.visits.conftest import HAPPY, Desk, cancelled, changed, matter, postponed, released
from tests.visits.domain.builders import at


async def ask(
    desk: Desk, visit_id: Any, what: str, agent: str = "1001", status: int = 200, **body: Any
) -> dict[str, Any]:
    async with desk.agent(agent) as client:
        answer = await client.post(f"/api/v1/visits/{visit_id}/{what}", json=body)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_dialling_gives_the_numbers_and_keeps_the_time(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    told = await ask(desk, visit_id, "dial")
    assert (told["numbers"], told["ended_at"]) == (["+8613800138000"], None)
    desk.clock.advance(timedelta(seconds=95))
    assert (await ask(desk, visit_id, "dial"))["started_at"] == told["started_at"]
    assert (await desk.visit(visit_id))["call"]["started_at"] == told["started_at"]
    ended = await ask(desk, visit_id, "hang-up")
    desk.clock.advance(timedelta(seconds=20))
    assert await ask(desk, visit_id, "hang-up") == ended
    await desk.attempt(visit_id, result="completed", answers=HAPPY)
    visit = await desk.visit(visit_id)
    [made] = visit["history"]
    assert (made["talk_seconds"], made["wrap_up_seconds"], made["started_at"]) == (95, 20, told["started_at"])
    assert visit["call"] == {"started_at": None, "ended_at": None}
    async with desk.served.client("auditor") as auditor:
        entries = (await auditor.get("/api/v1/audit-log")).json()["items"]
    looks = [entry for entry in entries if entry["action"] == "phone.revealed"]
    assert [(entry["principal"], entry["detail"]["reason"]) for entry in looks] == [("1001", "dial")] * 2


async def test_a_line_that_was_never_opened_is_not_closed(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    assert (await ask(desk, visit_id, "hang-up", status=409))["type"] == "urn:huifang:problem:not-dialled"
    assert (await ask(desk, visit_id, "dial", agent="1002", status=409))[
        "type"
    ] == "urn:huifang:problem:claimed-by-other"


@pytest.mark.parametrize(
    ("event", "problem"),
    [(cancelled("T1"), "visit-withdrawn"), (postponed("T1", "paused"), "visit-postponed")],
)
async def test_what_was_called_off_after_the_claim_is_not_dialled(desk: Desk, event: Event, problem: str) -> None:
    visit_id = await desk.claimed("T1")
    await desk.served.deliver(event)
    assert (await ask(desk, visit_id, "dial", status=409))["type"] == f"urn:huifang:problem:{problem}"
    [notice] = (await desk.visit(visit_id))["notices"]
    assert "不要拨打" in notice["advice"]


async def test_who_refused_a_colleague_meanwhile_is_not_dialled(desk: Desk) -> None:
    async with desk.agent("1002") as other:
        await desk.served.deliver(released("T1"), released("T2"))
        held = (await other.post("/api/v1/visits/claim", json={"limit": 2})).json()["items"]
    await desk.attempt(held[0]["id"], "1002", result="refused", note="别再打了")
    told = await ask(desk, held[1]["id"], "dial", agent="1002", status=409)
    assert told["type"] == "urn:huifang:problem:customer-refused"


async def test_outside_the_window_only_an_agreed_callback_is_dialled(desk: Desk) -> None:
    hours = {"frames": [["09:00", "11:00"]]}
    visit_id = await desk.claimed("T1", hours=hours)
    desk.clock.move_to(at("2026-03-02T11:30"))
    async with desk.agent() as agent:
        await agent.post(f"/api/v1/visits/{visit_id}/refresh-lease")
    assert (await ask(desk, visit_id, "dial", status=409))["type"] == "urn:huifang:problem:outside-hours"
    await desk.attempt(visit_id, result="callback_agreed", callback_at="2026-03-02T15:00:00+08:00")
    desk.clock.move_to(at("2026-03-02T14:56"))
    await desk.served.run_job("bring-back")
    await ask(desk, visit_id, "claim")
    assert (await ask(desk, visit_id, "dial"))["numbers"]


async def test_in_a_call_that_goes_on_a_change_is_told_and_its_result_counts(desk: Desk) -> None:
    visit_id = await desk.claimed("T1", matters=[matter("e1"), matter("e2")])
    await ask(desk, visit_id, "dial")
    before = (await desk.visit(visit_id))["version"]
    await desk.served.deliver(changed("T1", "matters", "deadline_at", matters=[matter("e2")], reason="fact_withdrawn"))
    await desk.served.deliver(cancelled("T1", "by_hand"))
    visit = await desk.visit(visit_id)
    assert [told["kind"] for told in visit["notices"]] == ["changed", "cancelled"]
    assert "事项、时限" in visit["notices"][0]["text"]
    assert "结束通话" in visit["notices"][1]["advice"]
    assert (visit["version"], [one["event_id"] for one in visit["matters"]]) == (before, ["e2"])
    await desk.attempt(visit_id, result="completed", answers=HAPPY)
    visit = await desk.visit(visit_id)
    assert (visit["state"], visit["notices"]) == ("completed", [])


async def test_a_postponed_visit_waits_until_its_task_is_released_again(desk: Desk) -> None:
    await desk.served.deliver(released("T1"), postponed("T1"))
    async with desk.agent() as agent:
        assert (await agent.post("/api/v1/visits/claim", json={})).json()["items"] == []
        desk.clock.advance(timedelta(days=3))
        await desk.served.run_job("bring-back")
        assert (await agent.post("/api/v1/visits/claim", json={})).json()["items"] == []
        again = {"deadline_at": "2026-03-09T10:00:00+08:00", "priority": 2, "hours": None}
        await desk.served.deliver(released("T1", **again))
        [card] = (await agent.post("/api/v1/visits/claim", json={})).json()["items"]
    assert (card["priority"], card["deadline_at"]) == (2, "2026-03-09T02:00:00Z")


async def test_a_call_without_result_on_a_postponed_visit_leaves_it_postponed(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    await ask(desk, visit_id, "dial")
    await desk.served.deliver(postponed("T1"))
    await desk.attempt(visit_id, result="no_answer")
    assert ((await desk.visit(visit_id))["state"], (await desk.visit(visit_id))["next_at"]) == ("postponed", None)


async def test_a_time_agreed_with_the_customer_outlives_a_postponement(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    await desk.attempt(visit_id, result="callback_agreed", callback_at="2026-03-03T15:00:00+08:00")
    await desk.served.deliver(postponed("T1"))
    assert (await desk.visit(visit_id))["state"] == "postponed"
    await desk.served.deliver(released("T1"))
    visit = await desk.visit(visit_id)
    assert (visit["state"], visit["next_at"]) == ("appointed", "2026-03-03T07:00:00Z")


async def test_a_cancelled_visit_taken_to_another_team_is_not_made_again(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    await desk.served.deliver(cancelled("T1"))
    async with desk.served.client("supervisor") as boss:
        path, body = f"/api/v1/visits/{visit_id}/reassign", {"team": "back"}
        answer = await boss.post(path, json=body, headers=await desk.seen(visit_id))
    assert answer.status_code == 200, answer.text
    assert (await desk.visit(visit_id))["state"] == "cancelled"
