"""Each service running on a database of its own, shared by the tests of a module."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from shared.clock import ManualClock
from shared.testing import Served, serve
from shared.testing.databases import Databases
from shared.testing.events import NOON
from tests.architecture.parts import SERVICES, SETTINGS, create_app, settings_class


@pytest_asyncio.fixture(scope="module", params=SERVICES)
async def served(
    request: pytest.FixtureRequest, postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Served]:
    """One service after the other, with page assets installed."""
    databases = Databases(postgres_server)
    dsn = await databases.clone(request.param)
    settings = {"page_assets": assets(tmp_path_factory.mktemp("assets")), **SETTINGS.get(request.param, {})}
    async with serve(
        create_app(request.param), settings_class(request.param), dsn, clock=ManualClock(NOON), **settings
    ) as running:
        yield running
    await databases.drop_all()


def assets(folder: Path) -> Path:
    """What set-up installs for pages, as far as routes depend on it."""
    (folder / "swagger-ui-dist").mkdir()
    (folder / "swagger-ui-dist" / "swagger-ui.css").write_text("")
    return folder
