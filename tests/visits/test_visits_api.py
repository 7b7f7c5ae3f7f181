"""Looking at visits, and who may."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import text

from tests.visits.conftest import HAPPY, PHONE, Desk, released

MISSING = UUID(int=1)
ROUTES = [
    ("GET", "/api/v1/visits"),
    ("GET", f"/api/v1/visits/{MISSING}"),
    ("GET", "/api/v1/stats"),
    ("GET", "/api/v1/result-codes"),
    ("POST", "/api/v1/visits/claim"),
    ("PUT", f"/api/v1/visits/{MISSING}/answers"),
    ("POST", f"/api/v1/visits/{MISSING}/attempts"),
    ("POST", f"/api/v1/visits/{MISSING}/release"),
    ("POST", f"/api/v1/visits/{MISSING}/refresh-lease"),
    ("POST", f"/api/v1/visits/{MISSING}/reveal-phone"),
    ("POST", f"/api/v1/visits/{MISSING}/reassign"),
    ("POST", f"/api/v1/visits/{MISSING}/review"),
    ("POST", "/api/v1/questionnaires"),
    ("GET", "/api/v1/questionnaires"),
    ("GET", "/api/v1/questionnaires/gas-service"),
    ("GET", "/api/v1/questionnaires/gas-service/versions"),
    ("GET", "/api/v1/questionnaires/gas-service/versions/1"),
]
FORBIDDEN = [
    ("auditor", "POST", "/api/v1/visits/claim"),
    ("ops", "POST", f"/api/v1/visits/{MISSING}/attempts"),
    ("agent", "POST", f"/api/v1/visits/{MISSING}/reassign"),
    ("agent", "POST", f"/api/v1/visits/{MISSING}/review"),
    ("agent", "POST", "/api/v1/questionnaires"),
    ("integrator", "GET", "/api/v1/visits"),
]


async def test_nothing_answers_without_a_key(desk: Desk) -> None:
    async with desk.served.client(None) as anyone:
        answers = {route: (await anyone.request(*route, json={})).status_code for route in ROUTES}
    assert answers == dict.fromkeys(ROUTES, 401)


async def test_a_role_does_only_what_it_is_for(desk: Desk) -> None:
    for role, method, path in FORBIDDEN:
        async with desk.served.client(role) as client:
            assert (await client.request(method, path, json={})).status_code == 403, (role, path)


async def test_visits_can_be_read_by_all_who_work_with_them(desk: Desk) -> None:
    for role in ("agent", "supervisor", "ops", "auditor"):
        async with desk.served.client(role) as client:
            assert (await client.get("/api/v1/visits")).status_code == 200, role


async def test_lists_are_paged_newest_due_first_and_filtered(desk: Desk) -> None:
    hours = {f"T{hour}": f"2026-03-02T{hour:02}:00:00+08:00" for hour in range(7)}
    await desk.served.deliver(*(released(name, customer=f"C{name}", due_at=due) for name, due in hours.items()))
    await desk.served.deliver(released("other", customer="CX", team="back-office", branch="B2"))
    async with desk.served.client("supervisor") as client:
        seen, cursor = [], ""
        while cursor is not None:
            page = (await client.get("/api/v1/visits", params={"limit": 3, "team": "hotline", "cursor": cursor})).json()
            seen += [item["task_id"] for item in page["items"]]
            cursor = page["next_cursor"]
        assert seen == sorted(hours, reverse=True)
        for wanted in ({"branch": "B2"}, {"customer_id": "CX"}, {"team": "back-office"}):
            found = (await client.get("/api/v1/visits", params=wanted)).json()["items"]
            assert [item["task_id"] for item in found] == ["other"]
        assert (await client.get("/api/v1/visits", params={"state": "completed"})).json()["items"] == []
        assert (await client.get("/api/v1/visits", params={"cursor": "WzFd"})).status_code == 422


async def test_an_agent_finds_what_it_holds(desk: Desk) -> None:
    visit_id = await desk.claimed()
    async with desk.agent() as agent:
        found = (await agent.get("/api/v1/visits", params={"agent": "1001", "state": "claimed"})).json()["items"]
    assert [item["id"] for item in found] == [str(visit_id)]


async def test_a_person_of_one_branch_sees_nothing_of_another(desk: Desk) -> None:
    visit_id = await desk.claimed()
    async with desk.agent("2001", "supervisor", units=("B2",)) as stranger:
        assert (await stranger.get("/api/v1/visits")).json()["items"] == []
        assert (await stranger.get(f"/api/v1/visits/{visit_id}")).status_code == 404
        seen = await desk.seen(visit_id)
        answer = await stranger.post(f"/api/v1/visits/{visit_id}/reassign", json={"team": "x"}, headers=seen)
        assert (answer.status_code, answer.json()["title"]) == (404, "没有这张回访单")
        assert (await stranger.get("/api/v1/stats")).json()["by_team"] == []
    async with desk.agent("2002", "supervisor", units=("B1",)) as colleague:
        assert (await colleague.get(f"/api/v1/visits/{visit_id}")).status_code == 200


async def test_a_visit_shows_its_matters_without_whole_numbers(desk: Desk) -> None:
    token = desk.served.runtime.sealer.seal_phone(PHONE)
    matter = {
        "event_id": "E1", "event_type": "repair.closed", "at": "2026-03-01T10:00:00+08:00", "title": "热水器维修",
        "facts": {"customer": {"phone": token, "phones": [token]}, "work_order_no": "WX1"},
    }  # fmt: skip
    shown = await desk.visit(await desk.claimed(matters=[matter]))
    assert shown["title"] == "热水器维修"
    assert shown["matters"][0]["facts"]["customer"] == {"phone": "138****8000", "phones": ["138****8000"]}
    assert "sealed:" not in str(shown)


async def test_showing_a_number_is_for_the_holder_and_audited(desk: Desk) -> None:
    visit_id = await desk.claimed()
    url = f"/api/v1/visits/{visit_id}/reveal-phone"
    async with desk.agent() as holder, desk.agent("1002") as other, desk.served.client("supervisor") as supervisor:
        assert (await holder.post(url, json={"reason": "dial"})).json() == {"phone": PHONE, "others": []}
        assert (await other.post(url, json={})).status_code == 409
        assert (await supervisor.post(url, json={"reason": "verify"})).json() == {"phone": PHONE, "others": []}
    async with desk.served.runtime.db.read() as session:
        query = text("SELECT principal, object, detail FROM audit_log WHERE action = 'phone.revealed' ORDER BY id")
        rows = (await session.execute(query)).all()
    assert [(row.principal, row.detail["reason"]) for row in rows] == [
        ("1001", "dial"),
        ("key:test-supervisor", "verify"),
    ]
    assert {row.object for row in rows} == {str(visit_id)}


async def test_a_call_may_go_to_the_second_number_too(desk: Desk) -> None:
    seal = desk.served.runtime.sealer.seal_phone
    numbers = {"phone": seal("0571-88886666"), "phones": [seal("13900139000"), seal("0571-88886666转8")]}
    told = released("T8", customer="C8")
    told.data["customer"] |= numbers
    await desk.served.deliver(told)
    async with desk.agent() as holder:
        ((visit,), _) = (await holder.post("/api/v1/visits/claim", json={"limit": 1})).json().values()
        shown = (await holder.post(f"/api/v1/visits/{visit['id']}/reveal-phone", json={})).json()
    assert shown == {"phone": "+8657188886666", "others": ["+8613900139000", "+8657188886666转8"]}


async def test_a_visit_without_a_number_asks_for_one_and_goes_on_with_it(desk: Desk) -> None:
    told = released("T9", customer="C9")
    told.data["customer"] |= {"phone": None, "phone_masked": ""}
    await desk.served.deliver(told)
    async with desk.agent() as holder:
        (visit,) = (await holder.post("/api/v1/visits/claim", json={"limit": 1})).json()["items"]
        assert visit["customer"]["phone_masked"] == ""
        url = f"/api/v1/visits/{visit['id']}/reveal-phone"
        asked = await holder.post(url, json={})
        assert (asked.status_code, asked.json()["title"]) == (404, "该客户没有可用的电话号码")
        assert "corrected_phone" in asked.json()["detail"]
        assert "其他渠道" in asked.json()["detail"]
    told_since = await desk.attempt(visit["id"], result="wrong_number", corrected_phone="138 0013 8000")
    assert told_since.json()["state"] == "open"
    async with desk.served.client("supervisor") as supervisor:
        assert (await supervisor.post(url, json={})).json() == {"phone": PHONE, "others": []}


async def test_a_supervisor_moves_a_visit_to_another_team_even_from_its_holder(desk: Desk) -> None:
    visit_id = await desk.claimed()
    async with desk.served.client("supervisor") as supervisor:
        url = f"/api/v1/visits/{visit_id}/reassign"
        assert (await supervisor.post(url, json={"team": "x"}, headers={"If-Match": '"99"'})).status_code == 412
        moved = (await supervisor.post(url, json={"team": "back-office"}, headers=await desk.seen(visit_id))).json()
    assert (moved["team"], moved["state"], moved["agent"]) == ("back-office", "open", "")
    assert (await desk.attempt(visit_id, result="busy")).status_code == 409


async def test_reviews_are_kept_with_author_and_time(desk: Desk) -> None:
    visit_id = await desk.claimed()
    url = f"/api/v1/visits/{visit_id}/review"
    async with desk.served.client("supervisor") as supervisor:
        early = await supervisor.post(url, json={"remark": "太早"})
        assert (early.status_code, early.json()["title"]) == (409, "该单尚未办结")
        await desk.attempt(visit_id, result="completed", answers=HAPPY)
        assert (await supervisor.post(url, json={"remark": " "})).status_code == 422
        for remark in ("记录完整", "已抽听录音"):
            assert (await supervisor.post(url, json={"remark": remark})).status_code == 201
    kept = (await desk.visit(visit_id))["reviews"]
    assert [one["remark"] for one in kept] == ["记录完整", "已抽听录音"]
    assert {one["reviewer"] for one in kept} == {"key:test-supervisor"}


async def test_counts_are_given_by_state_and_team(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    await desk.attempt(visit_id, result="completed", answers=HAPPY)
    await desk.served.deliver(released("T2", customer="C2"), released("T3", customer="C3", team="back-office"))
    async with desk.served.client("ops") as ops:
        counted = (await ops.get("/api/v1/stats")).json()
        assert (counted["by_state"]["open"], counted["by_state"]["completed"], counted["by_state"]["failed"]) == (
            2,
            1,
            0,
        )
        assert {"team": "back-office", "state": "open", "count": 1} in counted["by_team"]
        desk.clock.advance(timedelta(days=40))
        assert (await ops.get("/api/v1/stats")).json()["by_state"]["completed"] == 0
        since = {"since": "2026-03-01T00:00:00+08:00"}
        assert (await ops.get("/api/v1/stats", params=since)).json()["by_state"]["completed"] == 1
        assert (await ops.get("/api/v1/stats", params={"since": "2026-03-01T00:00:00"})).status_code == 422


async def test_result_codes_tell_the_desk_what_each_means(desk: Desk) -> None:
    async with desk.agent() as agent:
        codes = {code["code"]: code for code in (await agent.get("/api/v1/result-codes")).json()}
    assert len(codes) == 13
    assert (codes["busy"]["label"], codes["busy"]["retry_after"], codes["busy"]["connected"]) == (
        "占线",
        "PT30M",
        False,
    )
    assert codes["suspended"]["retry_after"] == "next_working_day"


async def test_the_api_describes_itself_in_chinese(desk: Desk) -> None:
    async with desk.agent() as agent:
        paths = (await agent.get("/openapi.json")).json()["paths"]
    mine = [operation for path, item in paths.items() if path.startswith("/api/v1/") for operation in item.values()]
    assert {"/api/v1/visits/claim", "/api/v1/visits/{visit_id}/attempts", "/api/v1/questionnaires"} <= set(paths)
    assert all(any("一" <= letter <= "鿿" for letter in operation["summary"]) for operation in mine)


async def test_visits_whose_deadline_is_near_can_be_listed_by_who_answers_for_the_branch(desk: Desk) -> None:
    soon, later = "2026-03-02T12:00:00+08:00", "2026-03-05T12:00:00+08:00"
    await desk.served.deliver(
        released("T1", deadline_at=soon), released("T2", deadline_at=later), released("T3", deadline_at=None),
        released("T4", deadline_at=soon, branch="B2"),
    )  # fmt: skip
    async with desk.agent("boss", "supervisor", units=("B1",)) as boss:
        answer = await boss.get("/api/v1/visits", params={"deadline_before": "2026-03-02T14:00:00+08:00"})
        assert [visit["task_id"] for visit in answer.json()["items"]] == ["T1"]
        wrong = await boss.get("/api/v1/visits", params={"deadline_before": "2026-03-02T14:00:00"})
        assert wrong.status_code == 422


async def test_a_finished_visit_is_not_near_its_deadline(desk: Desk) -> None:
    visit_id = await desk.claimed("T1")
    answer = await desk.attempt(visit_id, result="refused", note="不愿接受回访")
    assert answer.is_success, answer.text
    async with desk.agent("boss", "supervisor") as boss:
        found = await boss.get("/api/v1/visits", params={"deadline_before": "2026-03-09T12:00:00+08:00"})
    assert found.json()["items"] == []
