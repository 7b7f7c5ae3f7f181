"""Who is away is handed nothing; callbacks of somebody's own, and what becomes of them when their owner is not there."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.visits.conftest import Desk, released
from tests.visits.domain.builders import at

THREE = "2026-03-02T15:00:00+08:00"
PANEL = "/fragments/presence"


async def say(desk: Desk, state: str, agent: str = "1001", **body: Any) -> dict[str, Any]:
    async with desk.agent(agent, units=("B1",), teams=("hotline",)) as client:
        answer = await client.post("/api/v1/presence", json={"state": state} | body)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def given(desk: Desk, agent: str = "1001", **body: Any) -> list[str]:
    async with desk.agent(agent) as client:
        answer = await client.post("/api/v1/visits/claim", json={"limit": 20} | body)
    assert answer.status_code == 200, answer.text
    return [item["task_id"] for item in answer.json()["items"]]


async def test_who_is_away_is_handed_nothing_until_they_are_back(desk: Desk) -> None:
    await desk.served.deliver(released("T1"))
    for state, word in (("busy", "示忙"), ("break", "小休"), ("offline", "离线")):
        await say(desk, state)
        async with desk.agent() as agent:
            answer = await agent.post("/api/v1/visits/claim", json={})
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:huifang:problem:agent-away")
        assert word in answer.json()["detail"]
    await say(desk, "ready")
    assert await given(desk) == ["T1"]


async def test_nobody_holds_more_than_they_can(desk: Desk) -> None:
    await desk.served.deliver(*(released(f"T{n}", customer=f"C{n}") for n in range(4)))
    assert (await say(desk, "ready", capacity=2))["capacity"] == 2
    assert len(await given(desk)) == 2
    async with desk.agent() as agent:
        answer = await agent.post("/api/v1/visits/claim", json={})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:huifang:problem:agent-full")


async def test_supervisors_see_who_is_there_of_their_units(desk: Desk) -> None:
    await say(desk, "break")
    desk.clock.advance(timedelta(minutes=5))
    await say(desk, "break")
    async with (
        desk.agent("boss", "supervisor", units=("B1",)) as boss,
        desk.agent("other", "supervisor", units=("B2",)) as other,
    ):
        [seen] = (await boss.get("/api/v1/presence")).json()["items"]
        assert (await other.get("/api/v1/presence")).json()["items"] == []
    assert (seen["agent"], seen["state"], seen["since"], seen["held"]) == ("1001", "break", "2026-03-02T02:00:00Z", 0)
    async with desk.agent("1002") as agent:
        mine = (await agent.get("/api/v1/presence/mine")).json()
        assert (mine["state"], mine["capacity"]) == ("ready", 50)
        assert (await agent.get("/api/v1/presence")).status_code == 403


async def test_supervisors_see_on_a_page_who_is_there_and_who_works_without_having_said_so(desk: Desk) -> None:
    async with (
        desk.agent("boss", "supervisor", units=("B1",)) as boss,
        desk.agent("other", "supervisor", units=("B2",)) as other,
    ):
        assert "还没有坐席在岗" in (await boss.get(PANEL)).text
        await say(desk, "break")
        desk.clock.advance(timedelta(minutes=5))
        await desk.claimed("T1", "1002")
        told, foreign = (await boss.get(PANEL)).text, (await other.get(PANEL)).text
    found = re.findall(r'<tr>\s*<th scope="row">(.*?)</tr>', told, re.S)
    rows = [re.sub(r"(<[^>]+>|\s)+", " ", row).strip() for row in found]
    assert rows == ["1001 — ! 小休 10:00 0 / 50 —", "1002 — ✓ 示闲 没有设置过 — 1 —"]
    assert "还没有坐席在岗" in foreign
    async with desk.agent("1002") as agent:
        assert (await agent.get(PANEL)).status_code == 403


async def agreed(desk: Desk, owner: str = "me", **changes: Any) -> UUID:
    visit_id = await desk.claimed("T1", **changes)
    await desk.attempt(visit_id, result="callback_agreed", callback_at=THREE, callback_owner=owner)
    return visit_id


async def come(desk: Desk, moment: str) -> None:
    desk.clock.move_to(at(moment))
    for job in ("bring-back", "hand-over"):
        await desk.served.run_job(job)


async def test_a_callback_comes_to_the_front_a_little_before_its_time_and_is_its_owners(desk: Desk) -> None:
    await agreed(desk)
    await desk.served.deliver(released("urgent", customer="C2", priority=1))
    await come(desk, "2026-03-02T14:50")
    assert await given(desk, "1002", limit=1) == ["urgent"]
    await come(desk, "2026-03-02T14:56")
    assert await given(desk, "1003") == []
    assert await given(desk, "1001") == ["T1"]


async def test_the_callback_of_one_who_is_away_goes_to_everybody(desk: Desk) -> None:
    await agreed(desk)
    await say(desk, "offline")
    await come(desk, "2026-03-02T14:56")
    assert await given(desk, "1002") == ["T1"]


async def test_a_callback_whose_owner_lets_its_time_pass_goes_to_everybody(desk: Desk) -> None:
    await agreed(desk)
    await come(desk, "2026-03-02T15:29")
    assert await given(desk, "1002") == []
    await come(desk, "2026-03-02T15:31")
    assert await given(desk, "1002") == ["T1"]


async def test_the_queues_callback_is_anybodys(desk: Desk) -> None:
    await agreed(desk, owner="queue")
    await come(desk, "2026-03-02T14:56")
    assert await given(desk, "1002") == ["T1"]


async def test_a_callback_that_is_given_back_stays_in_front(desk: Desk) -> None:
    visit_id = await agreed(desk, owner="queue")
    await desk.served.deliver(released("urgent", customer="C2", priority=1))
    await come(desk, "2026-03-02T14:56")
    assert await given(desk, "1001", limit=1) == ["T1"]
    async with desk.agent() as agent:
        await agent.post(f"/api/v1/visits/{visit_id}/release")
    assert await given(desk, "1002", limit=1) == ["T1"]


async def test_whether_a_callback_was_kept_is_told(desk: Desk) -> None:
    for task, moment, kept in (("T1", "2026-03-02T15:20", True), ("T2", "2026-03-02T15:45", False)):
        desk.clock.move_to(at("2026-03-02T10:00"))
        visit_id = await desk.claimed(task, customer=task)
        await desk.attempt(visit_id, result="callback_agreed", callback_at=THREE)
        await come(desk, moment)
        await given(desk)
        await desk.attempt(visit_id, result="no_answer")
        assert [one["callback_kept"] for one in (await desk.visit(visit_id))["history"]] == [None, kept]
    told = await desk.served.published("visit.attempted")
    assert [event.data["callback_kept"] for event in told] == [None, True, None, False]


async def test_two_callbacks_of_one_agent_at_one_time_are_warned_of(desk: Desk) -> None:
    await agreed(desk)
    other = await desk.claimed("T2", customer="C2")
    body = {"result": "callback_agreed", "callback_at": "2026-03-02T15:05:00+08:00"}
    answer = await desk.attempt(other, callback_owner="me", **body)
    [warning] = answer.json()["warnings"]
    assert "03-02 15:00" in warning
    assert "张三" in warning
    third = await desk.claimed("T3", customer="C3")
    assert (await desk.attempt(third, callback_owner="queue", **body)).json()["warnings"] == []
