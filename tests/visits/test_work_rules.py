"""The work rules are read, planned, set and kept in versions; every decision goes by those in force at its moment."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from services.visits.domain.results import RESULTS
from shared.clock import ManualClock
from tests.visits.conftest import HAPPY, Desk, open_desk, released

PATH = "/api/v1/work-rules"
OWN = {"code": "gate_shut", "title": "门禁进不去", "means": "no_answer", "group": "没见到人", "retry": {"hours": 5}}


async def shown(desk: Desk) -> tuple[dict[str, Any], str]:
    """The rules in force, with their entity tag."""
    async with desk.agent() as agent:
        answer = await agent.get(PATH)
    assert answer.status_code == 200, answer.text
    return answer.json(), answer.headers["ETag"]


async def put(desk: Desk, rules: dict[str, Any], tag: str | None = None, reason: str = "试行") -> Any:
    tag = tag or (await shown(desk))[1]
    async with desk.served.client("supervisor") as client:
        return await client.put(PATH, json={"rules": rules, "reason": reason}, headers={"If-Match": tag})


async def change(desk: Desk, **changes: Any) -> dict[str, Any]:
    rules = (await shown(desk))[0]["rules"] | changes
    answer = await put(desk, rules)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def coded(rules: dict[str, Any], code: str, **changes: Any) -> list[dict[str, Any]]:
    return [one | changes if one["code"] == code else one for one in rules["results"]]


async def test_the_first_rules_are_what_the_settings_say_and_are_stored_nowhere(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    async with open_desk(await service_dsn("visits"), clock, visit_most_attempts=5, visit_grace_days=0.5) as desk:
        told, tag = await shown(desk)
        assert (told["version"], told["at"], told["by"], tag) == (1, None, "", '"1"')
        assert (told["rules"]["most_attempts"], told["rules"]["grace"]) == (5, {"hours": 12})
        assert [one["code"] for one in told["rules"]["results"]] == list(RESULTS)
        async with desk.agent() as agent:
            assert [one["version"] for one in (await agent.get(f"{PATH}/versions")).json()["items"]] == [1]
            assert (await agent.get(f"{PATH}/versions/1")).json()["rules"] == told["rules"]
            assert (await agent.get(f"{PATH}/versions/2")).status_code == 404
        async with desk.served.runtime.db.read() as session:
            assert (await session.execute(text("SELECT count(*) FROM work_rules"))).scalar_one() == 0


async def test_rules_once_set_count_whatever_the_settings_become(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    dsn = await service_dsn("visits")
    async with open_desk(dsn, clock, visit_most_attempts=5) as desk:
        await change(desk, most_attempts=4)
    async with open_desk(dsn, clock, visit_most_attempts=9) as desk:
        assert (await shown(desk))[0]["rules"]["most_attempts"] == 4


async def test_a_change_is_a_version_with_who_when_and_why_and_is_audited(desk: Desk) -> None:
    before = (await shown(desk))[0]["rules"]
    answer = await put(desk, before | {"most_attempts": 4}, reason="客户投诉打得太少")
    assert answer.json()["changes"] == [{"field": "most_attempts", "before": 3, "after": 4}]
    assert (answer.json()["version"], answer.headers["ETag"]) == (2, '"2"')
    async with desk.served.client("auditor") as auditor:
        versions = (await auditor.get(f"{PATH}/versions")).json()["items"]
        audited = (await auditor.get("/api/v1/audit-log", params={"action": "work_rules.set"})).json()["items"]
        first = (await auditor.get(f"{PATH}/versions/1")).json()
    assert [(one["version"], one["by"], one["reason"]) for one in versions] == [
        (2, "key:test-supervisor", "客户投诉打得太少"),
        (1, "settings", "部署的设置（HUIFANG_VISIT_*）"),
    ]
    assert first["rules"] == before
    assert [(one["object"], one["detail"]["changed"]) for one in audited] == [("2", ["most_attempts"])]


async def test_the_same_again_makes_no_version_and_old_eyes_are_refused(desk: Desk) -> None:
    rules, tag = await shown(desk)
    same = await put(desk, rules["rules"])
    assert (same.json()["version"], same.json()["changes"]) == (1, [])
    await change(desk, most_attempts=4)
    late = await put(desk, rules["rules"] | {"most_attempts": 9}, tag)
    assert late.status_code == 412
    assert (await shown(desk))[0]["rules"]["most_attempts"] == 4


async def test_only_who_has_the_whole_organisation_in_charge_sets_them(desk: Desk) -> None:
    rules, tag = await shown(desk)
    body = {"rules": rules["rules"] | {"most_attempts": 4}, "reason": "试行"}
    for client, status in (
        (desk.agent(), 403),
        (desk.agent("9001", "supervisor", units=("B1",)), 403),
        (desk.agent("9002", "supervisor"), 200),
    ):
        async with client:
            assert (await client.put(PATH, json=body, headers={"If-Match": tag})).status_code == status


async def test_a_plan_tells_what_would_change_and_changes_nothing(desk: Desk) -> None:
    rules = (await shown(desk))[0]["rules"]
    await desk.served.deliver(released("T1", deadline_at="2026-03-01T10:00:00+08:00"))
    wanted = rules | {"grace": {"hours": 1}, "results": [one for one in rules["results"] if one["code"] != "busy"]}
    async with desk.served.client("supervisor") as client:
        told = (await client.post(f"{PATH}/plan", json={"rules": wanted})).json()
    assert {"field": "grace", "before": {"days": 7}, "after": {"hours": 1}} in told["changes"]
    assert {"field": "results.busy.retired", "before": False, "after": True} in told["changes"]
    assert told["warnings"] == [
        "占线（busy）没有写，改为停用：不能再选，以往的记录照常显示",
        "时限已过 grace 的 1 张未办结的单将随即按过期办结",
    ]
    assert (await shown(desk))[0]["version"] == 1


async def test_a_value_that_would_leave_visits_undecided_is_refused_in_chinese(desk: Desk) -> None:
    rules = (await shown(desk))[0]["rules"]
    refused = await put(desk, rules | {"results": coded(rules, "completed", retired=True)})
    assert (refused.status_code, refused.json()["title"]) == (422, "作业规则有误")
    assert "请保留 code: completed" in refused.json()["errors"][0]["message"]
    malformed = await put(desk, rules | {"grace": {"days": 1, "hours": 1}})
    assert malformed.json()["errors"] == [
        {"field": "body.rules.grace", "message": "写一种单位的时长，如 {minutes: 30}、{hours: 2} 或 {days: 1}"}
    ]


async def test_an_open_visit_goes_by_the_rules_in_force_at_each_attempt(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    rules = (await shown(desk))[0]["rules"]
    await change(desk, results=coded(rules, "no_answer", retry={"minutes": 50}))
    first = await desk.attempt(visit, result="no_answer")
    assert first.json()["next_at"] == "2026-03-02T02:50:00Z"  # 50 minutes after 10:00 +08:00
    await change(desk, most_attempts=1)
    desk.clock.advance(timedelta(hours=1))
    await desk.served.run_job("bring-back")
    async with desk.agent() as agent:
        assert (await agent.post(f"/api/v1/visits/{visit}/claim", json={})).status_code == 200
    last = await desk.attempt(visit, result="busy")
    assert (last.json()["state"], last.json()["ended"]) == ("failed", "unreachable")


async def test_jobs_go_by_the_rules_in_force(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    await desk.attempt(visit, result="callback_agreed", callback_at="2026-03-02T15:00:00+08:00")
    await change(desk, callback={**(await shown(desk))[0]["rules"]["callback"], "lead": {"hours": 2}})
    desk.clock.advance(timedelta(hours=3, minutes=1))
    assert await desk.served.run_job("bring-back") == 1
    await change(desk, grace={"days": 0})
    desk.clock.advance(timedelta(days=2))
    assert await desk.served.run_job("expire") == 1
    assert (await desk.visit(visit))["ended"] == "expired"


async def test_a_retired_code_is_refused_and_still_listed(desk: Desk) -> None:
    visit = await desk.claimed("T1")
    rules = (await shown(desk))[0]["rules"]
    told = await change(desk, results=[one for one in rules["results"] if one["code"] != "busy"])
    assert len(told["warnings"]) == 1
    refused = await desk.attempt(visit, result="busy")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:huifang:problem:result-not-selectable")
    assert "「占线」已停用，请改选：完成、" in refused.json()["detail"]
    async with desk.agent() as agent:
        listed = {code["code"]: code["retired"] for code in (await agent.get("/api/v1/result-codes")).json()}
        page = (await agent.get("/agent")).text
    assert listed["busy"]
    assert not listed["no_answer"]
    assert "\\u5360\\u7ebf" not in page  # 占线, as JSON in the page
    assert (await desk.attempt(visit, result="no_answer")).status_code == 201


async def test_a_code_of_ones_own_is_chosen_kept_told_and_shown(desk: Desk) -> None:
    rules = (await shown(desk))[0]["rules"]
    await change(desk, results=[*rules["results"], OWN])
    visit = await desk.claimed("T1")
    answer = await desk.attempt(visit, result="gate_shut")
    assert answer.status_code == 201, answer.text
    assert answer.json()["next_at"] == "2026-03-02T07:00:00Z"
    (attempt,) = (await desk.visit(visit))["history"]
    assert (attempt["result"], attempt["own_code"]) == ("no_answer", "gate_shut")
    (told,) = await desk.served.published("visit.attempted")
    assert (told.data["result"], told.data["own_code"], told.data["result_title"]) == (
        "no_answer",
        "gate_shut",
        "门禁进不去",
    )
    # it is used: leaving it out retires it, and what was recorded is still read by its name
    await change(desk, results=rules["results"])
    desk.clock.advance(timedelta(hours=6))
    await desk.served.run_job("bring-back")
    async with desk.agent() as agent:
        assert (await agent.post(f"/api/v1/visits/{visit}/claim", json={})).status_code == 200
        assert "门禁进不去" in (await agent.get(f"/agent/visits/{visit}/aside")).text
    assert (await desk.attempt(visit, result="gate_shut")).status_code == 422


async def test_corrections_and_codes_to_answer_by_go_by_the_rules(desk: Desk) -> None:
    rules = (await shown(desk))[0]["rules"]
    await change(desk, correct_within={"minutes": 1}, self_answer={"after": ["busy"], "code_lives": {"hours": 5}})
    done = await desk.claimed("T1")
    await desk.attempt(done, result="completed", answers=HAPPY)
    desk.clock.advance(timedelta(minutes=2))
    async with desk.agent() as agent:
        late = await agent.post(
            f"/api/v1/visits/{done}/correct",
            json={"answers": HAPPY | {"satisfaction": "dissatisfied"}, "reason": "选错"},
            headers=await desk.seen(done),
        )
    assert late.json()["type"] == "urn:huifang:problem:correction-too-late"
    tried = await desk.claimed("T2", customer="C2")
    await desk.attempt(tried, result="busy")
    (invited,) = await desk.served.published("visit.invited")
    assert invited.data["expires_at"] == "2026-03-02T07:02:00Z"
    assert rules["self_answer"]["after"] == []
