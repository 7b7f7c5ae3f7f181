"""People sign in at their organisation's identity provider: their account is as it says, and the session is our own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.clock import ManualClock, SystemClock
from shared.errors import HuifangError
from shared.safety import UnsafeSettings
from shared.testing import Served, serve
from shared.testing.signing_in import sign_in
from tests.gateway.provider import ANN, CLAIMS, HTML, SETTINGS, Door, is_in, opened, running_provider
from tests.gateway.test_people_api import change, make
from tests.gateway.test_signing_in import OURS


@pytest.fixture
async def door(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Door]:
    async with opened(service_dsn, clock) as open_door:
        yield open_door


async def person(door: Door, login: str = "ann") -> dict[str, Any]:
    async with door.served.client("admin") as client:
        return dict((await client.get(f"/api/v1/people/{login}")).json())


def who(door: Door, client: httpx.AsyncClient) -> Any:
    return door.served.runtime.signer.read(client.cookies["huifang_session"], door.served.runtime.clock.machine())


async def test_the_first_sign_in_makes_the_account_and_leads_to_where_somebody_wanted(door: Door) -> None:
    async with door.browser() as client:
        form = await client.get("/login", params={"next": "/overview?a=1"})
        assert '/login/oidc?next=/overview%3Fa%3D1">用统一身份认证登录' in form.text
        answer = await door.enter(client, "/overview?a=1")
        assert answer.status_code == 200
        assert '<meta http-equiv="refresh" content="0;url=/overview?a=1">' in answer.text
        session = who(door, client)
        assert "安然" in (await client.get("/overview")).text
    assert (session.principal.id, session.principal.roles, session.principal.units) == ("ann", ("agent",), ("N1",))
    assert (session.principal.worker, session.principal.name, session.proof) == ("W7", "安然", "")
    made = await person(door)
    assert (made["source"], made["must_change_password"], made["version"]) == ("oidc", False, 1)
    assert [entry["principal"] for entry in await door.log("person.provided")] == ["ann"]
    assert [(one["principal"], one["detail"]["by"]) for one in await door.log("login")] == [("ann", "oidc")]
    told = await door.served.published("person.changed")
    assert [(one.data["person_id"], one.data["roles"]) for one in told] == [("ann", ["agent"])]


async def test_what_the_provider_says_next_time_holds_and_ends_older_sessions(door: Door, clock: ManualClock) -> None:
    async with door.browser() as old, door.browser() as new:
        await door.enter(old)
        clock.advance(timedelta(seconds=1))
        door.provider.claims |= {"realm": {"roles": ["heads"]}, "branch": "N1 N2", "preferred_username": "ann.new"}
        await door.enter(new)
        assert not await is_in(old)
        assert who(door, new).principal.roles == ("supervisor",)
        assert await is_in(new)
    changed = await person(door)
    assert (changed["login"], changed["units"], changed["version"]) == ("ann", ["N1", "N2"], 2)
    clock.advance(timedelta(seconds=1))
    async with door.browser() as third:
        await door.enter(third)
    assert (await person(door))["version"] == 2
    assert len(await door.log("person.provided")) == 2


async def test_fields_without_a_claim_stay_as_they_are_kept_here(door: Door) -> None:
    async with door.browser() as client:
        await door.enter(client)
    await change(door.served, "PATCH", "ann", {"teams": ["t2"], "shift": "08:30-17:30"})
    async with door.browser() as client:
        await door.enter(client)
    kept = await person(door)
    assert (kept["teams"], kept["shift"]) == (["t2"], "08:30-17:30")


async def test_who_comes_from_the_provider_has_no_password_here(door: Door) -> None:
    async with door.browser() as client:
        await door.enter(client)
        page = await client.get("/login/password")
        assert (page.status_code, "请在统一身份认证中修改密码" in page.text) == (409, True)
        form = {"password": "wet-otter-77-umbrella", "again": "wet-otter-77-umbrella"}
        assert (await client.post("/login/password", data=form, headers=OURS)).status_code == 409
    assert (await change(door.served, "POST", "ann/reset-password")).json()["type"].endswith("no-password-here")
    async with door.browser() as client:
        assert (await sign_in(client, "", login="ann", password="")).status_code == 401
        assert (await sign_in(client, "", login="ann", password="anything at all")).status_code == 401


async def test_an_account_of_ours_is_the_providers_only_when_an_administrator_says_so(door: Door) -> None:
    issued = (await make(door.served))["password"]
    assert await door.refused() == (403, "登录名 ann 已属于另一个账号，请联系系统管理员。")
    async with door.browser() as client:
        assert (await sign_in(client, "", login="ann", password=issued)).status_code == 303
    moved = await change(door.served, "PATCH", "ann", {"source": "oidc"})
    assert (moved.status_code, moved.json()["source"]) == (200, "oidc")
    async with door.browser() as client:
        assert (await sign_in(client, "", login="ann", password=issued)).status_code == 401
        assert (await door.enter(client)).status_code == 200
    door.provider.claims["sub"] = "u-2"  # somebody else is called ann now
    assert (await door.refused())[0] == 403
    back = await change(door.served, "PATCH", "ann", {"source": "local"})
    assert back.json()["source"] == "local"
    assert (await change(door.served, "POST", "ann/reset-password")).status_code == 200
    door.provider.claims["sub"] = "u-1"
    assert (await door.refused())[0] == 403


async def test_somebody_made_beforehand_is_taken_with_what_only_we_keep(door: Door) -> None:
    made = await make(door.served, source="oidc", shift="08:30-17:30")
    assert (made["password"], made["source"]) == ("", "oidc")
    async with door.browser() as client:
        assert (await door.enter(client)).status_code == 200
    assert (await person(door))["shift"] == "08:30-17:30"


async def test_a_disabled_person_is_refused(door: Door, clock: ManualClock) -> None:
    async with door.browser() as client:
        await door.enter(client)
        clock.advance(timedelta(seconds=1))
        await change(door.served, "POST", "ann/disable")
        door.served.runtime.ended_sessions.forget()
        assert not await is_in(client)
    assert await door.refused() == (403, "您的账号已停用，请联系系统管理员。")
    assert [one["detail"]["reason"] for one in await door.log("login.failed")] == ["disabled"]


UNUSABLE: tuple[tuple[dict[str, Any], str], ...] = (
    ({"preferred_username": None}, "没有给出您的登录名（声明 preferred_username）"),
    ({"realm": None}, "没有给您在回访平台的角色"),
    ({"realm": {"roles": ["admin", "others"]}}, "没有给您在回访平台的角色"),
    ({"branch": None}, "没有给出您的单位（声明 branch）"),
    ({"branch": []}, "没有给出您的单位（声明 branch）"),
    ({"branch": {"code": "N1"}}, "没有给出您的单位（声明 branch）"),
    ({"preferred_username": "13800138000"}, "登录名不能使用"),
    ({"preferred_username": "key:abc"}, "登录名不能使用"),
    ({"branch": ["N1; DROP"]}, "branch不能使用"),
    ({"name": "x" * 65}, "name不能使用"),
)


async def test_what_is_missing_or_unusable_is_said_and_nobody_gets_more_for_it(door: Door) -> None:
    for said, words in UNUSABLE:
        door.provider.claims = ANN | said
        status, told = await door.refused()
        assert (status, words in told) == (403, True), (said, told)
    async with door.served.client("admin") as client:
        assert (await client.get("/api/v1/people")).json()["items"] == []


async def test_the_whole_organisation_is_said_and_never_left_out(door: Door) -> None:
    door.provider.claims["branch"] = "*"
    async with door.browser() as client:
        await door.enter(client)
        assert who(door, client).principal.scope.whole


CODED = CLAIMS | {"teams": "groups", "skills": "languages"}
CODES = {"units": {"north": "N1"}, "skills": {"Cantonese": "yue", "doors": "上门"}}


async def test_what_a_deployment_says_of_values_turns_them_into_codes_and_the_rest_means_nothing(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    async with opened(service_dsn, clock, oidc_claims=CODED, oidc_codes=CODES) as door:
        door.provider.claims |= {
            "branch": ["north", "N9"],
            "groups": "t1, t2",
            "languages": ["Cantonese", "doors", "Elvish"],
        }
        async with door.browser() as client:
            await door.enter(client)
            principal = who(door, client).principal
        assert (principal.units, principal.teams, principal.skills) == (("N1",), ("t1", "t2"), ("yue", "on_site"))
        kept = await person(door)
        assert (kept["units"], kept["teams"], kept["skills"]) == (["N1"], ["t1", "t2"], ["yue", "on_site"])
        door.provider.claims |= {"languages": "*"}
        async with door.browser() as client:
            await door.enter(client)
            assert who(door, client).principal.skills == ()
        for said, words in (
            ({"languages": []}, "您的技能"),
            ({"languages": "Elvish"}, "您的技能"),
            ({"branch": "N1"}, "您的单位"),
        ):
            door.provider.claims = ANN | {"branch": "north", "groups": "t1", "languages": "Cantonese"} | said
            status, told = await door.refused()
            assert (status, words in told) == (403, True), (said, told)


async def test_claims_that_the_token_lacks_are_asked_for(door: Door) -> None:
    for name in ("name", "branch", "realm"):
        door.provider.told_when_asked[name] = door.provider.claims.pop(name)
    async with door.browser() as client:
        await door.enter(client)
        assert who(door, client).principal.units == ("N1",)
    assert "/who" in door.provider.asked


async def test_a_provider_that_does_not_answer_is_told_left_alone_and_asked_again(
    door: Door, clock: ManualClock
) -> None:
    door.provider.down = True
    async with door.browser() as client:
        for _ in range(3):
            answer = await client.get("/login/oidc", params={"next": "/overview"})
            assert (answer.status_code, "统一身份认证暂时没有应答" in answer.text) == (503, True)
            assert 'name="next" value="/overview"' in answer.text
        assert len(door.provider.asked) == 1
        clock.advance(timedelta(seconds=2))
        await client.get("/login/oidc")
        clock.advance(timedelta(seconds=2))
        await client.get("/login/oidc")
        assert len(door.provider.asked) == 2
        door.provider.down = False
        clock.advance(timedelta(seconds=2))
        assert (await door.enter(client)).status_code == 200


async def test_a_provider_that_goes_down_in_between_costs_a_sentence(door: Door) -> None:
    async with door.browser() as client:
        back = await door.begin(client)
        door.provider.down = True
        answer = await client.get("/login/oidc/back", params=back)
        assert (answer.status_code, "暂时没有应答" in answer.text) == (503, True)
    assert [one["detail"]["reason"] for one in await door.log("login.failed")] == ["identity-provider-down"]


async def test_clocks_that_differ_are_named(door: Door, clock: ManualClock) -> None:
    now = int(clock.machine().timestamp())
    door.provider.wrong = {"iat": now + 50, "exp": now + 350}
    async with door.browser() as client:
        assert (await door.enter(client)).status_code == 200
    for wrong in ({"iat": now + 90, "exp": now + 390}, {"iat": now - 400, "exp": now - 90}):
        door.provider.wrong = wrong
        status, told = await door.refused()
        assert (status, "时钟相差过大" in told) == (403, True), told


async def test_new_keys_of_the_provider_are_learnt(door: Door, clock: ManualClock) -> None:
    async with door.browser() as client:
        await door.enter(client)
    door.provider.key = type(door.provider.key).generate_key(2048, {"kid": "k2"})
    clock.advance(timedelta(minutes=2))
    async with door.browser() as client:
        assert (await door.enter(client)).status_code == 200


async def test_two_first_sign_ins_at_once_make_one_account(door: Door) -> None:
    async with door.browser() as one, door.browser() as two:
        backs = [await door.begin(one), await door.begin(two)]
        answers = await asyncio.gather(
            *(client.get("/login/oidc/back", params=back) for client, back in zip((one, two), backs, strict=True))
        )
    assert [answer.status_code for answer in answers] == [200, 200]
    async with door.served.client("admin") as client:
        assert len((await client.get("/api/v1/people")).json()["items"]) == 1


async def test_who_signs_out_here_is_led_to_sign_out_there(door: Door) -> None:
    async with door.browser() as client:
        await door.enter(client)
        out = await client.post("/logout", headers=OURS)
        assert (out.status_code, out.headers["location"]) == (303, "/login/oidc/out")
        page = await client.get(out.headers["location"])
        there = "https://id.example/out?client_id=huifang&amp;post_logout_redirect_uri=http%3A%2F%2Ftest%2Flogin"
        assert f'content="0;url={there}"' in page.text
        assert not await is_in(client)
    await make(door.served, login="bob")
    issued = (await change(door.served, "POST", "bob/reset-password")).json()["password"]
    async with door.browser() as client:
        await sign_in(client, "", login="bob", password=issued)
        assert (await client.post("/logout", headers=OURS)).headers["location"] == "/login"


async def test_a_provider_without_a_place_to_sign_out_is_left_signed_in(door: Door) -> None:
    door.provider.about["end_session_endpoint"] = None
    async with door.browser() as client:
        await door.enter(client)
        assert (await client.get("/login/oidc/out")).headers["location"] == "/login"


async def test_behind_the_front_door_the_way_back_is_the_doors(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    key = "the key of the front door"
    async with opened(service_dsn, clock, front_door_key=key) as door:
        headers = {"X-Front-Door": key, "X-Forwarded-Proto": "https", "Host": "visits.example"}
        async with door.served.client(None, **HTML, **headers) as client:
            sent = await client.get("/login/oidc", params={"next": "/visits/agent"})
            assert "redirect_uri=https%3A%2F%2Fvisits.example%2Flogin%2Foidc%2Fback" in sent.headers["location"]
            assert "Secure" in sent.headers["set-cookie"]
            begun = sent.headers["set-cookie"].partition(";")[0]
            back = door.provider.let_in(sent.headers["location"])
            answer = await client.get("/login/oidc/back", params=back, headers={"Cookie": begun})
            assert "url=/visits/agent" in answer.text
            assert "SameSite=strict" in answer.headers["set-cookie"]


async def test_without_a_provider_nothing_is_there(gateway: Served) -> None:
    async with gateway.client(None, **HTML) as client:
        assert "oidc" not in (await client.get("/login")).text
        for path in ("/login/oidc", "/login/oidc/back?code=a&state=b", "/login/oidc/out"):
            assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"oidc_issuer": "http://id.example"}, "HUIFANG_OIDC_ISSUER"),
        ({"oidc_client_id": ""}, "HUIFANG_OIDC_CLIENT_ID"),
        ({"oidc_scopes": "profile"}, "HUIFANG_OIDC_SCOPES"),
        ({"oidc_claims": {"login": "sub"}}, "says no claim for roles"),
        ({"oidc_claims": CLAIMS | {"password": "x"}}, "password"),
        ({"oidc_roles": {"callers": "boss"}}, "oidc_roles"),
        ({"oidc_codes": {"worker": {"a": "b"}}}, "worker"),
    ],
)
async def test_settings_that_let_in_the_wrong_people_are_refused(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock, settings: dict[str, Any], why: str
) -> None:
    with pytest.raises((UnsafeSettings, ValueError, HuifangError), match=why):
        async with opened(service_dsn, clock, **settings):
            pass


@pytest.fixture
def mock_provider() -> Iterator[str]:
    with running_provider("127.0.0.1") as address:
        yield address


async def test_it_works_with_a_provider_of_others(
    service_dsn: Callable[[str], Awaitable[str]], mock_provider: str
) -> None:
    settings = SETTINGS | {"oidc_issuer": mock_provider}
    dsn = await service_dsn("gateway")
    async with (
        serve(create_app, GatewaySettings, dsn, clock=SystemClock(), **settings) as served,
        served.client(None, **HTML) as client,
        httpx.AsyncClient() as outside,
    ):
        sent = await client.get("/login/oidc", params={"next": "/overview"})
        signed_in = await outside.post(sent.headers["location"], data={"sub": "ann@corp.example"})
        back = urlsplit(signed_in.headers["location"])
        assert (back.netloc, back.path) == ("test", "/login/oidc/back")
        answer = await client.get(f"{back.path}?{back.query}")
        assert answer.status_code == 200, answer.text
        assert "安然" in (await client.get("/overview")).text
        again = await client.get(f"{back.path}?{back.query}")
        assert again.status_code == 403
