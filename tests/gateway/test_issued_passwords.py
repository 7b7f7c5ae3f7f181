"""Passwords that an administrator gives somebody let them in for a week, and are told apart by nobody who guesses."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.clock import ManualClock
from shared.migrations import upgrade
from shared.testing import Served, serve
from shared.zone import ORG_ZONE
from tests.gateway.test_people_api import PATH, change, make, sheet
from tests.gateway.test_signing_in import OURS, OWN, browser, enter, settle

WEEK = timedelta(days=7)
WRONG = "登录名或密码不对，或账号已停用"


def told(answer: httpx.Response) -> str:
    """What a page of signing in says is wrong."""
    return answer.text.partition('role="alert">')[2].partition("<")[0]


async def tried(gateway: Served, password: str, login: str = "ann") -> httpx.Response:
    async with browser(gateway) as client:
        return await enter(client, password, login)


async def imported(gateway: Served) -> dict[str, Any]:
    async with gateway.client("admin") as client:
        answer = await client.post(
            f"{PATH}/import", files={"file": ("people.xlsx", sheet(("ann", "安", "坐席", "N1")))}
        )
    row: dict[str, Any] = answer.json()["items"][0]
    return row


async def reset(gateway: Served) -> dict[str, Any]:
    await settle(gateway)
    given: dict[str, Any] = (await change(gateway, "POST", "ann/reset-password")).json()
    return given


@pytest.mark.parametrize("give", [make, reset, imported])
async def test_it_ends_a_week_after_it_was_given(
    gateway: Served, clock: ManualClock, give: Callable[[Served], Awaitable[dict[str, Any]]]
) -> None:
    given = await give(gateway)
    ends = clock.machine() + WEEK
    assert datetime.fromisoformat(given["issued_until"]) == ends
    clock.advance(WEEK - timedelta(seconds=1))
    assert (await tried(gateway, given["password"])).headers["location"].startswith("/login/password")
    clock.advance(timedelta(seconds=1))
    over = await tried(gateway, given["password"])
    assert (over.status_code, told(over)) == (401, f"{WRONG}；您的一次性密码已过有效期，请联系系统管理员重新发放")
    assert "huifang_session" not in over.cookies
    again = (await change(gateway, "POST", "ann/reset-password")).json()["password"]
    assert (await tried(gateway, again)).status_code == 303


async def test_only_the_right_password_is_told_that_it_is_over(
    gateway: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for every wrong one, a hash is verified once; and tries count, so that a guesser waits."""
    given = await make(gateway)
    clock.advance(WEEK)
    hasher = gateway.runtime.state["passwords"]._hasher
    verify, verified = hasher.verify, []
    monkeypatch.setattr(hasher, "verify", lambda *given: verified.append(given) or verify(*given))
    assert [told(await tried(gateway, "wrong password", login)) for login in ("ann", "nobody")] == [WRONG] * 2
    assert told(await tried(gateway, given["password"])).startswith(WRONG + "；")
    assert len(verified) == 3
    again = [(await tried(gateway, given["password"])).status_code for _ in range(4)]
    assert again == [401, 401, 401, 429]
    async with gateway.client("auditor") as client:
        log = (await client.get("/api/v1/audit-log", params={"action": "login.failed"})).json()["items"]
    assert {entry["principal"] for entry in log} == {""}


async def test_a_password_of_ones_own_has_no_end(gateway: Served, clock: ManualClock) -> None:
    await settle(gateway)
    async with gateway.client("admin") as client:
        assert (await client.get(f"{PATH}/ann")).json()["issued_until"] is None
    clock.advance(timedelta(days=4_000))
    assert (await tried(gateway, OWN)).headers["location"] == "/"


async def test_who_came_in_time_may_choose_their_own_while_they_are_signed_in(
    gateway: Served, clock: ManualClock
) -> None:
    given = await make(gateway)
    async with browser(gateway) as client:
        clock.advance(WEEK - timedelta(minutes=1))
        await enter(client, given["password"])
        clock.advance(timedelta(minutes=2))
        done = await client.post("/login/password", data={"password": OWN, "again": OWN}, headers=OURS)
    assert done.status_code == 303
    assert (await tried(gateway, OWN)).status_code == 303


async def test_pages_say_until_when(gateway: Served, clock: ManualClock) -> None:
    async with gateway.client("admin", Accept="text/html") as client:
        fields = {"login": "ann", "name": "安", "roles": ["agent"]}
        shown = [(await client.post("/people", data=fields, headers=OURS)).text]
        file = {"file": ("people.xlsx", sheet(("bob", "鲍", "坐席", "N1")))}
        shown.append((await client.post("/people/import", data={"do": "import"}, files=file, headers=OURS)).text)
        shown += [(await client.get(f"/people{path}")).text for path in ("", "/ann")]
        ends = f"{(clock.machine() + WEEK).astimezone(ORG_ZONE):%Y-%m-%d %H:%M}"
        for page in shown:
            assert f"{ends} 前有效" in page, page
        clock.advance(WEEK)
        assert "一次性密码已过期" in (await client.get("/people")).text
        assert f"一次性密码已于 {ends} 过期，请重置" in (await client.get("/people/ann")).text


async def test_the_operator_says_how_long(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> None:
    dsn = await service_dsn("gateway")
    async with serve(create_app, GatewaySettings, dsn, clock=clock, issued_password_days=2) as gateway:
        given = await make(gateway)
        assert datetime.fromisoformat(given["issued_until"]) == clock.machine() + timedelta(days=2)


PERSON = """
    INSERT INTO person (login, name, password, roles, units, teams, worker, shift, disabled, must_change_password, version,
                        created_at, updated_at)
    VALUES ($1, '安', 'hash', '{agent}', '{}', '{}', '', '', false, $2, 1, now(), now())
"""


async def test_passwords_from_before_get_a_week_from_the_upgrade_on(
    service_dsn: Callable[[str], Awaitable[str]],
) -> None:
    """And a service of the version before, which knows of no end, still makes people."""
    dsn = await service_dsn("")
    await asyncio.to_thread(upgrade, "gateway", dsn, "0016")
    connection = await asyncpg.connect(dsn)
    await connection.execute(PERSON, "ann", True)
    await connection.execute(PERSON, "bob", False)
    before = await connection.fetchval("SELECT now()")
    await asyncio.to_thread(upgrade, "gateway", dsn)
    await connection.execute(PERSON, "cam", True)
    rows = await connection.fetch("SELECT login, issued_until FROM person")
    await connection.close()
    ends = {row["login"]: row["issued_until"] for row in rows}
    assert (ends["bob"], ends["cam"]) == (None, None)
    assert timedelta(days=6) < ends["ann"] - before < timedelta(days=8)


async def test_a_password_without_an_end_goes_on_letting_in(gateway: Served, clock: ManualClock) -> None:
    given = await make(gateway)
    async with gateway.runtime.db.engine.begin() as connection:
        await connection.execute(text("UPDATE person SET issued_until = NULL"))
    clock.advance(timedelta(days=400))
    assert (await tried(gateway, given["password"])).status_code == 303
