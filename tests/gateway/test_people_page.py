"""The page of people, as an administrator and a supervisor use it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.clock import ManualClock
from shared.testing import Served, serve
from tests.gateway.test_people_api import as_, change, make, sheet
from tests.gateway.test_signing_in import OURS, OWN, browser, enter, settle

ANN = {"login": "ann", "name": "安", "roles": ["agent", "auditor"], "units": "N1，N2", "shift": "8:30-17:30"}


@pytest.fixture
async def admin(gateway: Served) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who signed in as an administrator."""
    issued = (await make(gateway, login="root", name="管理员甲", roles=["admin"], units=[], teams=[]))["password"]
    async with browser(gateway) as client:
        await enter(client, issued, "root")
        await client.post("/login/password", data={"password": OWN, "again": OWN}, headers=OURS)
        yield client


async def post(client: httpx.AsyncClient, path: str, **data: Any) -> httpx.Response:
    return await client.post(path, data=data, headers=OURS)


def version(page: httpx.Response) -> str:
    found = re.search(r'name="version" value="(\d+)"', page.text)
    assert found is not None
    return found[1]


async def test_an_empty_platform_says_what_to_do(gateway: Served) -> None:
    async with gateway.client("admin", Accept="text/html") as client:
        page = await client.get("/people")
        assert "还没有人员" in page.text
        assert 'href="/people/new"' in page.text
        assert "没有符合条件的人员" in (await client.get("/people", params={"q": "nobody"})).text


async def test_a_person_is_added_found_changed_and_given_another_password(
    gateway: Served, admin: httpx.AsyncClient
) -> None:
    assert (await admin.get("/")).headers["location"] == "/people"
    made = await post(admin, "/people", **ANN)
    assert made.status_code == 200, made.text
    password = re.findall(r"<code>([^<]+)</code>", made.text)[1]
    async with browser(gateway) as client:
        assert (await enter(client, password)).headers["location"].startswith("/login/password")
    listed = (await admin.get("/people", params={"q": "安", "role": "auditor", "state": "active"})).text
    assert "坐席、审计员" in listed
    assert "N1、N2" in listed
    assert "08:30-17:30" in listed
    assert "root" not in listed.partition("<tbody>")[2]
    page = await admin.get("/people/ann")
    form = ANN | {"name": "安安", "version": version(page)}
    assert (await post(admin, "/people/ann", **form)).headers["location"] == "/people"
    assert (await gateway.published("person.changed"))[-1].data["name"] == "安安"
    reset = await post(admin, "/people/ann/reset", version=version(await admin.get("/people/ann")))
    assert "「安安」的一次性密码" in reset.text
    assert password not in reset.text


async def test_what_is_wrong_is_told_at_its_field_and_nothing_typed_is_lost(admin: httpx.AsyncClient) -> None:
    answer = await post(admin, "/people", login="13800138000", name="张三", units="a b c/d!", shift="整天")
    assert answer.status_code == 422
    for field in ("login", "roles", "units", "shift"):
        assert f'id="{field}-trouble" class="error"' in answer.text, field
    assert 'value="张三"' in answer.text
    assert 'value="整天"' in answer.text
    taken = await post(admin, "/people", **(ANN | {"login": "root"}))
    assert (taken.status_code, "登录名已被使用" in taken.text, 'value="8:30-17:30"' in taken.text) == (409, True, True)


async def test_who_saves_later_sees_what_the_other_made_of_it(gateway: Served, admin: httpx.AsyncClient) -> None:
    await post(admin, "/people", **ANN)
    seen = version(await admin.get("/people/ann"))
    await change(gateway, "PATCH", "ann", {"name": "别人改的"})
    answer = await post(admin, "/people/ann", **(ANN | {"name": "我改的", "version": seen}))
    assert answer.status_code == 412
    assert 'value="我改的"' in answer.text
    assert "现在是：别人改的" in answer.text
    again = await post(admin, "/people/ann", **(ANN | {"name": "我改的", "version": version(answer)}))
    assert again.status_code == 303


async def test_a_person_is_disabled_and_let_in_again_but_nobody_disables_themselves(
    gateway: Served, admin: httpx.AsyncClient
) -> None:
    await settle(gateway)
    page = await admin.get("/people/ann")
    assert (await post(admin, "/people/ann/disable", version=version(page))).status_code == 303
    async with browser(gateway) as client:
        assert (await enter(client, OWN)).status_code == 401
    page = await admin.get("/people/ann")
    assert "已停用" in page.text
    await post(admin, "/people/ann/enable", version=version(page))
    async with browser(gateway) as client:
        assert (await enter(client, OWN)).status_code == 303
    own = await admin.get("/people/root")
    assert "/people/root/disable" not in own.text
    assert (await post(admin, "/people/root/disable", version=version(own))).status_code == 403


async def test_who_oversees_agents_sees_who_is_there(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    key = "the key of the front door"
    door = {"X-Front-Door": key, "X-Forwarded-Prefix": "/gateway", "X-Forwarded-Proto": "http", "Accept": "text/html"}
    served = serve(create_app, GatewaySettings, await service_dsn("gateway"), clock=clock, front_door_key=key)
    async with served as gateway:
        pages = {}
        for role in ("supervisor", "admin", "auditor"):
            async with gateway.client(role, **door) as client:
                pages[role] = (await client.get("/people")).text
    there = 'hx-get="/visits/fragments/presence"'
    assert {role: there in page for role, page in pages.items()} == {
        "supervisor": True,
        "admin": True,
        "auditor": False,
    }


async def test_a_supervisor_sets_teams_and_shifts_and_nothing_else(gateway: Served) -> None:
    await make(gateway)
    await make(gateway, login="far", units=["S1"])
    async with gateway.client(None, **as_(gateway, "supervisor", "N1"), Accept="text/html") as client:  # type: ignore[arg-type]
        listed = (await client.get("/people")).text
        assert "ann" in listed
        assert "far" not in listed
        assert "添加人员" not in listed
        page = await client.get("/people/ann")
        assert "重置" not in page.text
        form = {"version": version(page), "teams": "t9", "shift": "09:00-18:00", "roles": ["admin"], "units": "S1"}
        assert (await client.post("/people/ann", data=form)).status_code == 303
        assert (await client.get("/people/new")).status_code == 403
        assert (await client.get("/people/far")).status_code == 404
    told = (await gateway.published("person.changed"))[-1].data
    assert (told["teams"], told["shift"], told["roles"], told["units"]) == (["t9"], "09:00-18:00", ["agent"], ["N1"])


async def test_a_sheet_is_tried_and_imported_at_the_page(gateway: Served, admin: httpx.AsyncClient) -> None:
    async def send(content: bytes, do: str) -> str:
        files = {"file": ("people.xlsx", content)}
        return (await admin.post("/people/import", files=files, data={"do": do}, headers=OURS)).text

    good = sheet(("bob", "鲍", "坐席", "N1"))
    assert "没有错误，可以导入" in await send(good, "try")
    assert "1 行有误，没有导入任何人" in await send(sheet(("bob", "鲍", "接线员", "N1")), "import")
    done = await send(good, "import")
    password = re.findall(r"<code>([^<]+)</code>", done.partition("<tbody>")[2])
    assert len(password) == 1
    async with browser(gateway) as client:
        assert (await enter(client, password[0], "bob")).headers["location"].startswith("/login/password")
    assert "请在 Excel 或 WPS" in await send(b"<html><table></table></html>", "import")
    assert "文件是空的" in await send(b"", "try")


async def test_another_site_can_make_an_administrator_do_nothing(admin: httpx.AsyncClient) -> None:
    for path in ("/people", "/people/import", "/people/root", "/people/root/reset"):
        answer = await admin.post(path, data=ANN, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403, path
    assert "ann" not in (await admin.get("/people")).text.partition("<tbody>")[2]
