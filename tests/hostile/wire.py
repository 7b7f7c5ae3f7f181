"""A service on a real socket of the loopback, and clients that speak HTTP letter by letter."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from shared.server import BoundedProtocol
from tests.patience import PATIENCE


@asynccontextmanager
async def listening(app: Any, port: int = 0, **limits: Any) -> AsyncIterator[int]:
    """The app behind uvicorn with `BoundedProtocol`, whose limits may be changed; yields the port."""
    protocol = type("Protocol", (BoundedProtocol,), limits)
    config = uvicorn.Config(app, port=port, http=protocol, ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.wait([task], timeout=0.01)
        assert not task.done()
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


class Client:
    """A connection, used as slowly as a test likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def status(self, seconds: float = PATIENCE) -> int:
        """The status of the next answer; 0 when the connection was closed without one."""
        try:
            line = await asyncio.wait_for(self.reader.readline(), seconds)
        except ConnectionError:
            return 0
        return int(line.split()[1]) if line else 0

    async def answer(self, seconds: float = PATIENCE) -> tuple[int, bytes]:
        """The status and body of the next answer, read whole, so that another may follow."""
        async with asyncio.timeout(seconds):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            return int(head.split()[1]), await self.reader.readexactly(int(length.split(b":")[1]))

    async def is_closed(self, seconds: float = PATIENCE) -> bool:
        """Whether the other side ends the connection within the time; what comes before is read and dropped."""
        try:
            async with asyncio.timeout(seconds):
                while await self.reader.read(1 << 16):
                    pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def asks(port: int, path: str = "/livez") -> int:
    """The status of a plain GET."""
    async with connected(port) as client:
        await client.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return await client.status()
