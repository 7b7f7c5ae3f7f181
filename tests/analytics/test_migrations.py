"""The schema."""

import asyncio

from services.analytics.models import metadata
from shared.migrations import downgrade, upgrade
from shared.testing import assert_models_match


async def test_models_and_migrations_agree(service_dsn):
    await assert_models_match(await service_dsn("analytics"), metadata)


async def test_the_schema_goes_up_from_empty_and_down_again(service_dsn):
    dsn = await service_dsn("")
    await asyncio.to_thread(upgrade, "analytics", dsn)
    await asyncio.to_thread(downgrade, "analytics", dsn, "base")
    await asyncio.to_thread(upgrade, "analytics", dsn)
    await assert_models_match(dsn, metadata)
