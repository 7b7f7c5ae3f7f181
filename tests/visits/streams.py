"""Streams of live pages as a browser reads them: over a real connection, event by event."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx

from shared.auth import Role, issue_token
from shared.principal import Principal
from shared.sessions import COOKIE, open_session
from shared.testing import Served
from tests.visits.conftest import SECRET

PATIENCE = 60.0
LIVE = "/agent/live"


class Told(NamedTuple):
    event: str
    data: str


CHANGED = Told("changed", "notices queue")
QUEUE = Told("changed", "queue")
BEAT = Told("beat", "beat")


class Stream:
    """An open one."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self._lines = answer.aiter_lines()

    async def next(self) -> Told | None:
        """What is told next; None at the end."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if name:
                    fields[name] = value
                elif "event" in fields:
                    return Told(fields["event"], fields["data"])
        return None

    async def changed(self) -> Told | None:
        """The next nudge, beats aside."""
        while (told := await self.next()) == BEAT:
            pass
        return told


def bearer(name: str, **claims: list[str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_token(SECRET, name, Role.AGENT, 4_000_000_000, **claims)}"}


def cookie(served: Served, name: str = "1001") -> dict[str, str]:
    """Of somebody who has signed in at a page."""
    session = open_session(Principal(name, (Role.AGENT,), name), "", served.runtime.clock.machine())
    return {"Cookie": f"{COOKIE}={served.runtime.signer.sign(session)}"}


@asynccontextmanager
async def asked(port: int, headers: dict[str, str]) -> AsyncIterator[Stream]:
    """Whatever the answer is."""
    client = httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE)
    async with client, client.stream("GET", LIVE) as answer:
        yield Stream(answer)


@asynccontextmanager
async def streamed(port: int, headers: dict[str, str]) -> AsyncIterator[Stream]:
    """A stream that has begun."""
    async with asked(port, headers) as stream:
        assert stream.answer.status_code == 200, stream.answer.status_code
        assert await stream.next() == CHANGED
        yield stream
