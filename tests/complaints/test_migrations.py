from collections.abc import Awaitable, Callable

from services.complaints.models import metadata
from shared.testing import assert_models_match


async def test_the_tables_are_what_the_models_say(service_dsn: Callable[[str], Awaitable[str]]) -> None:
    await assert_models_match(await service_dsn("complaints"), metadata)
