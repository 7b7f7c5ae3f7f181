"""Streams of live pages that are opened without end, never read, or cut off: each costs little, and the others are served."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from shared.auth import Role, issue_token
from shared.live.streams import MOST_OF_ONE
from tests.hostile.own_process import running
from tests.hostile.unharmed import unharmed_process
from tests.hostile.wire import PATIENCE, Client, connected

SECRET = "a-secret-of-tests-that-is-long-enough-for-hs256"
MOST = 300
ASKED = 500


def opening(name: str) -> bytes:
    token = issue_token(SECRET, name, Role.AGENT, 4_000_000_000)
    return f"GET /agent/live HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


async def test_streams_without_end_are_bounded_and_harm_nobody(
    service_dsn: Callable[[str], Awaitable[str]], tmp_path: Path
) -> None:
    """Nobody reads them beyond the status; all are cut off, and others opened at once."""
    settings = {"live_streams": MOST, "jwt_secret": SECRET}
    async with running("visits", await service_dsn("visits"), tmp_path, **settings) as own:
        await has_room(own.port)  # loads what a first stream loads
        async with unharmed_process(own):
            for _ in range(3):
                async with AsyncExitStack() as stack:
                    told = [await asked(own.port, stack, f"agent-{number}") for number in range(ASKED)]
                    assert set(told) == {200, 503}
                    assert told.count(200) <= MOST
                await has_room(own.port)  # those that were cut off have made some
            async with AsyncExitStack() as stack:
                told = [await asked(own.port, stack, "greedy") for _ in range(MOST_OF_ONE + 20)]
                assert told.count(200) <= MOST_OF_ONE
                await has_room(own.port)


async def has_room(port: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            async with AsyncExitStack() as stack:
                if await asked(port, stack, "newcomer") == 200:
                    return


async def asked(port: int, stack: AsyncExitStack, name: str) -> int:
    client: Client = await stack.enter_async_context(connected(port))
    await client.send(opening(name))
    return await client.status()
