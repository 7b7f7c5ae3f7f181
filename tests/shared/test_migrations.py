"""Schemas lead upwards only, and a version's services start on the schema of a later one, as when one goes back."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from deploy.local.settings import ROOT, SERVICES
from shared.migrations import upgrade

# the last migrations from before that rule: what has run somewhere is never changed (tests/upgrade)
BEFORE_THE_RULE = {
    "gateway": "0016",
    "scheduler": "0025",
    "visits": "0027",
    "complaints": "0010",
    "notifications": "0016",
    "analytics": "0012",
}


@pytest.mark.parametrize("service", SERVICES)
def test_no_migration_has_a_way_down(service: str) -> None:
    folder = ROOT / "services" / service / "migrations" / "versions"
    after = [path for path in folder.glob("0*.py") if path.name[:4] > BEFORE_THE_RULE[service]]
    down = [path.name for path in after if "def downgrade" in path.read_text()]
    assert down == [], "drop the function `downgrade`: docs/operations.md, Upgrade"


def test_a_new_migration_is_begun_without_one() -> None:
    assert "downgrade" not in (ROOT / "shared" / "migrations" / "script.py.mako").read_text()


async def test_a_schema_of_a_later_version_stays_as_it_is(service_dsn: Callable[[str], Awaitable[str]]) -> None:
    dsn = await service_dsn("")
    for _ in range(2):
        assert await asyncio.to_thread(upgrade, "complaints", dsn)
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "ALTER TABLE outbox ADD COLUMN later int; UPDATE alembic_version SET version_num = '9999'"
        )
        assert not await asyncio.to_thread(upgrade, "complaints", dsn)
        assert await connection.fetchval("SELECT version_num FROM alembic_version") == "9999"
        assert await connection.fetch("SELECT later FROM outbox") == []
    finally:
        await connection.close()
