"""An identity provider inside the test: what it answers can be made wrong piece by piece."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import respx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.clock import ManualClock
from shared.testing import Served, serve

ISSUER = "https://id.example"
CLAIMS = {
    "login": "preferred_username",
    "name": "name",
    "roles": "realm.roles",
    "units": "branch",
    "worker": "staff_no",
}
SETTINGS: dict[str, Any] = {
    "oidc_issuer": ISSUER,
    "oidc_client_id": "huifang",
    "oidc_client_secret": "the client's secret",
    "oidc_claims": CLAIMS,
    "oidc_roles": {"callers": "agent", "heads": "supervisor"},
}
ANN = {
    "sub": "u-1",
    "preferred_username": "Ann",
    "name": "安然",
    "realm": {"roles": ["callers", "others"]},
    "branch": ["N1"],
    "staff_no": "W7",
}
HTML = {"Accept": "text/html"}


@cache
def own_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "k1"})


@dataclass
class Provider:
    """`claims` is what it says of whom it lets in; `wrong` what it says otherwise than it should in the ID token."""

    clock: ManualClock
    key: RSAKey = field(default_factory=own_key)
    claims: dict[str, Any] = field(default_factory=lambda: dict(ANN))
    told_when_asked: dict[str, Any] = field(default_factory=dict)  # at the userinfo endpoint alone
    about: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    make_token: Callable[[dict[str, Any], dict[str, Any]], str] | None = None
    begun: dict[str, dict[str, str]] = field(default_factory=dict)  # by code
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def routes(self, router: respx.Router) -> None:
        router.route(host="id.example").mock(side_effect=self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if self.down:
            raise httpx.ConnectError("refused")
        if path == "/.well-known/openid-configuration":
            return httpx.Response(200, json=self._about())
        if path == "/keys":
            return httpx.Response(200, json=KeySet([self.key]).as_dict())
        if path == "/token":
            return self._token(request)
        assert path == "/who", path
        return httpx.Response(200, json={"sub": self.claims["sub"], **self.told_when_asked})

    def _about(self) -> dict[str, Any]:
        ends = {"authorization": "authorize", "token": "token", "userinfo": "who", "end_session": "out"}
        known = {f"{name}_endpoint": f"{ISSUER}/{path}" for name, path in ends.items()}
        return {"issuer": ISSUER, "jwks_uri": f"{ISSUER}/keys", **known, **self.about}

    def let_in(self, address: str) -> dict[str, str]:
        """What the provider sends back with the browser that came to `address` and signed in."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = f"code-{len(self.begun) + 1}"
        self.begun[code] = asked
        return {"code": code, "state": asked["state"]}

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        asked = self.begun.pop(form["code"], None)
        if asked is None or asked["code_challenge"] != create_s256_code_challenge(form["code_verifier"]):
            return httpx.Response(400, json={"error": "invalid_grant"})
        if asked["redirect_uri"] != form["redirect_uri"] or "authorization" not in request.headers:
            return httpx.Response(401, json={"error": "invalid_client"})
        now = int(self.clock.machine().timestamp())
        told = {"iss": ISSUER, "aud": "huifang", "nonce": asked["nonce"], "iat": now, "exp": now + 300}
        claims = {name: value for name, value in {**told, **self.claims, **self.wrong}.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        token = self.make_token(header, claims) if self.make_token else jwt.encode(header, claims, self.key)
        return httpx.Response(200, json={"id_token": token, "access_token": "an access token", "token_type": "Bearer"})


async def is_in(client: httpx.AsyncClient) -> bool:
    """Whether this browser is signed in."""
    return 'action="/logout"' in (await client.get("/overview")).text


@dataclass
class Door:
    """A gateway at which people sign in through the provider."""

    served: Served
    provider: Provider

    def browser(self, **headers: str) -> httpx.AsyncClient:
        return self.served.client(None, **HTML, **headers)

    async def begin(self, client: httpx.AsyncClient, target: str = "/") -> dict[str, str]:
        """What comes back of a sign-in that this browser begins."""
        sent = await client.get("/login/oidc", params={"next": target})
        assert sent.status_code == 303, sent.text
        return self.provider.let_in(sent.headers["location"])

    async def enter(self, client: httpx.AsyncClient, target: str = "/", **changes: str) -> httpx.Response:
        back = await self.begin(client, target)
        return await client.get("/login/oidc/back", params=back | changes)

    async def refused(self, **changes: str) -> tuple[int, str]:
        """Status and words of a sign-in that must not succeed."""
        async with self.browser() as client:
            answer = await self.enter(client, **changes)
            assert "huifang_session" not in answer.headers.get("set-cookie", "")
            assert not await is_in(client)
        return answer.status_code, answer.text.partition('role="alert">')[2].partition("<")[0]

    async def log(self, action: str) -> list[dict[str, Any]]:
        async with self.served.client("auditor") as client:
            found = (await client.get("/api/v1/audit-log", params={"action": action})).json()["items"]
        return list(found)


@asynccontextmanager
async def opened(
    service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock, **settings: Any
) -> AsyncIterator[Door]:
    dsn = await service_dsn("gateway")
    provider = Provider(clock)
    with respx.mock(assert_all_called=False) as router:
        provider.routes(router)
        async with serve(create_app, GatewaySettings, dsn, clock=clock, **(SETTINGS | settings)) as served:
            yield Door(served, provider)


@contextmanager
def running_provider(host: str) -> Iterator[str]:
    """The address of `oidc-provider-mock`, a program of its own that checks what we send by Authlib's server side.

    It calls itself by the host that it is asked by: `localhost` is another site than 127.0.0.1 for a browser.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://{host}:{port}"
    people = json.dumps({**ANN, "sub": "ann@corp.example"})
    arguments = ["-m", "oidc_provider_mock", "-p", str(port), "-H", "127.0.0.1", "-n", "true", "--user-claims", people]
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, *arguments], env=environment, **quiet) as running:
        try:
            while not _answers(address):
                assert running.poll() is None
                time.sleep(0.05)
            yield address
        finally:
            running.terminate()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/.well-known/openid-configuration", timeout=1).is_success
    except httpx.HTTPError:
        return False
