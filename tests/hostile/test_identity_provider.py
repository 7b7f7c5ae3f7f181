"""Whoever is not let in by the identity provider itself, for this sign-in, in this browser, is not let in."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from shared.clock import ManualClock
from tests.gateway.provider import ISSUER, Door, opened


@pytest.fixture
async def door(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Door]:
    async with opened(service_dsn, clock) as open_door:
        yield open_door


def _part(of: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(of).encode()).decode().rstrip("=")


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."


def unsigned_as_if_signed(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{_part(header)}.{_part(claims)}."


def by_secret(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """With what client and provider both know, which OpenID Connect allows and this platform does not."""
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("the client's secret"), algorithms=["HS256"])


def by_another_key(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return jwt.encode(header, claims, RSAKey.generate_key(2048, {"kid": "k1"}))


def by_an_unknown_key(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return jwt.encode({**header, "kid": "mine"}, claims, RSAKey.generate_key(2048, {"kid": "mine"}))


def with_its_own_key(header: dict[str, Any], claims: dict[str, Any]) -> str:
    key = RSAKey.generate_key(2048, {"kid": "k1"})
    return jwt.encode({**header, "jwk": key.as_dict(private=False)}, claims, key)


FORGERIES = (unsigned, unsigned_as_if_signed, by_secret, by_another_key, by_an_unknown_key, with_its_own_key)


async def test_only_the_providers_key_proves_who_it_is(door: Door) -> None:
    for make in FORGERIES:
        door.provider.make_token = make
        assert (await door.refused())[0] == 403, make
    assert [one["detail"]["reason"] for one in await door.log("login.failed")] == ["token"] * len(FORGERIES)


async def test_the_secret_proves_nothing_even_when_the_provider_offers_it(door: Door) -> None:
    door.provider.about["id_token_signing_alg_values_supported"] = ["none", "HS256"]
    for make in (unsigned, by_secret):
        door.provider.make_token = make
        assert (await door.refused())[0] == 403


WRONG: tuple[dict[str, Any], ...] = (
    {"nonce": "another sign-in's"},
    {"nonce": None},
    {"nonce": ["x"]},
    {"iss": "https://other.example"},
    {"iss": f"{ISSUER}/"},
    {"iss": None},
    {"aud": "another-client"},
    {"aud": ["another-client"]},
    {"aud": None},
    {"aud": ["huifang", "other"], "azp": "other"},
    {"exp": None},
    {"iat": None},
    {"exp": "tomorrow"},
    {"exp": 1e400},
    {"sub": None},
    {"sub": 7},
    {"sub": ""},
)


async def test_a_token_for_another_sign_in_client_or_provider_opens_nothing(door: Door) -> None:
    for wrong in WRONG:
        door.provider.wrong = wrong
        assert (await door.refused())[0] == 403, wrong


async def test_an_answer_is_worth_nothing_in_another_browser(door: Door) -> None:
    async with door.browser() as theirs, door.browser() as mine, door.browser() as fresh:
        back = await door.begin(theirs)
        await door.begin(mine)
        for client in (mine, fresh):
            answer = await client.get("/login/oidc/back", params=back)
            assert (answer.status_code, "不是从本浏览器开始的" in answer.text) == (403, True)
            assert "huifang_session" not in client.cookies
        assert (await theirs.get("/login/oidc/back", params=back)).status_code == 200


async def test_an_answer_is_taken_once_also_by_a_browser_that_kept_all_of_it(door: Door) -> None:
    async with door.browser() as client:
        back = await door.begin(client)
        kept, known = client.cookies["huifang_begun"], dict(door.provider.begun)
        assert (await client.get("/login/oidc/back", params=back)).status_code == 200
    door.provider.begun = known  # a provider that forgot that the code was used
    async with door.browser(Cookie=f"huifang_begun={kept}") as client:
        again = await client.get("/login/oidc/back", params=back)
        assert (again.status_code, "已经完成或取消" in again.text) == (403, True)


async def test_a_code_of_another_sign_in_is_refused_by_its_verifier(door: Door) -> None:
    """Somebody gets a code that the provider gave to another browser, and brings it with a sign-in of their own."""
    async with door.browser() as theirs, door.browser() as mine:
        stolen = await door.begin(theirs)
        own = await door.begin(mine)
        answer = await mine.get("/login/oidc/back", params={"code": stolen["code"], "state": own["state"]})
        assert answer.status_code == 403
    assert [one["detail"]["reason"] for one in await door.log("login.failed")] == ["code"]


async def test_what_was_begun_too_long_ago_or_forged_is_nothing(door: Door, clock: ManualClock) -> None:
    async with door.browser() as client:
        back = await door.begin(client)
        clock.advance(timedelta(minutes=10))
        assert (await client.get("/login/oidc/back", params=back)).status_code == 403
    other = base64.urlsafe_b64encode(door.served.runtime.sealer.seal_bytes(b'{"for": "else"}')).decode()
    for forged in ("", "x", "////", "e30=", other):
        async with door.browser(Cookie=f"huifang_begun={forged}") as client:
            assert (await client.get("/login/oidc/back", params={"code": "c", "state": ""})).status_code == 403


async def test_answers_of_another_provider_are_told_by_their_issuer(door: Door) -> None:
    assert (await door.refused(iss="https://other.example"))[0] == 403
    async with door.browser() as client:
        assert (await door.enter(client, iss=ISSUER)).status_code == 200
    door.provider.about["authorization_response_iss_parameter_supported"] = True
    door.served.runtime.state["identity_provider"]._known = None
    assert (await door.refused())[0] == 403


MISSET: tuple[dict[str, Any], ...] = (
    {"issuer": "https://other.example"},
    {"issuer": None},
    {"token_endpoint": "http://id.example/token"},
    {"jwks_uri": "file:///etc/passwd"},
    {"authorization_endpoint": None},
    {"authorization_endpoint": ["https://id.example/authorize"]},
)


async def test_a_provider_that_says_something_else_of_itself_is_not_used(door: Door) -> None:
    for about in MISSET:
        door.provider.about = about
        async with door.browser() as client:
            answer = await client.get("/login/oidc")
            assert (answer.status_code, "设置有误" in answer.text) == (403, True)


ELSEWHERE: tuple[str, ...] = (
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "/a\r\nX: y",
    "/" + "a" * 1500,
)


async def test_nobody_is_led_to_another_site(door: Door) -> None:
    for target in ELSEWHERE:
        async with door.browser() as client:
            answer = await door.enter(client, target)
            assert '<meta http-equiv="refresh" content="0;url=/">' in answer.text


async def test_a_target_is_text_in_the_page(door: Door) -> None:
    async with door.browser() as client:
        answer = await door.enter(client, '/x"><script>alert(1)</script>')
        assert "<script>alert" not in answer.text


async def test_what_the_provider_says_of_an_error_is_not_shown(door: Door) -> None:
    told = await door.refused(code="", error="<b>call 13800138000</b>")
    assert (told[0], "13800138000" in told[1]) == (403, False)
    assert (await door.refused(code="", error="access_denied"))[1].startswith("您已在统一身份认证处取消登录")


async def test_a_guesser_waits(door: Door, clock: ManualClock) -> None:
    async with door.browser() as client:
        answers = [
            (await client.get("/login/oidc/back", params={"code": "c", "state": f"s{number}"})).status_code
            for number in range(62)
        ]
        assert answers == [403] * 60 + [429] * 2
        back = await door.begin(client)
        assert (await client.get("/login/oidc/back", params=back)).status_code == 429
        clock.advance(timedelta(minutes=1))
        assert (await client.get("/login/oidc/back", params=back)).status_code == 200
    assert door.provider.asked.count("/token") == 1


NO_ANSWERS: tuple[bytes, ...] = (
    b"[]",
    b"null",
    b"{",
    b"\xff",
    b'{"id_token": 7, "access_token": "a"}',
    b"{}",
)


async def test_an_answer_that_is_none_costs_a_sentence(door: Door) -> None:
    for body in NO_ANSWERS:
        door.provider._token = lambda request, body=body: httpx.Response(200, content=body)  # type: ignore[method-assign]
        status, told = await door.refused()
        assert (status, "设置有误" in told) == (403, True)
