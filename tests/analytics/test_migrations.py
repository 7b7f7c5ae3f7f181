"""The schema."""

from services.analytics.models import metadata
from shared.testing import assert_models_match


async def test_models_and_migrations_agree(service_dsn):
    await assert_models_match(await service_dsn("analytics"), metadata)
