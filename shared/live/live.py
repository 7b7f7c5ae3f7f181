"""What a process with live pages holds, and the answer that is a stream."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from fastapi import Request
from fastapi.sse import EventSourceResponse
from starlette.types import Receive, Scope, Send

from shared.auth import caller_of
from shared.errors import HuifangError
from shared.live.listener import Listener
from shared.live.streams import Stream, Streams
from shared.principal import Principal, Role
from shared.server import AT_STOP, STOPPING

if TYPE_CHECKING:
    from shared.db import Database

log = structlog.get_logger(__name__)
BEAT = 15.0  # seconds; as often it is asked whether the person is still signed in
LIFE = (420.0, 570.0)  # the front door ends a connection after 10 minutes
RETRY = (1000, 4000)  # milliseconds: after a restart not all come back at once
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}  # a proxy that buffers would hold nudges back
MayStill = Callable[[], Awaitable[Principal | None]]


@dataclass(frozen=True)
class LivePages:
    """The parts that a service's pages ask for again, and which of them a change that was notified concerns for whom."""

    parts: frozenset[str]
    concerns: Callable[[Principal, Any], Collection[str]]


class Live:
    """The streams of a process, at most `most`; `life` (shortest and longest) and `beat` in seconds."""

    def __init__(self, service: str, db: "Database", most: int, pages: LivePages) -> None:
        self.pages = pages
        self.streams = Streams(most)
        self.listener = Listener(service, db, self.streams, self._heard)
        self.life = LIFE
        self.beat = BEAT

    def _heard(self, change: Any) -> None:
        pages = self.pages
        self.streams.nudge(lambda who: pages.parts if change is None else pages.concerns(who, change))


async def open_stream(request: Request, who: Principal, *roles: Role) -> "StreamAnswer":
    """A stream for whoever sent the request, for as long as they are known and may do what these roles are for.

    Raises TooManyStreams, and Unavailable while the database can't be listened to.
    """
    live: Live = request.app.state.runtime.live
    stream = live.streams.open(who)
    try:
        await live.listener.ready()
    except BaseException:
        live.streams.close(stream)
        raise
    return StreamAnswer(live, stream, lambda: _still(request, roles))


class StreamAnswer(EventSourceResponse):
    """Events until the stream ends; then it is closed, however that came."""

    def __init__(self, live: Live, stream: Stream, may_still: MayStill) -> None:
        super().__init__(_events(live, stream, may_still), headers=HEADERS)
        self.streams = live.streams
        self.stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"][AT_STOP] = self.stream.end
        if STOPPING in scope["state"]:
            self.stream.end()
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.streams.close(self.stream)


async def _events(live: Live, stream: Stream, may_still: MayStill) -> AsyncIterator[str]:
    """First all parts, for something may have changed since the page was made."""
    loop = asyncio.get_running_loop()
    ends, beat = loop.time() + random.uniform(*live.life), loop.time() + live.beat
    yield f"retry: {random.randint(*RETRY)}\n\n{_event('changed', live.pages.parts)}"
    while not stream.ended and loop.time() < ends:
        if told := await stream.wait(min(beat, ends)):
            yield _event("changed", told)
        if loop.time() >= beat:
            if (who := await may_still()) is None:
                return
            stream.who, beat = who, loop.time() + live.beat
            yield _event("beat", ["beat"])


def _event(name: str, parts: Collection[str]) -> str:
    return f"event: {name}\ndata: {' '.join(sorted(parts))}\n\n"


async def _still(request: Request, roles: Collection[Role]) -> Principal | None:
    """Whoever sent the request, as they are known now; None who is not any more, or may not do what these roles are for."""
    try:
        who = await caller_of(request, request.state.credential)
    except HuifangError:
        return None
    except Exception:
        log.warning("live_beat_failed", exc_info=True)
        return None
    return who if who.may(*roles) else None
