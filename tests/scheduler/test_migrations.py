import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from services.scheduler.models import metadata
from shared.migrations import downgrade, upgrade
from shared.testing import assert_models_match


async def test_models_and_migrations_agree(service_dsn: Callable[[str], Awaitable[str]]) -> None:
    await assert_models_match(await service_dsn("scheduler"), metadata)


async def test_migrations_go_up_and_down_from_empty(service_dsn: Callable[[str], Awaitable[str]]) -> None:
    dsn = await service_dsn("")
    await asyncio.to_thread(upgrade, "scheduler", dsn)
    await asyncio.to_thread(downgrade, "scheduler", dsn, "base")
    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    assert [row["tablename"] for row in tables] == ["alembic_version"]
