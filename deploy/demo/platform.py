"""The running platform as the robots see it: addresses, keys and the clock of `var/run.json`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import stamina

from shared.auth import Role, issue_token
from shared.clock import Clock, parse_clock

TOKEN_SECONDS = 86_400


class PlatformRefused(RuntimeError):
    """The platform answered a robot with something a robot can't deal with."""


@dataclass(frozen=True)
class Platform:
    """`run` is the content of var/run.json; `jwt_secret` signs the robots' tokens."""

    run: dict[str, Any]
    jwt_secret: str

    @classmethod
    def from_run(cls, run: dict[str, Any], jwt_secret_file: Path) -> "Platform":
        return cls(run, jwt_secret_file.read_text().strip())

    def clock(self) -> Clock:
        clock = self.run["clock"]
        return parse_clock(clock["spec"], clock["anchor"]) if clock else parse_clock(None)

    def client(self, service: str, role: Role, subject: str = "") -> "Caller":
        """A caller of one service: with the role's key, or as `subject` with a token of their own."""
        credential = self.run["keys"][role]
        if subject:
            expires = parse_clock(None).machine().timestamp() + TOKEN_SECONDS
            credential = issue_token(self.jwt_secret, subject, role, expires)
        return Caller(
            httpx.AsyncClient(
                base_url=self.run["services"][service],
                headers={"Authorization": f"Bearer {credential}"},
                timeout=30,
            )
        )


class Caller:
    """Calls one service; a connection that fails or a 5xx is tried again, as a well-behaved sender does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def __aenter__(self) -> "Caller":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.aclose()

    async def get(self, path: str, **params: Any) -> Any:
        return (await self.call("GET", path, params=params)).json()

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return await self.call("POST", path, json=body, headers=headers)

    @stamina.retry(on=(httpx.TransportError, PlatformRefused), attempts=8, timeout=60)
    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer, whatever its 2xx or 4xx status. Raises PlatformRefused when it stays 5xx."""
        answer = await self.client.request(method, path, **options)
        if answer.status_code >= 500:
            raise PlatformRefused(f"{method} {path} → {answer.status_code}: {answer.text[:300]}")
        return answer
