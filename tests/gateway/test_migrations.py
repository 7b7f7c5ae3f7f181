"""The schema, from empty."""

from collections.abc import Awaitable, Callable

from services.gateway.models import metadata
from shared.testing.models import assert_models_match


async def test_the_tables_are_those_of_the_models(service_dsn: Callable[[str], Awaitable[str]]) -> None:
    await assert_models_match(await service_dsn("gateway"), metadata)
