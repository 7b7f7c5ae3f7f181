"""People by the API: made, changed, disabled, given passwords, imported."""

import io
from datetime import timedelta
from typing import Any

import httpx
import pytest
import xlsxwriter
from python_calamine import load_workbook

from shared.auth import Role, issue_token
from shared.clock import ManualClock
from shared.testing import Served

ANN = {"login": "ann", "name": "安", "roles": ["agent"], "units": ["N1"], "teams": ["t1"], "worker": "W7"}
PATH = "/api/v1/people"


async def make(gateway: Served, **changes: Any) -> dict[str, Any]:
    async with gateway.client("admin") as client:
        answer = await client.post(PATH, json=ANN | changes)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def change(gateway: Served, method: str, path: str, body: Any = None, who: Any = "admin") -> httpx.Response:
    """With the version that is there now."""
    async with gateway.client("admin") as admin:
        seen = (await admin.get(f"{PATH}/{path.split('/')[0]}")).headers.get("ETag", '"1"')
    headers = who if isinstance(who, dict) else {}
    async with gateway.client(None if headers else who, **headers) as client:
        return await client.request(method, f"{PATH}/{path}", json=body, headers={"If-Match": seen})


def as_(gateway: Served, role: Role, *units: str) -> dict[str, str]:
    secret = gateway.runtime.settings.jwt_secret
    assert secret is not None
    return {
        "Authorization": "Bearer "
        + issue_token(secret.get_secret_value(), "boss", role, 4_000_000_000, units=list(units))
    }


async def actions(gateway: Served) -> list[str]:
    async with gateway.client("auditor") as client:
        return [entry["action"] for entry in (await client.get("/api/v1/audit-log")).json()["items"]][::-1]


async def test_an_account_is_made_shown_and_told_to_the_others(gateway: Served) -> None:
    made = await make(gateway, login=" ANN ")
    assert len(made["password"]) == 12
    async with gateway.client("admin") as client:
        shown = (await client.get(f"{PATH}/ann")).json()
    assert shown == {key: value for key, value in made.items() if key != "password"}
    assert (shown["login"], shown["must_change_password"], shown["version"]) == ("ann", True, 1)
    (told,) = await gateway.published("person.changed")
    assert told.data["person_id"] == "ann"
    assert told.data["teams"] == ["t1"]
    assert made["password"] not in str(told.data)
    assert await actions(gateway) == ["person.created"]


async def test_faults_are_told_by_their_field_and_a_name_is_taken_once(gateway: Served) -> None:
    await make(gateway)
    async with gateway.client("admin") as client:
        wrong = await client.post(PATH, json=ANN | {"login": "13800138000", "shift": "整天", "roles": []})
        again = await client.post(PATH, json=ANN | {"login": "Ann"})
    assert [error["field"] for error in wrong.json()["errors"]] == ["login", "roles", "shift"]
    assert (again.status_code, again.json()["title"]) == (409, "登录名已被使用")


async def test_a_change_of_rights_ends_sessions_and_others_do_not(gateway: Served) -> None:
    await make(gateway)
    assert (await change(gateway, "PATCH", "ann", {"name": "安妮", "shift": "8:30-17:30"})).json()[
        "shift"
    ] == "08:30-17:30"
    assert (await change(gateway, "PATCH", "ann", {"roles": ["agent", "supervisor"]})).status_code == 200
    assert (await change(gateway, "POST", "ann/disable")).json()["disabled"] is True
    assert (await change(gateway, "POST", "ann/enable")).json()["disabled"] is False
    assert len((await change(gateway, "POST", "ann/reset-password")).json()["password"]) == 12
    told = [event.data for event in await gateway.published("person.changed")]
    assert [bool(each.get("sessions_void_before")) for each in told] == [False, False, True, True, False, True]
    assert [each["version"] for each in told] == [1, 2, 3, 4, 5, 6]
    made = [
        "person.created",
        "person.changed",
        "person.changed",
        "person.disabled",
        "person.enabled",
        "person.password_reset",
    ]
    assert await actions(gateway) == made


async def test_a_supervisor_sets_teams_and_shifts_of_agents_of_their_units(gateway: Served) -> None:
    await make(gateway)
    await make(gateway, login="bob", units=["S1"])
    await make(gateway, login="chief", roles=["supervisor"])
    boss = as_(gateway, Role.SUPERVISOR, "N1")
    async with gateway.client(None, **boss) as client:
        assert [each["login"] for each in (await client.get(PATH)).json()["items"]] == ["ann", "chief"]
        assert (await client.get(f"{PATH}/bob")).status_code == 404
        assert (await client.post(PATH, json=ANN | {"login": "dan"})).status_code == 403
    assert (await change(gateway, "PATCH", "ann", {"shift": "08:30-17:30"}, boss)).status_code == 200
    assert (await change(gateway, "PATCH", "ann", {"units": ["S1"]}, boss)).status_code == 403
    assert (await change(gateway, "PATCH", "chief", {"shift": "08:30-17:30"}, boss)).status_code == 403
    assert (await change(gateway, "PATCH", "bob", {"shift": "08:30-17:30"}, boss)).status_code == 404
    assert (await change(gateway, "POST", "ann/disable", None, boss)).status_code == 403


@pytest.mark.parametrize("role", ["agent", "policy_owner", "integrator", "ops"])
async def test_others_see_no_people(gateway: Served, role: str) -> None:
    async with gateway.client(role) as client:
        assert (await client.get(PATH)).status_code == 403


async def test_the_list_is_filtered_and_paged(gateway: Served) -> None:
    await make(gateway)
    await make(gateway, login="bob", name="鲍勃_", units=["N1", "S1"], teams=[], roles=["agent", "auditor"])
    await make(gateway, login="cai", name="蔡", units=[])
    await change(gateway, "POST", "cai/disable")

    async def listed(**query: Any) -> list[str]:
        async with gateway.client("admin") as client:
            return [each["login"] for each in (await client.get(PATH, params=query)).json()["items"]]

    assert await listed() == ["ann", "bob", "cai"]
    assert await listed(q="鲍") == ["bob"]
    assert await listed(q="_") == ["bob"]
    assert await listed(q="AN") == ["ann"]
    assert await listed(role="auditor") == ["bob"]
    assert await listed(unit="N1") == ["ann", "bob"]
    assert await listed(team="t1") == ["ann", "cai"]
    assert await listed(disabled=True) == ["cai"]
    async with gateway.client("admin") as client:
        first = (await client.get(PATH, params={"limit": 2})).json()
        rest = (await client.get(PATH, params={"cursor": first["next_cursor"]})).json()
    assert [each["login"] for each in first["items"] + rest["items"]] == ["ann", "bob", "cai"]


# --- a sheet of people

HEADER = ("登录名", "姓名", "角色", "单位", "班组", "工号", "班次")


def sheet(*rows: tuple[Any, ...], header: tuple[str, ...] = HEADER) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        page = book.add_worksheet()
        for index, cells in enumerate((header, *rows)):
            page.write_row(index, 0, cells)
    return buffer.getvalue()


async def send(gateway: Served, content: bytes, who: str = "admin", **query: Any) -> httpx.Response:
    async with gateway.client(who) as client:
        return await client.post(f"{PATH}/import", files={"file": ("people.xlsx", content)}, params=query)


async def logins(gateway: Served) -> list[str]:
    async with gateway.client("admin") as client:
        return [each["login"] for each in (await client.get(PATH)).json()["items"]]


async def test_a_sheet_is_tried_and_then_taken(gateway: Served) -> None:
    await make(gateway)
    content = sheet(
        ("ann", "安", "坐席", "N1", "t1、t2", "W7", ""), ("bob", "鲍", "坐席、主管", "N1", "", 1027, "08:30-17:30")
    )
    tried = (await send(gateway, content, dry_run=True)).json()
    assert (tried["imported"], [each["result"] for each in tried["items"]]) == (False, ["changed", "new"])
    assert await logins(gateway) == ["ann"]
    done = (await send(gateway, content)).json()
    assert (done["imported"], [bool(each["password"]) for each in done["items"]]) == (True, [False, True])
    async with gateway.client("admin") as client:
        assert (await client.get(f"{PATH}/ann")).json()["teams"] == ["t1", "t2"]
        assert (await client.get(f"{PATH}/bob")).json()["worker"] == "1027"
    again = (await send(gateway, content)).json()
    assert [each["result"] for each in again["items"]] == ["unchanged", "unchanged"]


async def test_one_wrong_row_keeps_the_whole_sheet_out(gateway: Served) -> None:
    done = await send(gateway, sheet(("bob", "鲍", "坐席", "N1"), ("cai", "蔡", "接线员", "N1")))
    assert done.status_code == 200
    assert (done.json()["imported"], [each["result"] for each in done.json()["items"]]) == (False, ["new", "faulty"])
    assert await logins(gateway) == []


@pytest.mark.parametrize(
    ("content", "told"), [(b"", "文件是空的"), (b"%PDF-1.7", "文档"), (b"a,b\n1,2\n", "表头"), (sheet(), "没有数据")]
)
async def test_what_is_no_sheet_of_people_is_said_to_be_none(gateway: Served, content: bytes, told: str) -> None:
    answer = await send(gateway, content)
    assert (answer.status_code, told in answer.json()["detail"]) == (422, True), answer.text


async def test_who_may_not_make_people_imports_none(gateway: Served) -> None:
    assert (await send(gateway, sheet(("bob", "鲍", "坐席", "N1")), "supervisor")).status_code == 403


async def test_the_template_is_a_sheet_that_can_be_imported(gateway: Served) -> None:
    async with gateway.client("admin") as client:
        template = (await client.get(f"{PATH}/template")).content
    rows = load_workbook(io.BytesIO(template)).get_sheet_by_index(0).to_python()
    assert rows[0][0] == "登录名（必填）"
    assert [each["result"] for each in (await send(gateway, template)).json()["items"]] == ["new", "new"]


async def test_people_with_a_shift_are_told_of_again_for_services_that_came_later(
    gateway: Served, clock: ManualClock
) -> None:
    await make(gateway, shift="08:30-12:00,14:00-18:00")
    await make(gateway, login="bob", shift="")
    assert await gateway.run_job("tell_people") == 1
    assert await gateway.run_job("tell_people") == 0
    clock.advance(timedelta(hours=25))
    assert await gateway.run_job("tell_people") == 1
    last = (await gateway.published("person.changed"))[-1].data
    assert (last["person_id"], last["shift"], last["version"]) == ("ann", "08:30-12:00,14:00-18:00", 1)
    assert last.get("sessions_void_before") is None
