"""Claims go by person: team, unit, who did the work, independence, second rounds, companions, skills; explained when asked."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.visits.domain.claiming import Claimant
from services.visits.store import claims, rows
from services.visits.store.claims import Wanted
from shared.messaging import Work
from shared.scope import WHOLE
from tests.visits.conftest import HAPPY, UNHAPPY, Desk, cancelled, changed, matter, postponed, released
from tests.visits.domain.builders import at


async def claimed(desk: Desk, name: str = "1001", body: dict[str, Any] | None = None, **person: Any) -> list[str]:
    """Tasks that a person gets."""
    async with desk.agent(name, **person) as client:
        answer = await client.post("/api/v1/visits/claim", json={"limit": 20} | (body or {}))
    assert answer.status_code == 200, answer.text
    return sorted(item["task_id"] for item in answer.json()["items"])


async def id_of(desk: Desk, task_id: str) -> UUID:
    async with desk.served.client("supervisor") as client:
        found = (await client.get("/api/v1/visits", params={"limit": 200})).json()["items"]
    return next(UUID(one["id"]) for one in found if one["task_id"] == task_id)


async def rules_against(desk: Desk, task_id: str, name: str = "1001", companion: str = "", **person: Any) -> list[str]:
    """The rules that keep a person from a task, as they are told."""
    path = f"/api/v1/visits/{await id_of(desk, task_id)}/claimable"
    async with desk.agent(name, **person) as client:
        answer = await client.get(path, params={"companion": companion})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["claimable"] == (not told["reasons"])
    assert all(reason["message"] for reason in told["reasons"])
    return [reason["rule"] for reason in told["reasons"]]


async def test_an_agent_claims_from_their_own_teams_only(desk: Desk) -> None:
    await desk.served.deliver(
        released("h", customer="A"), released("b", customer="B", team="back"), released("none", customer="C", team="")
    )
    assert await rules_against(desk, "h", teams=("back", "night")) == ["team"]
    assert await claimed(desk, teams=("back", "night")) == ["b"]
    assert await claimed(desk, "1002", teams=("hotline",)) == ["h"]
    async with desk.agent(teams=("back",)) as agent:
        answer = await agent.post("/api/v1/visits/claim", json={"team": "hotline"})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:huifang:problem:not-your-team")
    assert await claimed(desk, "1003") == ["none"]


async def test_teams_go_with_units(desk: Desk) -> None:
    await desk.served.deliver(released("here", customer="A", branch="B2"), released("there", customer="B"))
    assert await claimed(desk, units=("B2",), teams=("hotline",)) == ["here"]


@pytest.mark.parametrize(
    "facts",
    [
        {"worker": {"code": "G7"}},
        {"engineer": {"code": "G7", "name": "王强"}},
        {"salesperson": {"code": "G7"}},
        {"done_by": "G7"},
    ],
)
async def test_whoever_did_the_work_never_gets_its_visit(desk: Desk, facts: dict[str, Any]) -> None:
    await desk.served.deliver(released("T1", matters=[matter("e0"), matter(**facts)]))
    assert await rules_against(desk, "T1", worker="G7") == ["doer"]
    assert await claimed(desk, worker="G7") == []
    assert await claimed(desk, "1002", worker="G8") == ["T1"]


async def test_the_team_and_unit_that_did_the_work_never_get_an_independent_visit(desk: Desk) -> None:
    await desk.served.deliver(released("T1", barred=["CD", "cd-service"]))
    assert await rules_against(desk, "T1", teams=("cd-service", "hotline")) == ["independent"]
    for person in ({"teams": ("cd-service", "hotline")}, {"units": ("CD", "B1")}):
        assert await claimed(desk, **person) == []
    assert await claimed(desk, "1002", units=("B1",), teams=("hotline",)) == ["T1"]


async def test_the_second_round_is_another_agents(desk: Desk) -> None:
    first = await desk.claimed("T1", "1001")
    await desk.attempt(first, result="completed", answers=UNHAPPY)
    await desk.served.deliver(released("T2", round=2, case_id="case-1", lineage="lineage-T1"))
    assert await rules_against(desk, "T2", "1001") == ["first_agent"]
    assert await claimed(desk, "1001") == []
    assert await claimed(desk, "1002") == ["T2"]


async def test_who_only_let_it_ring_in_the_first_round_may_make_the_second(desk: Desk) -> None:
    first = await desk.claimed("T1", "1001")
    await desk.attempt(first, result="no_answer")
    await desk.served.deliver(released("T2", round=2, lineage="lineage-T1"))
    assert await claimed(desk, "1001") == ["T2"]


async def test_a_visit_that_nobody_makes_alone_is_claimed_with_a_companion(desk: Desk) -> None:
    await desk.served.deliver(released("T1", channel="on_site", never_alone=["sales"]))
    assert await claimed(desk) == []
    assert await rules_against(desk, "T1") == ["companion"]
    assert await rules_against(desk, "T1", companion="1002") == []
    async with desk.agent() as agent:
        alone = await agent.post("/api/v1/visits/claim", json={"companion": "1001"})
        assert (alone.status_code, alone.json()["type"]) == (422, "urn:huifang:problem:invalid-companion")
    assert await claimed(desk, body={"companion": "1002"}) == ["T1"]
    visit_id = await id_of(desk, "T1")
    assert (await desk.visit(visit_id))["companion"] == "1002"
    signed = {"signer": "张三", "unsigned_reason": "客户手上有油"}
    await desk.attempt(visit_id, result="completed", answers=HAPPY, **signed)
    assert (await desk.visit(visit_id))["history"][0]["companion"] == "1002"


async def test_visits_on_site_go_to_those_who_may(desk: Desk) -> None:
    await desk.served.deliver(released("T1", channel="on_site"))
    assert await rules_against(desk, "T1", skills=("yue",)) == ["skill"]
    assert await claimed(desk, skills=("yue",)) == []
    assert await claimed(desk, "1002", skills=("yue", "on_site")) == ["T1"]


async def test_who_speaks_another_language_is_called_by_somebody_who_speaks_it(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    answer = await desk.attempt(visit_id, result="no_answer", language="yue")
    assert answer.status_code == 422
    await desk.attempt(visit_id, result="language_barrier", note="讲粤语", language="yue")
    assert (await desk.visit(visit_id))["needs"] == ["yue"]
    desk.clock.move_to(at("2026-03-03T10:00"))
    await desk.served.run_job("bring-back")
    assert await claimed(desk, skills=("min",)) == []
    assert await claimed(desk, "1002", skills=("yue",)) == ["T1"]


async def test_a_language_once_told_is_needed_whatever_the_task_becomes(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    await desk.attempt(visit_id, result="language_barrier", note="讲粤语", language="yue")
    await desk.served.deliver(postponed("T1"))
    await desk.served.deliver(released("T1"))
    assert (await desk.visit(visit_id))["needs"] == ["yue"]
    alone = {"channel": "on_site", "never_alone": ["sales"], "matters": [matter()]}
    await desk.served.deliver(changed("T1", "channel", **alone))
    visit = await desk.visit(visit_id)
    assert (visit["needs"], visit["never_alone"]) == (["on_site", "yue"], ["sales"])
    assert await rules_against(desk, "T1", skills=("yue",)) == ["companion", "skill"]
    await desk.served.deliver(changed("T1", "channel", channel="phone", matters=[matter()]))
    assert (await desk.visit(visit_id))["needs"] == ["yue"]


async def test_a_named_visit_is_claimed_by_the_same_rules_and_every_reason_is_told(desk: Desk) -> None:
    await desk.served.deliver(
        released("T1", channel="on_site", never_alone=["sales"], matters=[matter(worker={"code": "G7"})]),
        released("T2", customer="C2"),
    )
    path = f"/api/v1/visits/{await id_of(desk, 'T1')}/claim"
    async with desk.agent(teams=("back",), worker="G7") as agent:
        answer = await agent.post(path, json={})
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:huifang:problem:not-claimable")
    assert [error["rule"] for error in answer.json()["errors"]] == ["team", "doer", "companion"]
    async with desk.agent("1002") as agent:
        answer = await agent.post(path, json={"companion": "1003"})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["task_id"], answer.json()["state"], answer.json()["agent"]) == ("T1", "claimed", "1002")
        assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'
    async with desk.agent("1003") as agent:
        answer = await agent.post(path, json={})
        assert "已被 1002 领取" in answer.json()["detail"]


async def test_what_is_not_to_be_called_now_says_why(desk: Desk) -> None:
    closed = {"frames": [["15:00", "17:30"]]}
    await desk.served.deliver(
        released("late", customer="A", hours=closed), released("gone", customer="B"), cancelled("gone"),
        released("off", customer="C"), postponed("off"), released("other", customer="D"), released("same", customer="D"),
    )  # fmt: skip
    async with desk.agent("1002") as agent:
        await agent.post(f"/api/v1/visits/{await id_of(desk, 'other')}/claim", json={})
    assert await rules_against(desk, "late") == ["hours"]
    assert await rules_against(desk, "gone") == ["state"]
    assert await rules_against(desk, "off") == ["state"]
    assert await rules_against(desk, "same") == ["colleague"]
    assert await claimed(desk) == []


async def test_who_has_just_refused_is_not_called_about_something_else(desk: Desk) -> None:
    first = await desk.claimed("T1", "1001")
    await desk.served.deliver(released("T2"), released("wx", channel="wechat"))
    await desk.attempt(first, result="refused", note="不要再打")
    assert await rules_against(desk, "T2", "1002") == ["refused"]
    assert await claimed(desk, "1002") == ["wx"]
    desk.clock.advance(timedelta(days=1))
    await desk.served.deliver(released("T3", released_at="2026-03-03T10:00:00+08:00"))
    assert await rules_against(desk, "T3", "1002") == []


async def test_visits_of_other_units_are_not_explained(desk: Desk) -> None:
    await desk.served.deliver(released("T1"))
    path = f"/api/v1/visits/{await id_of(desk, 'T1')}"
    async with desk.agent(units=("B2",)) as agent:
        assert (await agent.get(f"{path}/claimable")).status_code == 404
        assert (await agent.post(f"{path}/claim", json={})).status_code == 404


async def test_a_customer_whom_a_colleague_is_just_taking_is_left_alone(desk: Desk) -> None:
    """Neither has committed: what one has not seen yet must keep the other away all the same, and nobody waits."""
    visits = (("a", "a", "C1"), ("b", "b", "C1"), ("c", "b", "C2"))
    await desk.served.deliver(*(released(name, team=team, customer=who, hours=None) for name, team, who in visits))
    db, ends = desk.served.runtime.db, desk.clock.machine() + timedelta(minutes=15)

    async def take(work: Work, name: str) -> list[str]:
        who = Claimant(f"agent-{name}", teams=(name,))
        got = await claims.claim(work.session, who, Wanted(5), claims.Until(ends, ends), WHOLE, [""])
        return [visit.task_id for visit in got]

    async with db.work() as other:  # at another visit of the customer, to claim it or whatever else
        await rows.lock_of_tasks(other.session, ["b"])
        async with db.work() as work:
            assert await take(work, "a") == []
    async with db.work() as first:
        assert await take(first, "a") == ["a"]
        async with db.work() as second:
            assert await take(second, "b") == ["c"]
    async with db.work() as third:
        assert await take(third, "b") == []


async def test_two_agents_never_have_the_same_customer(desk: Desk) -> None:
    """Of each customer several visits, of teams of their own: whoever has one keeps the colleagues from the others."""
    await desk.served.deliver(
        *(released(f"{c}-{team}", customer=f"C{c}", team=team) for c in range(20) for team in ("a", "b", "c"))
    )

    async def all_of(team: str) -> list[tuple[str, str]]:
        async with desk.agent(f"agent-{team}", teams=(team,)) as client:
            got = []
            for _ in range(12):
                answer = (await client.post("/api/v1/visits/claim", json={"limit": 2})).json()
                got += [(item["customer"]["id"], item["agent"]) for item in answer["items"]]
            return got

    taken = [pair for pairs in await asyncio.gather(*map(all_of, "abc")) for pair in pairs]
    assert {customer for customer, _ in taken} == {f"C{c}" for c in range(20)}
    assert len(taken) == len({customer for customer, _ in taken}) == 20
