"""Limits of the HTTP server itself: they hold before a route, a key or a transaction is asked for.

Whoever opens a connection costs memory and a file descriptor. So a request's head is bounded in bytes and in time, and when
there are too many connections, the one that has been sending its request for longest makes room for a new one. The time
that a body may take is the edge's (`shared.edge`), for it answers with a problem. What is still coming of a body that was
answered already is read and dropped, within limits: closing at once would cost the client that answer (RFC 9112 §9.6).
"""

import asyncio
import resource
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

AT_STOP, STOPPING = "at_stop", "stopping"  # in a request's state: how to end its answer, and that it is to end
RESERVED_FILES = 256  # of this process: the database, Kafka, logs, what it starts


def most_connections() -> int:
    """As many as the operating system's limit of open files leaves, at most 4,000."""
    return max(64, min(4000, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - RESERVED_FILES))


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with limits on heads, pipelines and connections (RFC 9112; RFC 6585 §5 for 431)."""

    head_bytes = 32 << 10
    head_seconds = 10.0
    unread_bytes = 8 << 20  # of a body that was answered before its end; `head_seconds` holds for it, too
    pipelined = 16
    most = most_connections()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._refusal = 400
        self._head_read = 0
        self._in_body = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._since = 0.0

    # --- the connection

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin_head()
        if len(self.connections) > self.most:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_head()
        super().connection_lost(exc)

    def _make_room(self) -> None:
        """Closes the connection that has been sending a request for longest; this one has come last."""
        sending = [one for one in self.connections if isinstance(one, BoundedProtocol) and one._is_sending()]
        min(sending, key=lambda one: one._since, default=self)._refuse(503)

    def _is_sending(self) -> bool:
        """Whether this side waits for the client: for a head, or for the rest of a body."""
        idle = self.cycle is None or self.cycle.response_complete
        return not self.transport.is_closing() and (idle or bool(self.cycle.more_body))

    def shutdown(self) -> None:
        """The server stops. An answer that would go on for as long as its client likes is told so."""
        super().shutdown()
        if self.cycle is not None and not self.cycle.response_complete:
            state = self.cycle.scope["state"]
            state[STOPPING] = True
            if end := state.get(AT_STOP):
                end()

    # --- a request's head

    def data_received(self, data: bytes) -> None:
        if self._head_timer is None and (self.cycle is None or self.cycle.response_complete):
            self._begin_head()
        self._head_read += len(data)
        super().data_received(data)
        most = self.unread_bytes if self._in_body else self.head_bytes
        if self._head_timer is not None and not self.transport.is_closing() and self._head_read > most:
            self._refuse(431)

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()
        if self._head_timer is not None:  # the body's request was answered before; what comes now is a head
            self._end_head()
            self._begin_head()

    def on_headers_complete(self) -> None:
        self._end_head()
        self._in_body = True
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > self.head_bytes:
            self._refusal = 431
            raise ValueError("the head is too large")  # ends the parsing; `send_400_response` answers
        if len(self.pipeline) >= self.pipelined:
            raise ValueError("too many requests at once")
        super().on_headers_complete()

    def _begin_head(self) -> None:
        self._head_read = 0
        self._since = self.loop.time()
        self._head_timer = self.loop.call_later(self.head_seconds, self._refuse, 408)

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    # --- what can't be served

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal)

    def _refuse(self, status: int) -> None:
        """Answers without a body and closes; a request that is being answered already is only cut off."""
        self._end_head()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(STATUS_LINE[status] + b"connection: close\r\ncontent-length: 0\r\n\r\n")
        self.transport.close()
