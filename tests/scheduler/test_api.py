from datetime import timedelta
from typing import Any

import pytest
import yaml

from shared.clock import ManualClock
from shared.testing import Served, event
from tests.scheduler.builders import at, contents
from tests.scheduler.conftest import apply, pack_files
from tests.scheduler.test_handlers import rows, sent

NEXT_DAY = {"delay": {"days": 1}, "deadline": {"working_days": 3}}


async def get(served: Served, path: str, role: str = "auditor", **query: Any) -> Any:
    async with served.client(role) as client:
        answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_the_same_pack_makes_no_new_version(empty: Served) -> None:
    files = contents({"id": "a"}, {"id": "b"})
    assert await apply(empty, files) == {"a": "created", "b": "created"}
    assert await apply(empty, files) == {"a": "unchanged", "b": "unchanged"}
    assert await rows(empty, "SELECT count(*) FROM policy_version") == [(2,)]


async def test_changes_make_new_versions_and_what_is_gone_is_disabled(empty: Served) -> None:
    await apply(empty, contents({"id": "a"}, {"id": "b"}))
    assert await apply(empty, contents({"id": "a", "rate": 20})) == {"a": "changed", "b": "withdrawn"}
    detail = await get(empty, "/api/v1/policies/a")
    assert detail["version"] == 2
    assert [(v["version"], v["content"]["rate"]) for v in detail["versions"]] == [(2, 20.0), (1, 100.0)]
    assert {p["id"]: p["enabled"] for p in (await get(empty, "/api/v1/policies"))["items"]} == {"a": True, "b": False}


async def test_a_changed_policy_stays_disabled_when_it_was(empty: Served) -> None:
    await apply(empty, contents({"id": "a"}))
    await switch(empty, "a", "disable")
    await apply(empty, contents({"id": "a", "rate": 20}))
    assert not (await get(empty, "/api/v1/policies/a"))["enabled"]


async def test_a_task_keeps_the_version_it_was_planned_with(empty: Served) -> None:
    await apply(empty, contents({"id": "a", **NEXT_DAY}))
    await empty.deliver(sent("repair.closed", id="e1"))
    await apply(empty, contents({"id": "a", "team": "x", **NEXT_DAY}))
    await empty.deliver(sent("repair.closed", "C2", id="e2"))
    assert await rows(empty, "SELECT event_id, policy_version FROM task ORDER BY 1") == [("e1", 1), ("e2", 2)]


async def test_a_pack_may_come_as_yaml(empty: Served) -> None:
    body = yaml.safe_dump({"name": "test", "files": contents({})}, allow_unicode=True)
    async with empty.client("policy_owner") as client:
        answer = await client.post("/api/v1/packs", content=body.encode(), headers={"Content-Type": "application/yaml"})
    assert answer.status_code == 200
    assert [(one["id"], one["result"]) for one in answer.json()["policies"]] == [("p1", "created")]


async def test_a_pack_with_mistakes_changes_nothing_and_tells_them(empty: Served) -> None:
    async with empty.client("policy_owner") as client:
        files = contents({"id": "a"}, {"id": "b", "rate": 200})
        answer = await client.post("/api/v1/packs", json={"name": "test", "files": files})
        garbage = await client.post("/api/v1/packs", content=b"[")
        bomb = await client.post("/api/v1/packs", content=b"{name: &a x, files: {b: *a}}")
        listed = await client.post("/api/v1/packs", json=["name"])
    assert answer.status_code == 422
    assert answer.json()["title"] == "策略包有误"
    assert answer.json()["errors"][0]["key"] == "policies[1].rate"
    assert (garbage.status_code, bomb.status_code, listed.status_code) == (400, 400, 422)
    assert (await get(empty, "/api/v1/policies"))["items"] == []


async def test_a_pack_cannot_take_another_packs_policy(empty: Served) -> None:
    await apply(empty, contents({"id": "a"}))
    files = contents({"id": "a"}, name="other")
    async with empty.client("policy_owner") as client:
        answer = await client.post("/api/v1/packs", json={"name": "other", "files": files})
    assert (answer.status_code, answer.json()["title"]) == (409, "策略编号已属于另一个策略包")


async def test_an_idempotency_key_gives_the_first_answer_again(empty: Served) -> None:
    async with empty.client("policy_owner", **{"Idempotency-Key": "k1"}) as client:
        body = {"name": "test", "files": contents({})}
        first, second = [await client.post("/api/v1/packs", json=body) for _ in range(2)]
    assert first.json() == second.json()
    assert first.json()["policies"][0]["result"] == "created"


async def switch(served: Served, policy: str, action: str, seen: str | None = None) -> Any:
    async with served.client("policy_owner") as client:
        tag = seen or (await client.get(f"/api/v1/policies/{policy}")).headers["ETag"]
        return await client.post(f"/api/v1/policies/{policy}/{action}", headers={"If-Match": tag})


async def test_a_disabled_policy_decides_nothing_until_it_is_enabled(empty: Served) -> None:
    await apply(empty, contents({"id": "a"}))
    assert (await switch(empty, "a", "disable")).json()["enabled"] is False
    await empty.deliver(sent("repair.closed", id="e1"))
    assert (await switch(empty, "a", "enable")).json()["enabled"] is True
    await empty.deliver(sent("repair.closed", id="e2"))
    assert await rows(empty, "SELECT event_id, outcome FROM decision ORDER BY 1") == [
        ("e1", "no_policy_matches"),
        ("e2", "planned"),
    ]


async def test_switching_needs_what_was_last_read(empty: Served) -> None:
    await apply(empty, contents({"id": "a"}))
    assert (await switch(empty, "a", "disable", '"7"')).status_code == 412
    assert (await switch(empty, "none", "disable", '"1"')).status_code == 404
    async with empty.client("policy_owner") as client:
        assert (await client.post("/api/v1/policies/a/disable")).status_code == 428


async def test_a_decision_is_found_by_the_senders_event_id(served: Served) -> None:
    await served.deliver(sent("repair.closed", id="WX-1"), sent("meter.read", "C9", id="X-1"))
    (decision,) = (await get(served, "/api/v1/decisions", event_id="WX-1"))["items"]
    assert decision["outcome"] == "planned"
    assert decision["reason"] == "已计划回访"
    assert any("维修单全部回访" in sentence for sentence in decision["explanation"])
    assert (await get(served, "/api/v1/decisions", event_id="WX-1", source="/other"))["items"] == []
    assert (await get(served, "/api/v1/decisions", event_id="none"))["items"] == []


async def test_a_tasks_decisions_are_all_that_led_to_it(served: Served) -> None:
    await served.deliver(
        sent("repair.closed", id="e1"), sent("repair.closed", id="e2"), sent("repair.closed", "C2", id="e3")
    )
    (task,) = (await get(served, "/api/v1/tasks", customer_id="C1"))["items"]
    found = (await get(served, "/api/v1/decisions", task_id=task["id"]))["items"]
    assert {one["event_id"] for one in found} == {"e1", "e2"}


async def test_a_customers_decisions_come_page_by_page_newest_first(served: Served) -> None:
    await served.deliver(*(sent("repair.closed", id=f"e{n}", at=timedelta(minutes=n)) for n in range(5)))
    seen, cursor = [], ""
    while cursor is not None:
        page = await get(
            served, "/api/v1/decisions", customer_id="C1", limit=2, **({"cursor": cursor} if cursor else {})
        )
        seen += [one["event_id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ["e4", "e3", "e2", "e1", "e0"]


async def test_decisions_are_asked_for_by_something(served: Served) -> None:
    async with served.client("auditor") as client:
        assert (await client.get("/api/v1/decisions")).status_code == 422
        assert (await client.get("/api/v1/decisions", params={"source": "/test"})).status_code == 422


async def test_a_tried_event_leaves_no_trace(served: Served) -> None:
    await served.deliver(sent("repair.closed", id="e1"))
    tried = {"id": "t1", "type": "repair.closed", "data": sent("repair.closed").data}
    async with served.client("policy_owner") as client:
        answer = await client.post("/api/v1/policies/try", json=tried)
    assert answer.status_code == 200
    assert answer.json()["outcome"] == "merged"
    assert answer.json()["decided_at"] is None
    assert await rows(served, "SELECT count(*) FROM decision") == [(1,)]
    assert len(await served.published()) == 1


async def test_tasks_are_listed_by_due_time_with_filters(served: Served) -> None:
    events = [sent("repair.closed", f"C{n}", id=f"e{n}", at=timedelta(days=n)) for n in range(4)]
    await served.deliver(*events)
    seen, cursor = [], ""
    while cursor is not None:
        page = await get(served, "/api/v1/tasks", limit=3, **({"cursor": cursor} if cursor else {}))
        seen += [task["customer_id"] for task in page["items"]]
        cursor = page["next_cursor"]
    assert seen == ["C0", "C1", "C2", "C3"]
    assert (await get(served, "/api/v1/tasks", state="done"))["items"] == []
    due = await get(served, "/api/v1/tasks", due_from="2026-03-04T00:00:00", due_to="2026-03-05T00:00:00")
    assert [task["customer_id"] for task in due["items"]] == ["C1"]
    (task,) = (await get(served, "/api/v1/tasks", customer_id="C2", state="planned"))["items"]
    assert await get(served, f"/api/v1/tasks/{task['id']}") == task
    assert "facts" not in task["matters"][0]
    assert "sealed:" not in str(task)


async def test_a_planned_task_can_be_called_off_by_hand_once(served: Served, clock: ManualClock) -> None:
    await served.deliver(sent("repair.closed"))
    (task,) = (await get(served, "/api/v1/tasks"))["items"]
    async with served.client("supervisor") as client:
        path = f"/api/v1/tasks/{task['id']}/cancel"
        first = await client.post(path, json={"reason": "客户已来电", "lawful": True})
        second = await client.post(path, json={"reason": "再取消"})
        missing = await client.post(f"/api/v1/tasks/{task['id'][:-1]}0/cancel", json={"reason": "无"})
    assert (first.status_code, second.status_code, missing.status_code) == (200, 409, 404)
    assert first.json()["state_name"] == "已取消"
    (cancelled,) = await served.published("followup.cancelled")
    assert (cancelled.data["reason"], cancelled.data["lawful"]) == ("by_hand", True)
    clock.advance(timedelta(days=1))
    assert await served.run_job("release") == 0
    assert await rows(served, "SELECT action, detail ->> 'reason' FROM audit_log WHERE action LIKE 'task%'") == [
        ("task.cancelled", "客户已来电")
    ]


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        (None, "GET", "/api/v1/policies", 401),
        ("agent", "GET", "/api/v1/decisions?event_id=x", 200),
        ("integrator", "GET", "/api/v1/decisions?event_id=x", 200),
        ("ops", "GET", "/api/v1/decisions?event_id=x", 403),
        ("supervisor", "GET", "/api/v1/policies", 200),
        ("supervisor", "POST", "/api/v1/packs", 403),
        ("agent", "POST", "/api/v1/policies/try", 403),
        ("integrator", "POST", "/api/v1/policies/a/enable", 403),
        ("agent", "POST", "/api/v1/tasks/019cac46-1500-8e9c-885b-274502255e31/cancel", 403),
        ("agent", "GET", "/api/v1/tasks/019cac46-1500-8e9c-885b-274502255e31", 404),
        ("policy_owner", "GET", "/api/v1/policies/none", 404),
    ],
)
async def test_roles_may_do_what_is_theirs(
    empty: Served, role: str | None, method: str, path: str, status: int
) -> None:
    async with empty.client(role) as client:
        answer = await client.request(method, path, json={"type": "x", "reason": "x"}, headers={"If-Match": '"1"'})
    assert answer.status_code == status, answer.text


async def test_the_interface_is_described_in_chinese_with_examples(empty: Served) -> None:
    openapi = await get(empty, "/openapi.json")
    operations = [one for path in openapi["paths"].values() for one in path.values()]
    mine = [one for one in operations if set(one.get("tags", ())) & {"策略", "决定", "回访任务"}]
    assert mine
    assert all(any("一" <= char <= "鿿" for char in one["summary"]) for one in mine)
    assert "r01" not in str(openapi["paths"])


async def test_metrics_tell_decisions_and_tasks(served: Served, clock: ManualClock) -> None:
    await served.deliver(sent("repair.closed"))
    clock.advance(timedelta(days=1))
    await served.run_job("release")
    async with served.client("ops") as client:
        said = (await client.get("/metrics")).text
    assert 'huifang_scheduler_decisions_total{outcome="planned"}' in said
    assert 'huifang_scheduler_tasks_total{state="released"}' in said
    assert "huifang_scheduler_release_lateness_seconds_bucket" in said


async def test_the_demo_pack_can_be_applied_again_and_again(served: Served) -> None:
    assert set((await apply(served, pack_files(), "r01-gas")).values()) == {"unchanged"}


async def test_decisions_are_counted_by_outcome(served: Served) -> None:
    await served.deliver(event("weather.rained", key=""), event("com.example.unknown.v1", {"x": 1}, key="C9"))
    async with served.client("auditor") as client:
        counted = (await client.get("/api/v1/decisions/stats")).json()
        later = (await client.get("/api/v1/decisions/stats", params={"from": "2099-01-01"})).json()
    assert counted == {"no_policy_matches": 2}
    assert later == {}


async def test_decisions_are_counted_of_the_last_month_unless_more_is_asked_for(served: Served) -> None:
    long_ago = at("2026-01-15 10:00")
    await served.deliver(event("weather.rained", key=""), event("weather.rained", key="", time=long_ago))
    async with served.client("auditor") as client:
        counted = (await client.get("/api/v1/decisions/stats")).json()
        all_of_them = (await client.get("/api/v1/decisions/stats", params={"from": "2026-01-01"})).json()
        then = (await client.get("/api/v1/decisions/stats", params={"to": "2026-01-20"})).json()
    assert (counted, all_of_them, then) == (
        {"no_policy_matches": 1},
        {"no_policy_matches": 2},
        {"no_policy_matches": 1},
    )
