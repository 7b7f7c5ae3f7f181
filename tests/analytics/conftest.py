"""A served analytics: one to fill, and one that has seen everything and is only read."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.analytics.app import create_app
from services.analytics.settings import AnalyticsSettings
from shared.clock import ManualClock
from shared.testing import Served, serve
from shared.testing.databases import Databases
from tests.analytics.builders import day
from tests.analytics.world import everything

TODAY = day(29)


@pytest.fixture
async def analytics(service_dsn) -> AsyncIterator[Served]:
    """Empty; today is 31 March 2026."""
    dsn = await service_dsn("analytics")
    async with serve(create_app, AnalyticsSettings, dsn, clock=ManualClock(TODAY)) as served:
        yield served


@pytest_asyncio.fixture(scope="module")
async def seen(postgres_server) -> AsyncIterator[Served]:
    """Has seen everything; shared by the tests of a module, which change nothing."""
    databases = Databases(postgres_server)
    dsn = await databases.clone("analytics")
    async with serve(create_app, AnalyticsSettings, dsn, clock=ManualClock(TODAY)) as served:
        await served.deliver(*everything())
        yield served
    await databases.drop_all()
