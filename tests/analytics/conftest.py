"""A served analytics."""

from collections.abc import AsyncIterator

import pytest

from services.analytics.app import create_app
from services.analytics.settings import AnalyticsSettings
from shared.testing import Served, serve


@pytest.fixture
async def analytics(service_dsn, clock) -> AsyncIterator[Served]:
    clock.move_to(clock.now().replace(day=31))
    async with serve(create_app, AnalyticsSettings, await service_dsn("analytics"), clock=clock) as served:
        yield served
