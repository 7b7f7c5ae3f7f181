"""A gateway on a database of its own, with its loops off."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvicorn

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.clock import ManualClock
from shared.testing.served import Served, serve


@pytest.fixture
async def gateway(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Served]:
    dsn = await service_dsn("gateway")
    async with serve(create_app, GatewaySettings, dsn, clock=clock, writeback_allow="127.0.0.1") as served:
        yield served


@pytest.fixture
async def address(gateway: Served) -> AsyncIterator[str]:
    """Where the gateway really listens, for programs that know nothing of this process."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(gateway.app, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    await serving
