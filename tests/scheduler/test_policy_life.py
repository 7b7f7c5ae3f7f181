"""The life of policies: draft, published from a moment on, retired; running tasks keep their version."""

from datetime import timedelta
from typing import Any

import pytest

from shared.clock import ManualClock
from shared.testing import Served, event
from tests.scheduler.builders import as_yaml, contents
from tests.scheduler.conftest import apply
from tests.scheduler.test_api import get, switch
from tests.scheduler.test_handlers import rows, sent

NEXT_DAY = {"delay": {"days": 1}, "deadline": {"working_days": 3}}
LATER = "2026-03-10T00:00:00+08:00"
VERSIONS = "SELECT event_id, policy_version FROM task ORDER BY 1"
KINDS = {
    "kinds/tenants.yaml": as_yaml(
        {
            "kinds": [
                {
                    "event": "tenant.moved_in",
                    "title": "租户入驻",
                    "schema": {
                        "type": "object",
                        "required": ["lease_no"],
                        "properties": {"lease_no": {"type": "string"}},
                    },
                }
            ]
        }
    )
}


async def post(served: Served, path: str, body: Any, status: int = 200, **headers: str) -> Any:
    async with served.client("policy_owner", **headers) as client:
        answer = await client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


async def draft(served: Served, files: dict[str, str], **more: Any) -> str:
    added = await post(served, "/api/v1/drafts", {"name": "test", "files": files, **more}, 201)
    return str(added["id"])


async def test_a_draft_decides_nothing_until_it_is_published(empty: Served) -> None:
    draft_id = await draft(empty, contents({"id": "a", **NEXT_DAY}), note="等主管确认 13800138000")
    await empty.deliver(sent("repair.closed", id="e1"))
    (listed,) = (await get(empty, "/api/v1/drafts", state="open"))["items"]
    assert (listed["id"], listed["state"], listed["note"]) == (draft_id, "open", "等主管确认 138****8000")
    detail = await get(empty, f"/api/v1/drafts/{draft_id}")
    assert [(one["id"], one["result"]) for one in detail["plan"]["policies"]] == [("a", "created")]
    published = await post(empty, f"/api/v1/drafts/{draft_id}/publish", {})
    assert published["policies"][0]["result"] == "created"
    await empty.deliver(sent("repair.closed", "C2", id="e2"))
    assert await rows(empty, VERSIONS) == [("e2", 1)]
    assert (await get(empty, f"/api/v1/drafts/{draft_id}"))["state"] == "published"


async def test_a_draft_is_settled_once(empty: Served) -> None:
    draft_id = await draft(empty, contents({"id": "a"}))
    await post(empty, f"/api/v1/drafts/{draft_id}/discard", None, 204)
    problem = await post(empty, f"/api/v1/drafts/{draft_id}/publish", {}, 409)
    assert (problem["title"], problem["detail"]) == ("草稿已处理", "草稿已放弃")
    missing = await post(empty, "/api/v1/drafts/0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b/publish", {}, 404)
    assert missing["title"] == "没有这份草稿"
    assert await rows(empty, "SELECT action FROM audit_log ORDER BY id") == [("draft.added",), ("draft.discarded",)]


async def test_a_draft_must_be_without_mistakes(empty: Served) -> None:
    problem = await post(empty, "/api/v1/drafts", {"name": "test", "files": contents({"rate": 200})}, 422)
    assert problem["errors"][0]["key"] == "policies[0].rate"


async def test_a_version_of_a_later_moment_decides_by_the_facts_time(empty: Served, clock: ManualClock) -> None:
    await apply(empty, contents({"id": "a", **NEXT_DAY}))
    draft_id = await draft(empty, contents({"id": "a", "team": "x", **NEXT_DAY}))
    published = await post(empty, f"/api/v1/drafts/{draft_id}/publish", {"valid_from": LATER})
    assert [one["text"] for one in published["policies"][0]["differences"]] == [
        "班组编号（team）：（无） → x",
        "生效时间（valid_from）：立即 → 2026-03-10 00:00 (周二)",
    ]
    await empty.deliver(sent("repair.closed", "C1", id="e1"))
    clock.advance(timedelta(days=9))
    await empty.deliver(
        sent("repair.closed", "C2", id="e2", at=timedelta(days=9)), sent("repair.closed", "C3", id="e3")
    )
    assert await rows(empty, VERSIONS) == [("e1", 1), ("e2", 2), ("e3", 1)]
    policy = await get(empty, "/api/v1/policies/a")
    assert (policy["version"], policy["valid_from"]) == (2, "2026-03-09T16:00:00Z")


async def test_a_policy_that_is_not_yet_valid_plans_nothing(empty: Served) -> None:
    await post(empty, "/api/v1/packs", {"name": "test", "files": contents({"id": "a"}), "valid_from": LATER})
    await empty.deliver(sent("repair.closed", id="e1"))
    assert await rows(empty, "SELECT outcome FROM decision") == [("no_policy_matches",)]


async def test_publishing_now_replaces_what_was_to_come(empty: Served) -> None:
    await apply(empty, contents({"id": "a", **NEXT_DAY}))
    await post(
        empty, "/api/v1/packs", {"name": "test", "files": contents({"id": "a", "team": "x"}), "valid_from": LATER}
    )
    assert await apply(empty, contents({"id": "a", "team": "y", **NEXT_DAY})) == {"a": "changed"}
    await empty.deliver(sent("repair.closed", id="e1", at=timedelta(days=20)))
    assert await rows(empty, VERSIONS) == [("e1", 3)]


async def test_a_moment_that_has_passed_is_refused(empty: Served) -> None:
    body = {"name": "test", "files": contents({"id": "a"}), "valid_from": "2026-03-01T00:00"}
    problem = await post(empty, "/api/v1/packs", body, 422)
    assert problem["title"] == "生效时间应晚于现在"


async def test_a_plan_changes_nothing(empty: Served) -> None:
    await apply(empty, contents({"id": "a", "rate": 20}, {"id": "b"}) | KINDS)
    files = contents({"id": "a", "rate": 30}, {"id": "c"})
    planned = await post(empty, "/api/v1/packs/plan", {"name": "test", "files": files})
    assert {one["id"]: one["result"] for one in planned["policies"]} == {
        "a": "changed",
        "c": "created",
        "b": "withdrawn",
    }
    assert planned["policies"][0]["differences"][0]["text"] == "回访多少（rate）：20% → 30%"
    assert planned["kinds"] == [{"event": "tenant.moved_in", "result": "withdrawn"}]
    assert await rows(empty, "SELECT count(*) FROM policy_version") == [(2,)]
    assert await rows(empty, "SELECT count(*) FROM event_kind") == [(1,)]


async def retire(served: Served, policy: str, status: int = 200, **body: Any) -> Any:
    async with served.client("policy_owner") as client:
        tag = (await client.get(f"/api/v1/policies/{policy}")).headers["ETag"]
    path = f"/api/v1/policies/{policy}/retire"
    return await post(served, path, {"reason": "制度已修订", **body}, status, **{"If-Match": tag})


async def test_a_retired_policy_decides_nothing_and_comes_back_with_its_pack_only(empty: Served) -> None:
    files = contents({"id": "a", **NEXT_DAY})
    await apply(empty, files)
    await empty.deliver(sent("repair.closed", id="e1"))
    retired = await retire(empty, "a")
    assert (retired["enabled"], retired["valid_until"]) == (False, "2026-03-02T02:00:00Z")
    await empty.deliver(sent("repair.closed", "C2", id="e2"))
    assert (await switch(empty, "a", "enable")).json()["title"] == "策略已废止"
    assert await apply(empty, files) == {"a": "restored"}
    await empty.deliver(sent("repair.closed", "C3", id="e3"))
    assert await rows(empty, VERSIONS) == [("e1", 1), ("e3", 2)]
    assert await rows(empty, "SELECT detail ->> 'reason' FROM audit_log WHERE action = 'policy.retired'") == [
        ("制度已修订",)
    ]


async def test_a_policy_may_be_retired_from_a_later_moment_on(empty: Served) -> None:
    await apply(empty, contents({"id": "a", **NEXT_DAY}))
    assert (await retire(empty, "a", at=LATER))["enabled"] is True
    await empty.deliver(
        sent("repair.closed", "C1", id="e1"), sent("repair.closed", "C2", id="e2", at=timedelta(days=9))
    )
    assert await rows(empty, VERSIONS) == [("e1", 1)]
    assert (await retire(empty, "a", 409))["title"] == "策略已废止"


async def test_a_tasks_version_can_be_read_and_compared(empty: Served) -> None:
    await apply(empty, contents({"id": "a", "rate": 20}))
    await apply(empty, contents({"id": "a", "rate": 30}))
    assert (await get(empty, "/api/v1/policies/a/versions/1"))["content"]["rate"] == 20
    diff = await get(empty, "/api/v1/policies/a/diff", **{"from": 1, "to": 2})
    assert [one["text"] for one in diff["differences"]] == ["回访多少（rate）：20% → 30%"]
    async with empty.client("auditor") as client:
        missing = await client.get("/api/v1/policies/a/versions/3")
    assert (missing.status_code, missing.json()["title"]) == (404, "策略没有这个版本")


async def test_a_kind_of_a_pack_is_decided_on_and_its_data_judged(empty: Served) -> None:
    await apply(empty, contents({"id": "a", "events": ["tenant.moved_in"], **NEXT_DAY}) | KINDS)
    customer = {"customer": {"id": "C1", "name": "陈静"}}
    await empty.deliver(
        event("tenant.moved_in", {"lease_no": "L-1", **customer}, id="e1"),
        event("tenant.moved_in", {"lease_no": 7, **customer}, id="e2"),
    )
    assert await empty.dead_letters() == []
    assert await rows(empty, "SELECT event_id, outcome, details -> 0 ->> 'reason' FROM decision ORDER BY 1") == [
        ("e1", "planned", None),
        ("e2", "malformed", "lease_no 应为文字"),
    ]
    (task,) = (await get(empty, "/api/v1/tasks"))["items"]
    assert task["matters"][0]["title"] == "租户入驻"
    assert [kind["event"] for kind in (await get(empty, "/api/v1/event-kinds"))["items"]] == ["tenant.moved_in"]
    (decision,) = (await get(empty, "/api/v1/decisions", event_id="e2"))["items"]
    assert decision["explanation"][1] == "数据有误：lease_no 应为文字。"


async def test_data_that_are_no_facts_of_their_kind_are_decided_on_for_a_known_customer_too(empty: Served) -> None:
    await apply(empty, contents({"id": "a", "events": ["tenant.moved_in"], **NEXT_DAY}) | KINDS)
    customer = {"customer": {"id": "C1", "name": "陈静"}}
    await empty.deliver(event("tenant.moved_in", {"lease_no": "L-1", **customer}, id="e1"))
    await empty.deliver(event("tenant.moved_in", {"lease_no": 7, **customer}, id="e2"))
    assert await empty.dead_letters() == []
    assert await rows(empty, "SELECT event_id, outcome FROM decision ORDER BY 1") == [
        ("e1", "planned"),
        ("e2", "malformed"),
    ]


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        ("supervisor", "GET", "/api/v1/drafts", 200),
        ("supervisor", "POST", "/api/v1/drafts", 403),
        ("supervisor", "POST", "/api/v1/packs/plan", 403),
        ("supervisor", "POST", "/api/v1/policies/a/retire", 403),
        ("ops", "GET", "/api/v1/drafts", 403),
        ("auditor", "GET", "/api/v1/event-kinds", 200),
        ("agent", "GET", "/api/v1/policies/a/diff?from=1&to=2", 404),
    ],
)
async def test_roles_may_do_what_is_theirs(empty: Served, role: str, method: str, path: str, status: int) -> None:
    async with empty.client(role, **{"If-Match": '"1"'}) as client:
        answer = await client.request(method, path, json={"reason": "x"} if method == "POST" else None)
    assert answer.status_code == status, answer.text
