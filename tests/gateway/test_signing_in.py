"""People sign in with a name and a password: at one place, for every service, and no longer than they may."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.analytics.app import create_app as create_analytics
from services.analytics.settings import AnalyticsSettings
from services.gateway.adapters.passwords import Passwords
from shared.clock import ManualClock
from shared.testing import Served, serve
from shared.testing.signing_in import sign_in
from tests.gateway.test_people_api import change, make

HTML = {"Accept": "text/html"}
OURS = {"Origin": "http://test"}
OWN = "wet-otter-77-umbrella"
FIGURES = "/api/v1/kpis"


@pytest.fixture
async def analytics(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Served]:
    async with serve(create_analytics, AnalyticsSettings, await service_dsn("analytics"), clock=clock) as served:
        yield served


def browser(served: Served, client: httpx.AsyncClient | None = None) -> httpx.AsyncClient:
    """Of a service, with the cookies of another's when given: they are of one host."""
    opened = served.client(None, **HTML)
    opened.cookies.update(client.cookies if client else {})
    return opened


async def enter(client: httpx.AsyncClient, password: str, login: str = "ann", **fields: str) -> httpx.Response:
    return await sign_in(client, "", login=login, password=password, **fields)


async def settle(gateway: Served, login: str = "ann", **changes: Any) -> None:
    """A person who has chosen a password of their own, `OWN`."""
    issued = (await make(gateway, login=login, roles=["supervisor"], **changes))["password"]
    async with browser(gateway) as client:
        await enter(client, issued, login)
        done = await client.post("/login/password", data={"password": OWN, "again": OWN}, headers=OURS)
    assert done.status_code == 303, done.text


async def tell(gateway: Served, analytics: Served) -> None:
    """What the gateway told has arrived, and is looked up again."""
    await analytics.deliver(*await gateway.published("person.changed"), *await gateway.published("session.ended"))
    for served in (gateway, analytics):
        served.runtime.ended_sessions.forget()


async def statuses(*clients: httpx.AsyncClient, path: str = FIGURES) -> list[int]:
    return [(await client.get(path, headers={"Accept": "application/json"})).status_code for client in clients]


async def test_the_first_time_somebody_chooses_a_password_and_goes_on_to_where_they_wanted(
    gateway: Served, analytics: Served
) -> None:
    issued = (await make(gateway, roles=["supervisor"]))["password"]
    async with browser(gateway) as client:
        entered = await enter(client, issued, next="/overview?a=1")
        assert entered.headers["location"] == "/login/password?next=%2Foverview%3Fa%3D1"
        elsewhere = await client.get("/")
        assert elsewhere.headers["location"].startswith("/login/password")
        async with browser(analytics, client) as other:
            assert await statuses(other) == [403]
            assert (await other.get("/kpi")).headers["location"].endswith("/login/password?next=%2Fkpi")
        page = await client.get(entered.headers["location"])
        assert "请先设置自己的密码" in page.text
        weak = await client.post(
            "/login/password", data={"password": "ann-1234567", "again": "ann-1234567"}, headers=OURS
        )
        assert (weak.status_code, "不能含有登录名" in weak.text) == (422, True)
        other_twice = await client.post("/login/password", data={"password": OWN, "again": OWN + "x"}, headers=OURS)
        assert "两次输入的新密码不同" in other_twice.text
        again = await client.post("/login/password", data={"password": issued, "again": issued}, headers=OURS)
        assert "不能与现在的相同" in again.text
        done = await client.post(
            "/login/password", data={"password": OWN, "again": OWN, "next": "/overview?a=1"}, headers=OURS
        )
        assert (done.status_code, done.headers["location"]) == (303, "/overview?a=1")
        async with browser(analytics, client) as other:
            await tell(gateway, analytics)
            assert await statuses(other) == [200]
    async with browser(gateway) as client:
        assert (await enter(client, issued)).status_code == 401
        assert (await enter(client, OWN, " ＡNN ", next="//evil.example")).headers["location"] == "/"
    async with gateway.client("auditor") as client:
        (entry,) = (await client.get("/api/v1/audit-log", params={"action": "person.password_changed"})).json()["items"]
    assert (entry["principal"], entry["object"], entry["detail"]) == ("ann", "ann", {})


async def test_who_signs_in_has_what_their_account_says(gateway: Served) -> None:
    await settle(gateway, name="安然", units=["N1"], teams=["t1", "t2"], worker="W7")
    async with browser(gateway) as client:
        await enter(client, OWN)
        who = gateway.runtime.signer.read(client.cookies["huifang_session"], gateway.runtime.clock.machine()).principal
        assert "安然" in (await client.get("/overview")).text
    assert (who.id, who.roles, who.units, who.teams, who.worker) == (
        "ann",
        ("supervisor",),
        ("N1",),
        ("t1", "t2"),
        "W7",
    )
    async with gateway.client("auditor") as client:
        entry = (await client.get("/api/v1/audit-log", params={"action": "login"})).json()["items"][0]
    assert (entry["principal"], entry["object"]) == ("ann", "127.0.0.1")


@pytest.mark.parametrize(
    ("change_of", "body"),
    [("ann/disable", None), ("ann/reset-password", None), ("ann", {"roles": ["agent"]}), ("ann", {"units": ["S1"]}),
     ("ann", {"teams": []})],
)  # fmt: skip
async def test_sessions_end_at_every_service_with_what_they_rest_on(
    gateway: Served, analytics: Served, clock: ManualClock, change_of: str, body: Any
) -> None:
    await settle(gateway)
    async with browser(gateway) as here, browser(gateway) as second:
        await enter(here, OWN)
        await enter(second, OWN)
        async with browser(analytics, here) as there, browser(analytics, second) as also:
            assert await statuses(there, also) == [200, 200]
            clock.advance(timedelta(seconds=1))
            await change(gateway, "POST" if body is None else "PATCH", change_of, body)
            await tell(gateway, analytics)
            assert await statuses(there, also) == [401, 401]
            assert await statuses(here, second, path="/api/v1/people") == [401, 401]


async def test_a_name_or_a_shift_changed_ends_no_session(
    gateway: Served, analytics: Served, clock: ManualClock
) -> None:
    await settle(gateway)
    async with browser(gateway) as here:
        await enter(here, OWN)
        clock.advance(timedelta(seconds=1))
        await change(gateway, "PATCH", "ann", {"name": "安安", "shift": "08:30-17:30"})
        await tell(gateway, analytics)
        async with browser(analytics, here) as there:
            assert await statuses(there) == [200]


async def test_who_changes_their_password_goes_on_and_is_out_everywhere_else(
    gateway: Served, analytics: Served, clock: ManualClock
) -> None:
    await settle(gateway)
    async with browser(gateway) as here, browser(gateway) as left:
        await enter(here, OWN)
        await enter(left, OWN)
        clock.advance(timedelta(seconds=1))
        form = {"password": OWN + "-2", "again": OWN + "-2"}
        guessed = await here.post("/login/password", data=form | {"current": "something else"}, headers=OURS)
        assert (guessed.status_code, "现在的密码不对" in guessed.text) == (422, True)
        foreign = await here.post(
            "/login/password", data=form | {"current": OWN}, headers={"Origin": "https://e.example"}
        )
        assert foreign.status_code == 403
        assert (await here.post("/login/password", data=form | {"current": OWN}, headers=OURS)).status_code == 303
        await tell(gateway, analytics)
        async with browser(analytics, here) as there, browser(analytics, left) as elsewhere:
            assert await statuses(there, elsewhere) == [200, 401]


async def test_who_may_not_sign_in_is_told_the_same_as_who_guesses_and_takes_as_long(
    gateway: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settle(gateway)
    await settle(gateway, login="out")
    await change(gateway, "POST", "out/disable")
    looked = []
    real = Passwords.is_right

    async def counting(self: Passwords, password: str, stored: str) -> bool:
        looked.append(password)
        return await real(self, password, stored)

    verified = []
    hasher = gateway.runtime.state["passwords"]._hasher
    verify = hasher.verify
    monkeypatch.setattr(Passwords, "is_right", counting)
    monkeypatch.setattr(hasher, "verify", lambda *given: verified.append(given) or verify(*given))
    told = set()
    for login, password in (("ann", "wrong password"), ("nobody", OWN), ("out", OWN), ("13800138000", OWN), ("", "")):
        async with browser(gateway) as client:
            answer = await enter(client, password, login)
        assert (answer.status_code, "huifang_session" in answer.headers["set-cookie"]) == (401, False)
        told.add(answer.text.partition('role="alert">')[2].partition("<")[0])
    assert told == {"登录名或密码不对，或账号已停用"}
    assert (len(looked), len(verified)) == (5, 5)
    async with gateway.client("auditor") as client:
        log = (await client.get("/api/v1/audit-log", params={"action": "login.failed"})).text
    assert "13800138000" not in log


async def test_a_guesser_waits_longer_each_time_and_nobody_else_does(gateway: Served, clock: ManualClock) -> None:
    await settle(gateway)
    async with browser(gateway) as client:
        for _ in range(5):
            assert (await enter(client, "wrong password")).status_code == 401
        waiting = await enter(client, OWN)
        assert (waiting.status_code, waiting.headers["retry-after"]) == (429, "5")
        assert "尝试次数过多" in waiting.text
        assert (await enter(client, "wrong", "nobody")).status_code == 401
        clock.advance(timedelta(seconds=6))
        assert (await enter(client, "wrong password")).status_code == 401
        assert (await enter(client, OWN)).headers["retry-after"] == "10"
        clock.advance(timedelta(seconds=11))
        assert (await enter(client, OWN)).status_code == 303
        for _ in range(5):
            assert (await enter(client, "wrong password")).status_code == 401


async def test_an_unknown_name_waits_as_a_known_one(gateway: Served) -> None:
    async with browser(gateway) as client:
        answers = [(await enter(client, "wrong password", "nobody")).status_code for _ in range(6)]
    assert answers == [401] * 5 + [429]


async def test_many_guesses_at_once_are_no_way_around_the_waiting(gateway: Served) -> None:
    await settle(gateway)
    forms = [browser(gateway) for _ in range(12)]
    answers = [
        answer.status_code for answer in await asyncio.gather(*(enter(each, "wrong password") for each in forms))
    ]
    assert sorted(answers) == [401] * 5 + [429] * 7
    for each in forms:
        await each.aclose()


async def test_failures_long_past_are_forgotten(gateway: Served, clock: ManualClock) -> None:
    async with browser(gateway) as client:
        await enter(client, "wrong password")
    assert await gateway.run_job("forget") == 0
    clock.advance(timedelta(hours=2))
    assert await gateway.run_job("forget") == 3


async def test_passwords_are_hashed_beside_the_event_loop_and_two_at_a_time(
    gateway: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = gateway.runtime.state["passwords"]
    real, going, most, threads = passwords._hasher.hash, 0, 0, set()

    def watched(password: str) -> str:
        nonlocal going, most
        threads.add(threading.current_thread())
        going += 1
        most = max(most, going)
        try:
            return str(real(password))
        finally:
            going -= 1

    monkeypatch.setattr(passwords._hasher, "hash", watched)
    hashes = await asyncio.gather(*(passwords.hash(f"password {number}") for number in range(12)))
    assert len(set(hashes)) == 12
    assert most == 2
    assert threading.main_thread() not in threads


async def test_a_key_opens_a_session_as_before_and_has_no_password(gateway: Served) -> None:
    async with browser(gateway) as client:
        form = await client.get("/login")
        assert form.text.index('name="password"') < form.text.index("使用访问密钥登录") < form.text.index('name="key"')
        assert (await sign_in(client, "test-admin")).status_code == 303
        assert (await client.get("/login/password")).status_code == 403
        assert "修改密码" not in (await client.get("/overview")).text


async def test_nobody_chooses_a_password_without_being_signed_in(gateway: Served) -> None:
    async with browser(gateway) as client:
        page = await client.get("/login/password")
        assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2Flogin%2Fpassword")
    async with gateway.client("admin") as client:
        assert (await client.get("/login/password")).status_code == 401


async def test_behind_the_front_door_people_sign_in_at_one_place(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    key = "the key of the front door"
    dsn = await service_dsn("analytics")
    async with serve(create_analytics, AnalyticsSettings, dsn, clock=clock, front_door_key=key) as served:
        door = {"X-Front-Door": key, "X-Forwarded-Prefix": "/analytics"}
        async with served.client(None, **HTML) as client:
            sent = await client.get("/login", params={"next": "/analytics/kpi"}, headers=door)
            assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fanalytics%2Fkpi")
            assert 'name="key"' in (await client.get("/login")).text
