"""A finished record is corrected, with a reason; the first version stays and everybody who needs it is told."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx

from tests.visits.conftest import HAPPY, UNHAPPY, Desk, matter
from tests.visits.test_several_matters import claimed, joined

REASON = "听录音后发现选错了"


async def finished(desk: Desk, answers: dict[str, Any] = HAPPY, result: str = "completed", **body: Any) -> UUID:
    visit_id = await desk.claimed("T1")
    answer = await desk.attempt(visit_id, result=result, answers=answers, note="客户很忙", **body)
    assert answer.status_code == 201, answer.text
    return visit_id


async def correct(
    desk: Desk, visit_id: UUID, answers: dict[str, Any], who: str = "1001", role: str = "agent", **body: Any
) -> httpx.Response:
    headers = await desk.seen(visit_id)
    async with desk.agent(who, role) as client:
        told = {"answers": answers, "reason": REASON} | body
        return await client.post(f"/api/v1/visits/{visit_id}/correct", json=told, headers=headers)


async def test_its_agent_corrects_a_record_and_both_versions_are_listed(desk: Desk) -> None:
    visit_id = await finished(desk)
    ended_at = desk.clock.now()
    desk.clock.advance(timedelta(hours=2))
    before = (await desk.visit(visit_id))["version"]
    answer = await correct(desk, visit_id, UNHAPPY)
    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == f'"{before + 1}"'
    visit = await desk.visit(visit_id)
    assert (visit["state"], visit["outcome"]["rating"], visit["outcome"]["reasons"]) == (
        "completed",
        2,
        ["没有按约定时间上门"],
    )
    assert visit["outcome"]["remark"] == "等了一天；客户很忙"
    first, second = visit["versions"]
    assert (first["number"], first["by"], first["reason"], first["outcome"]["rating"]) == (0, "1001", "", 4)
    assert first["answers"] == HAPPY
    assert (second["number"], second["by"], second["reason"], second["answers"]) == (1, "1001", REASON, UNHAPPY)
    [told] = await desk.served.published("visit.corrected")
    assert (told.data["rating"], told.data["before"]["rating"], told.data["correction"]) == (2, 4, 1)
    assert (told.data["dissatisfied"], told.data["before"]["dissatisfied"]) == (True, False)
    assert (told.data["reason"], told.data["corrected_by"], told.data["agent"]) == (REASON, "1001", "1001")
    assert told.data["completed_at"].startswith(ended_at.isoformat()[:16])


async def test_that_a_customer_is_dissatisfied_after_all_is_told_each_time_the_record_comes_to_say_so(
    desk: Desk,
) -> None:
    visit_id = await finished(desk)
    for answers in (UNHAPPY, UNHAPPY | {"complaint": "等了两天"}, HAPPY, UNHAPPY):
        assert (await correct(desk, visit_id, answers)).status_code == 200
    assert [one.data["correction"] for one in await desk.served.published("visit.corrected")] == [1, 2, 3, 4]
    told = await desk.served.published("visit.dissatisfied")
    assert [(one.data["correction"], one.data["rating"]) for one in told] == [(1, 2), (4, 2)]
    assert told[0].data["reasons"] == ["没有按约定时间上门"]
    assert len(await desk.served.published("visit.completed")) == 1
    assert [one["number"] for one in (await desk.visit(visit_id))["versions"]] == [0, 1, 2, 3, 4]


async def test_what_was_told_as_dissatisfied_before_is_not_told_again(desk: Desk) -> None:
    visit_id = await finished(desk, UNHAPPY)
    assert (await correct(desk, visit_id, UNHAPPY | {"complaint": "等了两天"})).status_code == 200
    assert len(await desk.served.published("visit.dissatisfied")) == 1


async def test_an_incomplete_record_becomes_a_partial_one(desk: Desk) -> None:
    visit_id = await finished(desk)
    assert (await correct(desk, visit_id, {"conduct": "yes"}, note="客户中途挂断")).status_code == 200
    visit = await desk.visit(visit_id)
    assert (visit["outcome"]["effective"], visit["outcome"]["rating"]) == (False, None)
    assert visit["outcome"]["remark"] == "客户中途挂断"
    assert visit["history"][-1]["note"] == "客户很忙"  # how the contact went stays as it was recorded


async def test_only_its_agent_may_and_only_for_a_day_then_a_supervisor(desk: Desk) -> None:
    visit_id = await finished(desk)
    other = await correct(desk, visit_id, UNHAPPY, who="1002")
    assert (other.status_code, other.json()["type"]) == (403, "urn:huifang:problem:not-your-record")
    desk.clock.advance(timedelta(hours=24))
    assert (await correct(desk, visit_id, UNHAPPY)).status_code == 200
    desk.clock.advance(timedelta(seconds=1))
    late = await correct(desk, visit_id, HAPPY)
    assert (late.status_code, late.json()["type"]) == (409, "urn:huifang:problem:correction-too-late")
    assert (await correct(desk, visit_id, HAPPY, who="boss", role="supervisor")).status_code == 200
    versions = (await desk.visit(visit_id))["versions"]
    assert [one["by"] for one in versions] == ["1001", "1001", "boss"]


async def test_who_has_not_seen_the_newest_version_changes_nothing(desk: Desk) -> None:
    visit_id = await finished(desk)
    seen = await desk.seen(visit_id)
    assert (await correct(desk, visit_id, UNHAPPY)).status_code == 200
    async with desk.agent() as client:
        body = {"answers": HAPPY, "reason": REASON}
        stale = await client.post(f"/api/v1/visits/{visit_id}/correct", json=body, headers=seen)
        unseen = await client.post(f"/api/v1/visits/{visit_id}/correct", json=body)
    assert (stale.status_code, unseen.status_code) == (412, 428)
    assert (await desk.visit(visit_id))["outcome"]["rating"] == 2


async def test_a_correction_says_something_else_validly_and_why(desk: Desk) -> None:
    visit_id = await finished(desk)
    nothing = await correct(desk, visit_id, HAPPY)
    assert (nothing.status_code, nothing.json()["type"]) == (422, "urn:huifang:problem:nothing-corrected")
    wrong = await correct(desk, visit_id, HAPPY | {"satisfaction": "great"})
    assert (wrong.status_code, wrong.json()["errors"][0]["question"]) == (422, "satisfaction")
    assert (await correct(desk, visit_id, UNHAPPY, reason="  ")).status_code == 422
    assert await desk.served.published("visit.corrected") == []
    assert (await desk.visit(visit_id))["versions"] == []


async def test_only_completed_visits_have_a_record_to_correct(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    running = await correct(desk, visit_id, HAPPY)
    await desk.attempt(visit_id, result="refused", note="不愿意")
    failed = await correct(desk, visit_id, HAPPY)
    assert [(one.status_code, one.json()["type"]) for one in (running, failed)] == [
        (409, "urn:huifang:problem:not-correctable")
    ] * 2


async def test_of_several_matters_each_says_what_it_says_now(desk: Desk) -> None:
    card = await claimed(desk, matter("e1"), joined("e2", "reading"))
    answers = {"who": "yes", "fixed": "yes", "rate": 5, "rate~2": 2, "why": "太早"}
    assert (await desk.attempt(card["id"], result="completed", answers=answers)).status_code == 201
    right = {"who": "yes", "fixed": "yes", "rate": 5, "rate~2": 4}
    assert (await correct(desk, UUID(card["id"]), right)).status_code == 200
    [told] = await desk.served.published("visit.corrected")
    assert [one["rating"] for one in told.data["results"]] == [5, 4]
    assert [one["rating"] for one in told.data["before"]["results"]] == [5, 2]


async def test_the_page_is_given_the_record_as_it_stands_with_its_versions(desk: Desk) -> None:
    visit_id = await finished(desk)
    assert (await correct(desk, visit_id, UNHAPPY, note="客户改口")).status_code == 200
    path = f"/agent/visits/{visit_id}/record"
    async with desk.agent() as client, desk.agent("1002") as colleague:
        sheet, refused = await client.get(path), await colleague.get(path)
    assert (sheet.json()["answers"], sheet.json()["note"]) == (UNHAPPY, "客户改口")
    assert [(one["number"], one["note"]) for one in sheet.json()["versions"]] == [(0, "客户很忙"), (1, "客户改口")]
    assert sheet.headers["ETag"] == (await desk.seen(visit_id))["If-Match"]
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:huifang:problem:not-your-record")


async def test_who_corrects_is_in_the_audit_log(desk: Desk) -> None:
    visit_id = await finished(desk)
    assert (await correct(desk, visit_id, UNHAPPY)).status_code == 200
    async with desk.served.client("auditor") as auditor:
        found = (await auditor.get("/api/v1/audit-log", params={"action": "visit.corrected"})).json()["items"]
    assert [(one["principal"], one["object"]) for one in found] == [("1001", str(visit_id))]
