"""A wrong result of an attempt is corrected: a visit that failed by it is opened again, the first result stays."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.visits.conftest import HAPPY, UNHAPPY, Desk, cancelled, released

REASON = "客户接听并答完，误选了代码"


async def attempted(desk: Desk, result: str, **body: Any) -> UUID:
    visit_id = await desk.claimed("T1")
    answer = await desk.attempt(visit_id, result=result, note="记错了", talk_seconds=40, **body)
    assert answer.status_code == 201, answer.text
    return visit_id


async def correct(
    desk: Desk, visit_id: UUID, result: str, who: str = "1001", role: str = "agent", **body: Any
) -> httpx.Response:
    headers = await desk.seen(visit_id)
    async with desk.agent(who, role) as client:
        told = {"result": result, "reason": REASON} | body
        return await client.post(f"/api/v1/visits/{visit_id}/correct-result", json=told, headers=headers)


async def names(desk: Desk) -> list[str]:
    return [event.name for event in await desk.served.published()]


def at(text: Any) -> datetime:
    return datetime.fromisoformat(str(text))


@pytest.mark.parametrize(("wrong", "ended"), [("wrong_number", "invalid_number"), ("refused", "refused")])
async def test_a_failed_visit_whose_customer_was_reached_is_completed(desk: Desk, wrong: str, ended: str) -> None:
    visit_id = await attempted(desk, wrong)
    talked_at = (await desk.visit(visit_id))["finished_at"]
    assert (await desk.visit(visit_id))["ended"] == ended
    desk.clock.advance(timedelta(hours=3))
    answer = await correct(desk, visit_id, "completed", answers=UNHAPPY)
    assert answer.status_code == 200, answer.text
    visit = await desk.visit(visit_id)
    assert (visit["state"], visit["ended"], visit["attempts"], visit["reopened"]) == ("completed", "", 1, 1)
    assert (visit["outcome"]["rating"], visit["agent"]) == (2, "1001")
    assert at(visit["finished_at"]) == at(talked_at)  # the customer was reached then
    (made,) = visit["history"]
    assert (made["result"], made["connected"], made["talk_seconds"], made["number"]) == ("completed", True, 40, 1)
    assert at(made["at"]) == at(talked_at)
    first, second = visit["result_versions"]
    assert (first["number"], first["by"], first["result"], first["reason"]) == (0, "1001", wrong, "")
    assert (second["number"], second["by"], second["result"], second["reason"]) == (1, "1001", "completed", REASON)
    [other] = await desk.served.published("visit.attempt_corrected")
    assert (other.data["before"]["result"], other.data["result"]) == (wrong, "completed")
    assert (other.data["attempt_id"], other.data["corrected_by"], other.data["agent"]) == (made["id"], "1001", "1001")
    [again] = await desk.served.published("visit.reopened")
    assert (again.data["reason"], again.data["why"], again.data["attempts"]) == (ended, REASON, 1)
    assert at(again.data["failed_at"]) == at(talked_at)
    [done] = await desk.served.published("visit.completed")
    assert (done.data["reopened"], done.data["attempts"], at(done.data["completed_at"])) == (1, 1, at(talked_at))
    told = await names(desk)
    order = ("visit.failed", "visit.attempt_corrected", "visit.reopened", "visit.completed", "visit.dissatisfied")
    assert [one for one in told if one in order] == list(order)
    assert told.count("visit.attempted") == 1


async def test_a_number_that_was_told_to_be_wrong_is_right_again(desk: Desk) -> None:
    await desk.served.deliver(released("T0"))  # another matter of the same customer
    visit_id = await attempted(desk, "invalid_number")
    async with desk.agent("1002") as client:
        others = (await client.get("/api/v1/visits", params={"customer_id": "C1"})).json()["items"]
    assert {one["customer"]["phone_masked"] for one in others if one["task_id"] == "T0"} == {""}
    assert (await correct(desk, visit_id, "no_answer")).status_code == 200
    wrong, right = await desk.served.published("customer.number_corrected")
    assert (right.data["wrong"], right.data["phone"]) == (None, wrong.data["wrong"])
    async with desk.agent("1002") as client:
        others = (await client.get("/api/v1/visits", params={"customer_id": "C1"})).json()["items"]
    assert {one["customer"]["phone_masked"] for one in others} == {"138****8000"}


async def test_a_failed_visit_nobody_was_reached_by_goes_on_by_the_work_rules(desk: Desk) -> None:
    visit_id = await attempted(desk, "wrong_number")
    desk.clock.advance(timedelta(minutes=20))
    assert (await correct(desk, visit_id, "busy")).status_code == 200
    visit = await desk.visit(visit_id)
    assert (visit["state"], visit["attempts"], visit["agent"]) == ("waiting", 1, "")
    assert at(visit["next_at"]) == desk.clock.now() + timedelta(minutes=30)
    desk.clock.advance(timedelta(minutes=30))
    await desk.served.run_job("bring-back")
    async with desk.agent("1002") as client:
        (card,) = (await client.post("/api/v1/visits/claim", json={})).json()["items"]
    assert card["id"] == str(visit_id)
    assert (await desk.attempt(visit_id, "1002", result="completed", answers=HAPPY)).status_code == 201
    [done] = await desk.served.published("visit.completed")
    assert (done.data["reopened"], done.data["attempts"], done.data["agent"]) == (1, 2, "1002")


async def test_a_callback_that_was_agreed_is_kept_in_its_place(desk: Desk) -> None:
    visit_id = await attempted(desk, "refused")
    agreed = desk.clock.now() + timedelta(hours=5)
    answer = await correct(desk, visit_id, "callback_agreed", callback_at=agreed.isoformat(), callback_owner="me")
    assert answer.status_code == 200, answer.text
    visit = await desk.visit(visit_id)
    assert (visit["state"], at(visit["callback_at"]), visit["callback_owner"]) == ("appointed", agreed, "1001")
    assert "visit.callback_agreed" in await names(desk)


async def test_a_visit_that_waits_because_of_a_wrong_result_is_completed_without_being_opened_again(desk: Desk) -> None:
    visit_id = await attempted(desk, "no_answer")
    assert (await desk.visit(visit_id))["state"] == "waiting"
    assert (await correct(desk, visit_id, "completed", answers=HAPPY)).status_code == 200
    visit = await desk.visit(visit_id)
    assert (visit["state"], visit["reopened"], visit["next_at"]) == ("completed", 0, None)
    assert await desk.served.published("visit.reopened") == []


async def test_a_visit_that_waits_fails_when_the_customer_has_refused_after_all(desk: Desk) -> None:
    visit_id = await attempted(desk, "no_answer")
    assert (await correct(desk, visit_id, "refused", note="不愿意再接电话")).status_code == 200
    visit = await desk.visit(visit_id)
    assert (visit["state"], visit["ended"], visit["history"][0]["note"]) == ("failed", "refused", "不愿意再接电话")


async def test_the_tally_counts_the_right_result(desk: Desk) -> None:
    """Three tries are the most: one that is renamed is not a fourth."""
    visit_id = await attempted(desk, "no_answer")
    for _ in range(2):
        desk.clock.move_to(at((await desk.visit(visit_id))["next_at"]))
        await desk.served.run_job("bring-back")
        async with desk.agent() as client:
            await client.post("/api/v1/visits/claim", json={})
        assert (await desk.attempt(visit_id, result="no_answer")).status_code == 201
    assert (await desk.visit(visit_id))["ended"] == "unreachable"
    assert (await correct(desk, visit_id, "busy")).status_code == 200
    visit = await desk.visit(visit_id)
    assert (visit["state"], visit["ended"], visit["attempts"]) == ("failed", "unreachable", 3)
    assert [one["result"] for one in visit["history"]] == ["no_answer", "no_answer", "busy"]


async def test_only_its_agent_may_and_only_for_a_day_then_a_supervisor(desk: Desk) -> None:
    visit_id = await attempted(desk, "wrong_number")
    other = await correct(desk, visit_id, "no_answer", who="1002")
    assert (other.status_code, other.json()["type"]) == (403, "urn:huifang:problem:not-your-record")
    desk.clock.advance(timedelta(hours=24, seconds=1))
    late = await correct(desk, visit_id, "no_answer")
    assert (late.status_code, late.json()["type"]) == (409, "urn:huifang:problem:correction-too-late")
    answer = await correct(desk, visit_id, "no_answer", who="boss", role="supervisor")
    assert answer.status_code == 200, answer.text
    assert [one["by"] for one in (await desk.visit(visit_id))["result_versions"]] == ["1001", "boss"]
    async with desk.served.client("auditor") as auditor:
        found = (await auditor.get("/api/v1/audit-log", params={"action": "visit.result_corrected"})).json()["items"]
    assert [(one["principal"], one["object"]) for one in found] == [("boss", str(visit_id))]


async def test_what_can_not_be_corrected_says_why(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    held = await correct(desk, visit_id, "completed", answers=HAPPY)
    assert (held.status_code, held.json()["detail"]) == (409, "该单正在回访中，请在小结时如实填写")
    await desk.attempt(visit_id, result="completed", answers=HAPPY)
    done = await correct(desk, visit_id, "refused", note="不愿意")
    assert (done.status_code, done.json()["detail"]) == (409, "回访已完成，请更正答案")
    await desk.served.deliver(released("T2", customer="C2"))
    async with desk.agent() as client:
        (fresh,) = (await client.get("/api/v1/visits", params={"customer_id": "C2"})).json()["items"]
    never = await correct(desk, UUID(fresh["id"]), "refused", note="不愿意")
    assert (never.status_code, never.json()["detail"]) == (409, "这张单没有联系过，没有可更正的结果")
    await desk.served.deliver(cancelled("T2"))
    gone = await correct(desk, UUID(fresh["id"]), "refused", note="不愿意")
    assert (gone.status_code, gone.json()["detail"]) == (409, "该单已取消，不再联系")


async def test_after_its_last_moment_a_visit_can_only_be_corrected_to_what_ends_it(desk: Desk) -> None:
    visit_id = await attempted(desk, "wrong_number")
    desk.clock.advance(timedelta(days=10))
    boss: Mapping[str, Any] = {"who": "boss", "role": "supervisor"}
    late = await correct(desk, visit_id, "no_answer", **boss)
    assert (late.status_code, late.json()["type"]) == (409, "urn:huifang:problem:not-correctable")
    assert (await correct(desk, visit_id, "completed", answers=HAPPY, **boss)).status_code == 200
    assert (await desk.visit(visit_id))["outcome"]["rating"] == 4


async def test_a_correction_says_something_else_validly_and_has_seen_the_newest_version(desk: Desk) -> None:
    visit_id = await attempted(desk, "wrong_number")
    same = await correct(desk, visit_id, "wrong_number")
    assert (same.status_code, same.json()["type"]) == (422, "urn:huifang:problem:nothing-corrected")
    assert (await correct(desk, visit_id, "completed", answers={})).status_code == 422
    assert (await correct(desk, visit_id, "no_answer", reason=" ")).status_code == 422
    seen = await desk.seen(visit_id)
    assert (await correct(desk, visit_id, "busy")).status_code == 200
    async with desk.agent() as client:
        body = {"result": "no_answer", "reason": REASON}
        stale = await client.post(f"/api/v1/visits/{visit_id}/correct-result", json=body, headers=seen)
    assert stale.status_code == 412
    assert len((await desk.visit(visit_id))["result_versions"]) == 2
