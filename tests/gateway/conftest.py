"""A gateway on a database of its own, with its loops off."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.clock import ManualClock
from shared.testing.served import Served, serve


@pytest.fixture
async def gateway(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Served]:
    dsn = await service_dsn("gateway")
    async with serve(create_app, GatewaySettings, dsn, clock=clock, writeback_allow="127.0.0.1") as served:
        yield served
