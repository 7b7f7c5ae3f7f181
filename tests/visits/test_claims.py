"""Claiming: the right order, one customer together, never the same visit for two agents."""

import asyncio
from datetime import timedelta
from typing import Any

from tests.visits.conftest import Desk, released


async def claim(desk: Desk, agent: str = "1001", **body: Any) -> list[dict[str, Any]]:
    async with desk.agent(agent, units=body.pop("units", ())) as client:
        answer = await client.post("/api/v1/visits/claim", json=body)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def tasks(desk: Desk, agent: str = "1001", **body: Any) -> list[str]:
    return [item["task_id"] for item in await claim(desk, agent, **body)]


async def test_priority_goes_before_deadline_before_due_time(desk: Desk) -> None:
    await desk.served.deliver(
        released("none", customer="C1", deadline_at=None),
        released("later", customer="C2", deadline_at="2026-03-05T10:00:00+08:00"),
        released("due-second", customer="C3"),
        released("due-first", customer="C4", due_at="2026-03-02T09:00:00+08:00"),
        released("urgent", customer="C5", priority=1, deadline_at="2026-03-09T10:00:00+08:00"),
    )
    assert await tasks(desk, limit=20) == ["urgent", "due-first", "due-second", "later", "none"]


async def test_visits_of_one_customer_are_claimed_together(desk: Desk) -> None:
    await desk.served.deliver(
        released("a1", customer="A", priority=1),
        released("b", customer="B", priority=2),
        released("c", customer="C", priority=3),
        released("a2", customer="A", priority=9),
    )
    assert await tasks(desk, limit=2) == ["a1", "a2"]


async def test_a_customer_a_colleague_is_speaking_to_is_left_alone(desk: Desk) -> None:
    await desk.served.deliver(
        released("a1", customer="A", priority=1), released("a2", customer="A"), released("b", customer="B")
    )
    assert await tasks(desk, "1001", limit=1) == ["a1"]
    assert await tasks(desk, "1002", limit=5) == ["b"]
    assert await tasks(desk, "1001", limit=5) == ["a2"]


async def test_only_the_team_asked_for_is_claimed(desk: Desk) -> None:
    await desk.served.deliver(released("h", customer="A"), released("b", customer="B", team="back-office"))
    assert await tasks(desk, team="back-office", limit=5) == ["b"]


async def test_an_agent_of_a_branch_claims_only_there(desk: Desk) -> None:
    await desk.served.deliver(released("here", customer="A"), released("there", customer="B", branch="B2"))
    assert await tasks(desk, units=("B2",), limit=5) == ["there"]


async def test_agents_who_claim_at_the_same_time_never_get_the_same_visit(desk: Desk) -> None:
    await desk.served.deliver(*(released(f"T{number}", customer=f"C{number}") for number in range(60)))
    taken = await asyncio.gather(*(tasks(desk, f"agent-{number}", limit=5) for number in range(16)))
    names = [name for mine in taken for name in mine]
    assert len(names) == len(set(names)) == 60


async def test_a_claim_brings_all_the_call_needs(desk: Desk) -> None:
    await desk.served.deliver(released("T1"))
    [card] = await claim(desk)
    assert card["customer"]["phone_masked"] == "138****8000"
    assert card["script"]["version"] == 1
    assert card["script"]["opening"].startswith("您好，请问是张三吗？")
    assert card["script"]["next_question"] == "conduct"
    assert "reasons" not in [question["id"] for question in card["script"]["questions"]]
    assert "sealed:" not in str(card)


async def test_the_version_first_claimed_stays(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    async with desk.served.client("policy_owner") as author, desk.agent() as agent:
        definition = (await author.get("/api/v1/questionnaires/gas-service")).json()["definition"]
        published = await author.post("/api/v1/questionnaires", json=definition | {"title": "新版"})
        assert published.json()["version"] == 2
        await agent.post(f"/api/v1/visits/{visit_id}/release")
    await desk.served.deliver(released("T2", customer="C2"))
    versions = {card["task_id"]: card["script"]["version"] for card in await claim(desk, limit=5)}
    assert versions == {"T1": 1, "T2": 2}


async def test_a_visit_that_came_before_its_questionnaire_gets_it_when_claimed(desk: Desk) -> None:
    await desk.served.deliver(released("T1", questionnaire="second-followup"))
    [card] = await claim(desk)
    assert card["script"] is None
    async with desk.agent() as agent:
        await agent.post(f"/api/v1/visits/{card['id']}/release")
    await desk.publish("second-followup")
    [card] = await claim(desk)
    assert card["script"]["id"] == "second-followup"


async def test_there_is_nothing_to_claim_when_nothing_is_open(desk: Desk) -> None:
    assert await claim(desk, limit=20) == []


async def test_a_claim_is_bounded(desk: Desk) -> None:
    async with desk.agent() as agent:
        for body in ({"limit": 0}, {"limit": 21}, {"size": 3}):
            answer = await agent.post("/api/v1/visits/claim", json=body)
            assert answer.status_code == 422
            assert answer.headers["content-type"] == "application/problem+json"


async def test_history_of_earlier_attempts_comes_with_the_claim(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    await desk.attempt(visit_id, result="busy", note="占线")
    desk.clock.advance(timedelta(minutes=30))
    await desk.served.run_job("bring-back")
    [card] = await claim(desk, "1002")
    assert [(made["result"], made["agent"]) for made in card["history"]] == [("busy", "1001")]


async def test_a_customer_is_called_within_the_window_of_the_policy_or_when_they_asked_for_it(desk: Desk) -> None:
    late = {"frames": [["10:30", "11:30"], ["15:00", "17:30"]]}
    await desk.served.deliver(released("late", customer="C1", hours=late), released("any", customer="C2", hours=None))
    assert await tasks(desk, limit=20) == ["any"]
    desk.clock.advance(timedelta(minutes=40))
    (visit,) = await claim(desk, limit=20)
    assert visit["task_id"] == "late"
    await desk.attempt(visit["id"], result="callback_agreed", callback_at="2026-03-02T14:10:00+08:00")
    desk.clock.advance(timedelta(hours=3, minutes=35))
    await desk.served.run_job("bring-back")
    assert await tasks(desk, limit=20) == ["late"]
