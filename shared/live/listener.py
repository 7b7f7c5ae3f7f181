"""Hears what has changed in the service's database, from the moment that somebody opens a stream."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson
import structlog

from shared.errors import Unavailable
from shared.live.streams import Streams
from shared.messaging.transient import is_transient

if TYPE_CHECKING:
    from shared.db import Database

log = structlog.get_logger(__name__)
CHANNEL = "huifang_live"
LOOK_SECONDS = 15.0  # a connection that is dead without a word is found out
ANSWER_SECONDS = 5.0
PATIENCE = 3.0  # for a connection that is just being made
LONGEST_PAUSE = 5.0


class Listener:
    """One connection of this process that listens; when it breaks, all streams end, for what they miss nobody could tell.

    `heard` is called with what was notified; None for a change that did not fit into a notification.
    """

    def __init__(self, service: str, db: "Database", streams: Streams, heard: Callable[[Any], None]) -> None:
        self.service = service
        self.db = db
        self.streams = streams
        self.heard = heard
        self._wanted = asyncio.Event()
        self._listening = asyncio.Event()
        self._stopping = asyncio.Event()

    async def ready(self) -> None:
        """Once it listens. Raises Unavailable when it does not within `PATIENCE`."""
        self._wanted.set()
        try:
            async with asyncio.timeout(PATIENCE):
                await self._listening.wait()
        except TimeoutError as error:
            raise Unavailable("暂时没有实时更新，页面定时刷新") from error

    def stop(self) -> None:
        self._stopping.set()
        self._wanted.set()
        self.streams.end_all()

    async def run(self) -> None:
        """Listen until stopped; a lost database is waited out with growing pauses."""
        await self._wanted.wait()
        pause = 0.2
        while not self._stopping.is_set():
            try:
                await self._listen()
                pause = 0.2
            except Exception as error:
                if not is_transient(error):
                    log.exception("live_failed", service=self.service)
                log.warning("live_interrupted", service=self.service, error=repr(error))
                pause = min(pause * 2, LONGEST_PAUSE)
            finally:
                self._listening.clear()
                self.streams.end_all()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def _listen(self) -> None:
        """One life of the connection, until it breaks or the process stops."""
        over = asyncio.Event()
        connection = await asyncpg.connect(
            self.db.dsn,
            command_timeout=ANSWER_SECONDS,
            timeout=10,
            server_settings={"application_name": f"huifang-{self.service}-live", "timezone": "UTC"},
        )
        connection.add_termination_listener(lambda _: over.set())
        stopping = asyncio.create_task(self._stopping.wait())
        stopping.add_done_callback(lambda _: over.set())
        try:
            await connection.add_listener(CHANNEL, self._notified)
            self._listening.set()
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(over.wait(), LOOK_SECONDS)
                    break
                await connection.execute("SELECT 1")
        finally:
            stopping.cancel()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(connection.close(), ANSWER_SECONDS)

    def _notified(self, _connection: Any, _process: int, _channel: str, payload: object) -> None:
        try:
            self.heard(orjson.loads(str(payload)) if payload else None)
        except Exception:  # asyncpg would only print it
            log.exception("live_notice_unread", service=self.service)
