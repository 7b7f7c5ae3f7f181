from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from services.complaints.app import create_app
from services.complaints.settings import ComplaintsSettings
from shared.clock import ManualClock
from shared.testing import Served, serve


@pytest.fixture
async def served(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Served]:
    """The complaints service on a fresh database, its loops off."""
    async with serve(create_app, ComplaintsSettings, await service_dsn("complaints"), clock=clock) as running:
        yield running
