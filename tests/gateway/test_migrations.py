"""The schema, from empty and back."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from services.gateway.models import metadata
from shared.migrations import downgrade, upgrade
from shared.testing.models import assert_models_match


async def test_the_tables_are_those_of_the_models(service_dsn: Callable[[str], Awaitable[str]]) -> None:
    await assert_models_match(await service_dsn("gateway"), metadata)


async def test_the_schema_can_be_made_from_empty_twice_and_taken_back(
    service_dsn: Callable[[str], Awaitable[str]],
) -> None:
    dsn = await service_dsn("")
    for _ in range(2):
        await asyncio.to_thread(upgrade, "gateway", dsn)
    await asyncio.to_thread(downgrade, "gateway", dsn, "base")
    connection = await asyncpg.connect(dsn)
    left = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    await connection.close()
    assert [row["tablename"] for row in left] == ["alembic_version"]
