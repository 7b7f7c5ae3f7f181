from typing import Any

import httpx
import pytest

from shared.clock import ManualClock
from shared.testing import Served, event
from tests.complaints.builders import DAY, dissatisfied

CASES = "/api/v1/cases"
NEW = {
    "customer": {"id": "C1", "name": "陈静", "phone": "13800138000"},
    "description": "来电反映抄表员态度差，回电 13900139000",
    "branch": "CD",
}


async def opened(served: Served, role: str = "agent", **changes: Any) -> dict[str, Any]:
    async with served.client(role) as client:
        answer = await client.post(CASES, json=NEW | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def act(
    served: Served, case: dict[str, Any], what: str, body: dict[str, Any], role: str = "supervisor"
) -> httpx.Response:
    async with served.client(role) as client:
        return await client.post(
            f"{CASES}/{case['id']}/{what}", json=body, headers={"If-Match": f'"{case["version"]}"'}
        )


async def done(served: Served, case: dict[str, Any], what: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await act(served, case, what, body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'
    return answer.json()  # type: ignore[no-any-return]


async def read(served: Served, case: dict[str, Any], role: str = "supervisor") -> dict[str, Any]:
    async with served.client(role) as client:
        answer = await client.get(f"{CASES}/{case['id']}")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def test_a_case_opened_by_hand_belongs_to_its_taker_and_shows_no_whole_phone(served: Served) -> None:
    case = await opened(served)
    assert (case["owner"], case["state"], case["responsible_unit"]) == ("key:test-agent", "opened", "CD")
    assert case["customer"]["phone_masked"] == "138****8000"
    whole = str(await read(served, case))
    assert "13800138000" not in whole
    assert "13900139000" not in whole
    assert "sealed:" not in whole
    (sent,) = await served.published("complaint.opened")
    assert sent.data["customer"]["phone"].startswith("sealed:v1:")


async def test_repeating_an_idempotency_key_opens_one_case(served: Served) -> None:
    async with served.client("agent", **{"Idempotency-Key": "k1"}) as client:
        first = await client.post(CASES, json=NEW)
        again = await client.post(CASES, json=NEW)
        other = await client.post(CASES, json=NEW | {"branch": "CX"})
    assert first.json() == again.json()
    assert again.headers["ETag"] == first.headers["ETag"]
    assert other.status_code == 422
    assert len(await served.published("complaint.opened")) == 1


async def test_the_whole_life_of_a_case_is_in_its_timeline(served: Served, clock: ManualClock) -> None:
    case = await opened(served)
    case = await done(served, case, "assign", {"unit": "CD", "owner": "E1"})
    case = await done(served, case, "promise", {"next_reply_at": "2026-03-03T10:00:00+08:00"})
    case = await done(served, case, "resolve", {"measures": "已致歉"})
    case = await done(served, case, "reopen", {"reason": "客户未收到致歉"})
    case = await done(served, case, "escalate", {})
    case = await done(served, case, "resolve", {"measures": "上门致歉"})
    case = await done(served, case, "close", {"reason": "已面谈", "customer_opinion": "认可"})
    case = await done(served, case, "remarks", {"text": "已复核"})
    assert (case["state"], case["outcome"], case["round"], case["level"]) == ("closed", "by_hand", 2, 1)
    whole = await read(served, case, "auditor")
    assert [line["what"] for line in whole["timeline"]] == [
        "opened", "assigned", "promised", "resolved", "reopened", "escalated", "resolved", "closed", "remarked",
    ]  # fmt: skip
    assert {line["actor"] for line in whole["timeline"][1:]} == {"key:test-supervisor"}
    names = [sent.name for sent in await served.published()]
    assert names == [
        "complaint.opened", "complaint.assigned", "complaint.resolved", "complaint.reopened",
        "complaint.escalated", "complaint.resolved", "complaint.closed",
    ]  # fmt: skip


async def test_the_countdown_runs_in_working_time(served: Served, clock: ManualClock) -> None:
    case = await opened(served)
    assert case["remaining_working_seconds"] == 3 * 7 * 3600
    clock.advance(4 * DAY)
    late = await read(served, case)
    assert late["overdue"] is True
    assert late["remaining_working_seconds"] == -7 * 3600


async def test_a_rejected_case_is_final_and_says_so_in_chinese(served: Served) -> None:
    case = await done(served, await opened(served), "reject", {"reason": "重复登记"})
    answer = await act(served, case, "assign", {"unit": "CD"})
    assert answer.status_code == 409
    assert (answer.json()["code"] if "code" in answer.json() else answer.json()["type"]).endswith("case-is-final")
    assert answer.json()["title"] == "投诉已闭环或已驳回，不能再改"


@pytest.mark.parametrize("what", ["reject", "reopen", "close"])
async def test_a_reason_is_required(served: Served, what: str) -> None:
    answer = await act(served, await opened(served), what, {"reason": "  "})
    assert answer.status_code == 422


async def test_closing_without_the_customers_opinion_is_refused(served: Served) -> None:
    answer = await act(served, await opened(served), "close", {"reason": "办结"})
    assert (answer.status_code, answer.json()["title"]) == (409, "尚未征求客户意见，不能办结")


async def test_a_change_needs_the_newest_version(served: Served) -> None:
    case = await opened(served)
    await done(served, case, "assign", {"unit": "CD"})
    assert (await act(served, case, "resolve", {"measures": "m"})).status_code == 412
    async with served.client("supervisor") as client:
        answer = await client.post(f"{CASES}/{case['id']}/resolve", json={"measures": "m"})
    assert answer.status_code == 428


@pytest.mark.parametrize(
    ("role", "reads", "opens", "changes"),
    [
        ("agent", 200, 201, 403),
        ("supervisor", 200, 201, 200),
        ("auditor", 200, 403, 403),
        ("admin", 200, 201, 200),
        ("integrator", 403, 403, 403),
        ("ops", 403, 403, 403),
        (None, 401, 401, 401),
    ],
)
async def test_roles_may_do_what_is_theirs(
    served: Served, role: str | None, reads: int, opens: int, changes: int
) -> None:
    case = await opened(served)
    headers = {"If-Match": f'"{case["version"]}"'}
    async with served.client(role) as client:
        assert (await client.get(CASES)).status_code == reads
        assert (await client.get(f"{CASES}/{case['id']}")).status_code == reads
        assert (await client.get("/api/v1/stats")).status_code == reads
        assert (await client.post(CASES, json=NEW)).status_code == opens
        path = f"{CASES}/{case['id']}/assign"
        assert (await client.post(path, json={"unit": "CD"}, headers=headers)).status_code == changes


async def test_a_caller_limited_to_units_sees_only_theirs(served: Served, clock: ManualClock) -> None:
    from shared.auth import Role, issue_token

    here, there = await opened(served, unit="CD"), await opened(served, branch="CX", unit="CX")
    secret = served.runtime.settings.jwt_secret
    assert secret is not None
    token = issue_token(secret.get_secret_value(), "boss", Role.SUPERVISOR, 4e9, units=["CD"])
    async with served.client(None, Authorization=f"Bearer {token}") as client:
        assert [case["id"] for case in (await client.get(CASES)).json()["items"]] == [here["id"]]
        assert (await client.get(f"{CASES}/{there['id']}")).status_code == 404
        assert (await client.get("/api/v1/stats")).json()["total"] == 1
        headers = {"If-Match": f'"{there["version"]}"'}
        answer = await client.post(f"{CASES}/{there['id']}/reject", json={"reason": "r"}, headers=headers)
        assert answer.status_code == 404
        bulk = await client.post(f"{CASES}/assign", json={"ids": [here["id"], there["id"]], "unit": "CD"})
        assert [item["assigned"] for item in bulk.json()["items"]] == [True, False]


async def test_lists_filter_and_page_without_losing_anything(served: Served, clock: ManualClock) -> None:
    for number in range(5):
        await opened(served, customer={"id": f"C{number}"}, grade="major" if number % 2 else "general")
    async with served.client("agent") as client:

        async def ids(**query: Any) -> list[str]:
            answer = await client.get(CASES, params=query)
            assert answer.status_code == 200, answer.text
            return [case["customer"]["id"] for case in answer.json()["items"]]

        assert await ids(grade="major") == ["C3", "C1"]
        assert await ids(customer_id="C2") == ["C2"]
        assert await ids(unit="CX") == []
        assert len(await ids(state=["opened", "assigned"])) == 5
        assert await ids(state="closed") == []
        clock.advance(DAY * 1.5)
        assert await ids(overdue=True) == ["C3", "C1"]
        assert await ids(overdue=False) == ["C4", "C2", "C0"]

        seen: list[str] = []
        cursor = None
        while True:
            page = (await client.get(CASES, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
            seen += [case["customer"]["id"] for case in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert seen == ["C4", "C3", "C2", "C1", "C0"]
        assert (await client.get(CASES, params={"cursor": "WzEsMl0"})).status_code == 422


async def test_bulk_assignment_tells_what_it_could_not_do(served: Served) -> None:
    one, two = await opened(served), await opened(served)
    final = await done(served, two, "reject", {"reason": "r"})
    missing = "01993f0e-6d6c-7c4e-9a52-7f1f0c2f7a11"
    async with served.client("supervisor") as client:
        answer = await client.post(f"{CASES}/assign", json={"ids": [one["id"], final["id"], missing], "unit": "CX"})
    assert answer.json()["items"] == [
        {"id": one["id"], "assigned": True, "problem": ""},
        {"id": final["id"], "assigned": False, "problem": "投诉已闭环或已驳回，不能再改"},
        {"id": missing, "assigned": False, "problem": "没有这个投诉"},
    ]
    assert (await read(served, one))["responsible_unit"] == "CX"


async def test_the_statistics_sheet_counts_cases_by_state_grade_and_unit(served: Served, clock: ManualClock) -> None:
    await opened(served, grade="major")
    await done(served, await opened(served, unit="CX"), "reject", {"reason": "r"})
    clock.advance(2 * DAY)
    async with served.client("supervisor") as client:
        sheet = (await client.get("/api/v1/stats")).json()
    assert (sheet["total"], sheet["open"], sheet["overdue"]) == (2, 1, 1)
    assert sheet["by_state"] == {"opened": 1, "rejected": 1}
    assert sheet["by_grade"] == {"general": 1, "major": 1}
    assert [(unit["unit"], unit["cases"], unit["open"]) for unit in sheet["by_unit"]] == [("CD", 1, 1), ("CX", 1, 0)]


async def test_matters_are_shown_with_their_facts_masked(served: Served) -> None:
    sent = dissatisfied()
    facts = dict(sent.matters[0].facts) | {"customer": {"phone": sent.customer.phone}, "note": "请拨 13700137000"}
    matter = sent.matters[0].model_copy(update={"facts": facts})
    await served.deliver(event(sent.model_copy(update={"matters": [matter], "customer": sent.customer})))
    async with served.client("agent") as client:
        (case,) = (await client.get(CASES)).json()["items"]
    whole = await read(served, case)
    assert whole["matters"][0]["facts"]["note"] == "请拨 137****7000"
    assert "sealed:" not in str(whole)


async def test_every_route_is_described_in_chinese(served: Served) -> None:
    for path, methods in served.app.openapi()["paths"].items():
        for operation in methods.values():
            assert any("一" <= letter <= "鿿" for letter in operation["summary"]), path


async def test_beside_a_call_stand_the_customers_open_cases_only(served: Served) -> None:
    async with served.client("agent") as client:
        for description in ("抄表误差", "态度恶劣，电话 13900139000"):
            made = await client.post(
                "/api/v1/cases", json={"customer": {"id": "C7"}, "description": description, "branch": "CD"}
            )
            assert made.status_code == 201, made.text
        shown = await client.get("/fragments/cases", params={"customer_id": "C7"})
        others = await client.get("/fragments/cases", params={"customer_id": "C8"})
    async with served.client("supervisor") as boss:
        where = f"/api/v1/cases/{made.json()['id']}"
        closed = await boss.post(f"{where}/reject", json={"reason": "查无此事"}, headers={"If-Match": '"1"'})
        assert closed.status_code == 200, closed.text
        left = await boss.get("/fragments/cases", params={"customer_id": "C7"})
    assert "抄表误差" in shown.text
    assert "139****9000" in shown.text
    assert "待派发" in shown.text
    assert "没有未结的投诉" in others.text
    assert "抄表误差" in left.text
    assert "态度恶劣" not in left.text
