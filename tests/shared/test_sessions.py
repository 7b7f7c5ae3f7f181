"""Sessions: tokens of their own that end when unused, in the end, with their key, and when people sign out, everywhere."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.analytics.app import create_app as create_analytics
from services.analytics.settings import AnalyticsSettings
from services.gateway.app import create_app as create_gateway
from services.gateway.settings import GatewaySettings
from shared.auth import Principal, Role, hash_key
from shared.clock import ManualClock
from shared.errors import Unauthorized
from shared.housekeeping import forget_old
from shared.sessions import COOKIE, IDLE, LONGEST, Signer, open_session
from shared.testing import Served, serve
from shared.testing.events import NOON, event, example
from shared.testing.signing_in import session_cookie, sign_in

PATH = "/api/v1/dead-letters"
CHANGE = "/api/v1/dead-letters/0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b/discard"
NOTE = {"note": "重复"}
OURS = {"Origin": "http://test"}


@pytest.fixture
async def gateway(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Served]:
    async with serve(create_gateway, GatewaySettings, await service_dsn("gateway"), clock=clock) as served:
        yield served


@pytest.fixture
async def analytics(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Served]:
    async with serve(create_analytics, AnalyticsSettings, await service_dsn("analytics"), clock=clock) as served:
        yield served


def carrying(served: Served, cookie: str) -> httpx.AsyncClient:
    return served.client(None, Cookie=cookie)


async def test_who_signed_in_at_one_service_is_known_at_the_others(gateway: Served, analytics: Served) -> None:
    async with gateway.client(None) as client:
        assert (await sign_in(client, "test-ops")).status_code == 303
        token = client.cookies[COOKIE]
        assert (await client.get(PATH)).status_code == 200
    async with carrying(analytics, f"{COOKIE}={token}") as client:
        assert (await client.get(PATH)).status_code == 200


async def test_signing_out_ends_the_session_at_every_service(gateway: Served, analytics: Served) -> None:
    async with gateway.client(None) as client:
        await sign_in(client, "test-ops")
        stolen = f"{COOKIE}={client.cookies[COOKIE]}"
        assert (await client.post("/logout", headers=OURS)).status_code == 303
    async with carrying(gateway, stolen) as thief:
        assert (await thief.get(PATH)).status_code == 401
    await analytics.deliver(*await gateway.published("session.ended"))
    analytics.runtime.ended_sessions.forget()
    async with carrying(analytics, stolen) as thief:
        assert (await thief.get(PATH)).status_code == 401
    async with gateway.client("auditor") as auditor:
        actions = [entry["action"] for entry in (await auditor.get("/api/v1/audit-log")).json()["items"]]
    assert actions == ["logout", "login"]


async def test_a_persons_sessions_of_before_a_moment_end_at_every_service_and_later_ones_go_on(
    gateway: Served, analytics: Served, clock: ManualClock
) -> None:
    before = await session_cookie(gateway, "ops")
    clock.advance(timedelta(seconds=1))
    told = example("person.changed") | {
        "person_id": "key:test-ops",
        "sessions_void_before": clock.machine().isoformat(),
    }
    after, other = await session_cookie(gateway, "ops"), await session_cookie(gateway, "admin")
    for served in (gateway, analytics):
        await served.deliver(event("person.changed", told, key="p"), event("person.changed", told, key="p"))
        late = told | {"sessions_void_before": (clock.machine() - timedelta(hours=1)).isoformat()}
        await served.deliver(event("person.changed", late, key="p"))
        await served.deliver(event("person.changed", told | {"sessions_void_before": None}, key="p"))
        served.runtime.ended_sessions.forget()
        answers = []
        for cookie in (before, after, other):
            async with carrying(served, cookie) as client:
                answers.append((await client.get(PATH)).status_code)
        assert answers == [401, 200, 200]
        assert await served.dead_letters() == []


async def test_requests_of_one_moment_look_once_for_ended_sessions(
    gateway: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    read = gateway.runtime.db.read
    monkeypatch.setattr(gateway.runtime.db, "read", lambda: looks.append(1) or read())
    session = open_session(Principal("boss", (Role.SUPERVISOR,)), "", clock.machine())
    gateway.runtime.ended_sessions.forget()
    assert await asyncio.gather(*(gateway.runtime.ended_sessions.has(session) for _ in range(5))) == [False] * 5
    assert len(looks) == 1


async def test_what_can_be_shown_no_more_is_forgotten(gateway: Served, clock: ManualClock) -> None:
    await gateway.deliver(event("person.changed", example("person.changed"), key="p"))
    clock.move_to(datetime.fromisoformat(example("person.changed")["sessions_void_before"]) + LONGEST)
    await forget_old(gateway.runtime)
    assert await voided(gateway) == 1
    clock.advance(timedelta(seconds=1))
    await forget_old(gateway.runtime)
    assert await voided(gateway) == 0


async def voided(served: Served) -> int:
    async with served.runtime.db.read() as session:
        return int((await session.execute(text("SELECT count(*) FROM void_session"))).scalar_one())


async def test_a_session_for_choosing_a_password_serves_for_nothing_else(gateway: Served) -> None:
    who = await gateway.runtime.authenticator.principal("test-ops")
    session = open_session(who, "", gateway.runtime.clock.machine(), must_change_password=True)
    async with carrying(gateway, f"{COOKIE}={gateway.runtime.signer.sign(session)}") as client:
        answer = await client.get(PATH)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:huifang:problem:password-change-required")
        assert (await client.post("/logout", headers=OURS)).status_code == 303
        assert (await client.get(PATH)).status_code == 401


async def test_a_session_ends_unused_and_is_renewed_while_it_is_used(gateway: Served, clock: ManualClock) -> None:
    async with gateway.client(None) as client:
        await sign_in(client, "test-ops")
        first = client.cookies[COOKIE]
        for _ in range(3):
            clock.advance(IDLE - timedelta(seconds=1))
            assert (await client.get(PATH)).status_code == 200
        assert client.cookies[COOKIE] != first
        clock.advance(IDLE)
        assert (await client.get(PATH)).status_code == 401


async def test_a_session_ends_after_a_shift_however_much_it_is_used(gateway: Served, clock: ManualClock) -> None:
    async with gateway.client(None) as client:
        await sign_in(client, "test-ops")
        for _ in range(LONGEST // timedelta(minutes=20)):
            assert (await client.get(PATH)).status_code == 200
            clock.advance(timedelta(minutes=20))
        assert (await client.get(PATH)).status_code == 401


async def test_a_session_ends_with_the_key_it_was_opened_with(gateway: Served) -> None:
    async with gateway.client(None) as client:
        await sign_in(client, "test-ops")
        path = gateway.runtime.settings.keys_file
        assert path is not None
        path.write_text("[]")
        assert (await client.get(PATH)).status_code == 401


async def test_a_session_has_the_rights_its_key_has_now(gateway: Served) -> None:
    async with gateway.client(None) as client:
        await sign_in(client, "test-ops")
        path = gateway.runtime.settings.keys_file
        assert path is not None
        path.write_text(json.dumps([{"id": "ops", "role": "agent", "sha256": hash_key("test-ops")}]))
        assert (await client.get(PATH)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": "http://test:9999"}, {"Origin": "http://test.evil.example"}],
)  # fmt: skip
async def test_another_site_can_make_a_browser_change_nothing(gateway: Served, headers: dict[str, str]) -> None:
    async with carrying(gateway, await session_cookie(gateway, "ops")) as client:
        answer = await client.post(CHANGE, json=NOTE, headers=headers)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:huifang:problem:foreign-origin")
        assert (await client.post("/logout", headers=headers)).status_code == 403
        assert (await client.get(PATH)).status_code == 200
        assert (await client.post(CHANGE, json=NOTE, headers=OURS)).status_code == 404


async def test_a_key_in_a_header_needs_no_origin(gateway: Served) -> None:
    async with gateway.client("ops") as client:
        assert (await client.post(CHANGE, json=NOTE)).status_code == 404


async def test_nobody_is_signed_in_as_somebody_else_by_another_site(gateway: Served) -> None:
    async with gateway.client(None) as client:
        foreign = await client.post(
            "/login", data={"key": "test-ops", "form": "x"}, headers={"Origin": "https://e.example"}
        )
        guessed = await client.post("/login", data={"key": "test-ops", "form": "x"}, headers=OURS)
    assert (foreign.status_code, guessed.status_code) == (403, 403)
    assert COOKIE not in foreign.headers.get("set-cookie", "") + guessed.headers.get("set-cookie", "")


async def test_a_name_that_is_not_ours_is_refused_but_for_probes(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    dsn = await service_dsn("gateway")
    hosts = "huifang.example,[::1]"
    told = {"evil.example": 421, "huifang.example": 200, "Huifang.example:8443": 200, "[::1]:8100": 200, "": 421}
    async with (
        serve(create_gateway, GatewaySettings, dsn, clock=clock, hosts=hosts) as served,
        served.client("ops") as client,
    ):
        answers = {host: (await client.get(PATH, headers={"Host": host})).status_code for host in told}
        probe = await client.get("/livez", headers={"Host": "10.0.0.7:8100"})
    assert answers == told
    assert probe.status_code == 200


WHO = Principal("u1", (Role.SUPERVISOR,), "李敏", ("CD",))
texts = st.text(max_size=60)


@given(texts | st.binary(max_size=60).map(lambda raw: f"eyJhbGciOiJub25lIn0.{raw.hex()}."))
def test_whatever_else_is_shown_is_no_session(token: str) -> None:
    with pytest.raises(Unauthorized):
        Signer(b"k" * 64).read(token, NOON)


def test_a_session_says_who_it_is_of_and_only_to_the_deployment_that_opened_it() -> None:
    session = open_session(WHO, hash_key("key"), NOON)
    token = Signer(b"k" * 64).sign(session)
    assert Signer(b"k" * 64).read(token, NOON) == session
    with pytest.raises(Unauthorized):
        Signer(b"l" * 64).read(token, NOON)
    short = open_session(WHO, "", NOON, NOON + timedelta(minutes=5))
    with pytest.raises(Unauthorized):
        Signer(b"k" * 64).read(Signer(b"k" * 64).sign(short), NOON + timedelta(minutes=5))
