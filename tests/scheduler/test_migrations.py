import asyncio
from collections.abc import Awaitable, Callable

import asyncpg

from services.scheduler.models import metadata
from shared.migrations import upgrade
from shared.testing import assert_models_match


async def test_models_and_migrations_agree(service_dsn: Callable[[str], Awaitable[str]]) -> None:
    await assert_models_match(await service_dsn("scheduler"), metadata)


async def test_a_no_that_nobody_said_does_not_outlive_the_upgrade(
    service_dsn: Callable[[str], Awaitable[str]],
) -> None:
    dsn = await service_dsn("")
    await asyncio.to_thread(upgrade, "scheduler", dsn, "0012")
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "INSERT INTO customer (id, profile, as_of, opted_out) SELECT id, profile::jsonb, now(), '{}' FROM (VALUES "
            """('C1', '{"level": "A", "do_not_contact": false}'), ('C2', '{"do_not_contact": true}')) row (id, profile)"""
        )
        await asyncio.to_thread(upgrade, "scheduler", dsn)
        rows = await connection.fetch("SELECT profile, older FROM customer ORDER BY id")
    finally:
        await connection.close()
    assert [tuple(row) for row in rows] == [('{"level": "A"}', "{}"), ('{"do_not_contact": true}', "{}")]
