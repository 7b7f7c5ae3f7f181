from collections.abc import Awaitable, Callable

from services.notifications.models import metadata
from shared.testing import assert_models_match


async def test_the_models_are_what_the_migrations_make(service_dsn: Callable[[str], Awaitable[str]]) -> None:
    await assert_models_match(await service_dsn("notifications"), metadata)
