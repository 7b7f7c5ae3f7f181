"""The front door: one address before all services, `/<service>/…` leading to each (`deploy/caddy/Caddyfile`).

It strips the service's prefix and says so in headers. They are believed only when the door's key comes with them, for a
service stays reachable on its own port, and whoever calls it there may write any header. What a service learns of the
door is put where the framework looks for it: the client's address, the scheme, and `root_path` (ASGI; RFC 7239 names the
same facts), so that redirects, links and cookies are right for the browser.
"""

import hmac
from typing import Any

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

KEY = b"x-front-door"
FORWARDED = (KEY, b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-prefix", b"x-forwarded-host")
SCHEMES = ("http", "https")
QUIET = ("/livez", "/readyz", "/metrics")  # what machines ask again and again: neither logged nor traced


class FrontDoor:
    """ASGI middleware, outside of all others: takes what the front door says for the truth, from nobody else."""

    def __init__(self, app: ASGIApp, service: str, key: str) -> None:
        self.app = app
        self.prefix = f"/{service}"
        self.key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            given = {name: value for name, value in scope["headers"] if name in FORWARDED}
            scope["headers"] = [(name, value) for name, value in scope["headers"] if name not in FORWARDED]
            if self.key and hmac.compare_digest(given.get(KEY, b""), self.key):
                self._take_over(scope, given)
                send = self._telling_own_addresses(scope, send)
        await self.app(scope, receive, send)

    def _take_over(self, scope: Scope, given: dict[bytes, bytes]) -> None:
        scope["front_door"] = True
        address = given.get(b"x-forwarded-for", b"").decode("latin-1").rpartition(",")[2].strip()
        if address:
            scope["client"] = (address, 0)
        scheme = given.get(b"x-forwarded-proto", b"").decode("latin-1")
        if scheme in SCHEMES:
            scope["scheme"] = scheme
        if given.get(b"x-forwarded-prefix", b"").decode("latin-1") == self.prefix:
            scope["root_path"] = self.prefix
            scope["path"] = self.prefix + scope["path"]
            scope["raw_path"] = self.prefix.encode() + scope.get("raw_path", b"")

    def _telling_own_addresses(self, scope: Scope, send: Send) -> Send:
        """A `Location` below `/api/` is the service's own (RFC 9110 §10.2.2), and told as the caller can follow it."""
        if not scope.get("root_path"):
            return send

        async def prefixed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    (name, self.prefix.encode() + value)
                    if name.lower() == b"location" and value.startswith(b"/api/")
                    else (name, value)
                    for name, value in message["headers"]
                ]
            await send(message)

        return prefixed


def is_behind(scope: Any) -> bool:
    """Whether the request came through the front door."""
    return bool(scope.get("front_door"))


def own_address(request: Request, path: str) -> str:
    """Where a path of this service is for whoever sent this request; `path` begins with a slash."""
    return f"/{request.app.state.service.name}{path}" if is_behind(request.scope) else path


def own_path(scope: Any) -> str:
    """The path as the service knows it, by whichever way the request came."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
