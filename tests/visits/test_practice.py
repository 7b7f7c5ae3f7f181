"""The practice call: like any other for its agent, and there for nobody and nothing else."""

import re
from datetime import timedelta
from typing import Any

import httpx
from prometheus_client import REGISTRY

from shared.practice import is_practice, practice_id
from tests.visits.conftest import Desk, released

GOOD = {"fixed": "yes", "satisfaction": "satisfied"}
BAD = {"fixed": "no", "satisfaction": "dissatisfied", "reasons": ["quality"]}


async def ask(desk: Desk, method: str, path: str, agent: str = "1001", **options: Any) -> httpx.Response:
    claims = options.pop("claims", {})
    async with desk.agent(agent, **claims) as client:
        return await client.request(method, path, **options)


async def begun(desk: Desk, agent: str = "1001", **claims: Any) -> dict[str, Any]:
    answer = await ask(desk, "POST", "/api/v1/practice", agent, claims=claims)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def attempt(desk: Desk, visit: str, **body: Any) -> dict[str, Any]:
    answer = await ask(desk, "POST", f"/api/v1/visits/{visit}/attempts", json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def test_it_is_in_the_agents_hands_with_a_script_and_leads_through_a_whole_call(desk: Desk) -> None:
    visit = await begun(desk)
    assert (visit["state"], visit["agent"], visit["practice"]) == ("claimed", "1001", True)
    sheet = (await ask(desk, "GET", f"/agent/visits/{visit['id']}")).json()
    assert (sheet["has_script"], sheet["practice"], len(sheet["questions"])) == (True, True, 4)
    assert (await ask(desk, "POST", f"/api/v1/visits/{visit['id']}/dial")).json()["numbers"] == []
    assert (await ask(desk, "GET", f"/agent/visits/{visit['id']}/aside")).status_code == 200
    result = await attempt(desk, visit["id"], result="completed", answers=GOOD)
    assert (result["state"], result["outcome"]["rating"]) == ("completed", 4)


async def test_nobody_hears_of_it_whatever_comes_of_it(desk: Desk) -> None:
    for body in (
        {"result": "completed", "answers": GOOD},
        {"result": "completed", "answers": BAD},
        {"result": "refused", "note": "不想接"},
        {"result": "no_answer"},
        {"result": "invalid_number"},
        {"result": "callback_agreed", "callback_at": (desk.clock.now() + timedelta(hours=1)).isoformat()},
    ):
        await attempt(desk, (await begun(desk))["id"], **body)
    assert await desk.served.published() == []


async def test_without_an_end_of_its_own_it_is_over_and_comes_back_to_nobody(desk: Desk) -> None:
    assert (await attempt(desk, (await begun(desk))["id"], result="no_answer"))["state"] == "cancelled"
    given_back = await ask(desk, "POST", f"/api/v1/visits/{(await begun(desk))['id']}/release")
    assert given_back.json()["state"] == "cancelled"
    left = await begun(desk)
    desk.clock.advance(timedelta(hours=1))
    await desk.served.run_job("return-leases")
    assert (await desk.visit(left["id"]))["state"] == "cancelled"


async def test_it_can_be_repeated_and_the_one_that_was_left_is_over(desk: Desk) -> None:
    first, second = await begun(desk), await begun(desk)
    assert first["id"] != second["id"]
    assert (await desk.visit(first["id"]))["state"] == "cancelled"
    assert (await desk.visit(second["id"]))["state"] == "claimed"


async def test_no_other_person_is_given_it(desk: Desk) -> None:
    visit = await begun(desk)
    for path in (f"/agent/visits/{visit['id']}", f"/agent/visits/{visit['id']}/aside"):
        assert (await ask(desk, "GET", path, "1002")).status_code == 409
    claimed = await ask(desk, "POST", "/api/v1/visits/claim", "1002", json={"limit": 20})
    assert claimed.json()["items"] == []
    assert (await ask(desk, "POST", f"/api/v1/visits/{visit['id']}/claim", "1002", json={})).status_code == 409


async def test_an_agent_limited_to_a_unit_practises_too(desk: Desk) -> None:
    limits = {"units": ("B2",), "teams": ("hotline",)}
    visit = await begun(desk, "1003", **limits)
    sheet = await ask(desk, "GET", f"/agent/visits/{visit['id']}", "1003", claims=limits)
    assert sheet.status_code == 200


async def test_counters_lists_and_figures_are_as_they_were(desk: Desk) -> None:
    await desk.served.deliver(released("T1"))
    before = await counts(desk)
    visit = await begun(desk)
    assert await counts(desk) == before
    await attempt(desk, visit["id"], result="completed", answers=GOOD)
    assert await counts(desk) == before


async def counts(desk: Desk) -> list[object]:
    async with desk.served.client("supervisor") as client:
        stats = (await client.get("/api/v1/stats")).json()
    await desk.served.run_job("count-visits")
    tabs = [(await ask(desk, "GET", f"/agent/queue?tab={tab}")).text for tab in ("open", "callbacks", "mine", "done")]
    attempts = REGISTRY.get_sample_value("huifang_visits_attempts_total", {"result": "completed"})
    return [stats["by_state"], stats["by_team"], tabs, attempts]


async def test_the_line_is_not_asked_to_call_and_no_number_is_shown(desk: Desk) -> None:
    visit = await begun(desk)
    answer = await ask(desk, "POST", f"/api/v1/visits/{visit['id']}/reveal-phone", json={"reason": "dial"})
    assert (answer.status_code, answer.json()["title"]) == (404, "该客户没有可用的电话号码")


async def test_practice_that_an_integrator_sent_is_listed_by_its_name_and_handed_to_nobody(desk: Desk) -> None:
    await desk.served.deliver(released("T1", customer="practice:C1"), released("T2", customer="C2"))
    shown = (await ask(desk, "GET", "/agent/queue")).text
    assert shown.count("练习") == 1
    assert re.search(r'id="tab-open".*?<b>1</b>', shown, re.S)
    claimed = (await ask(desk, "POST", "/api/v1/visits/claim", json={"limit": 20})).json()["items"]
    assert [one["task_id"] for one in claimed] == ["T2"]
    async with desk.served.client("supervisor") as client:
        listed = (await client.get("/api/v1/visits")).json()["items"]
    assert {one["task_id"]: one["practice"] for one in listed} == {"T1": True, "T2": False}
    visit = next(one["id"] for one in listed if one["practice"])
    assert (await ask(desk, "POST", f"/api/v1/visits/{visit}/claim", json={})).status_code == 200
    assert (await ask(desk, "POST", f"/api/v1/visits/{visit}/dial")).json()["numbers"] == []


def test_a_practice_customers_id_is_told_by_itself_and_fits() -> None:
    assert practice_id("C1") == "practice:C1"
    assert practice_id(practice_id("C1")) == "practice:C1"
    long = practice_id("C" * 64)
    assert (len(long), is_practice(long)) == (64, True)
    assert practice_id("C" * 63 + "D") != long
    assert not is_practice("C1")
