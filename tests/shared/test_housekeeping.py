from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from shared.clock import ManualClock
from shared.housekeeping import forget_old
from shared.messaging import inbox
from shared.runtime import Runtime, Service
from shared.settings import ServiceSettings
from shared.testing import event
from shared.testing.events import NOON
from shared.testing.served import DATA_KEY

OLD = event("meter.read", key="C1", id="old", time=NOON)
NEW = event("meter.read", key="C1", id="new", time=NOON + timedelta(days=10))


@pytest.fixture
async def runtime(core_dsn: str, clock: ManualClock) -> AsyncIterator[Runtime]:
    settings = ServiceSettings(postgres_dsn=core_dsn, inbox_days=31, data_key=SecretStr(DATA_KEY))
    running = Runtime(Service("test", "测试", settings), clock)
    yield running
    await running.db.close()


async def remembered(runtime: Runtime, query: str) -> list[Any]:
    async with runtime.db.read() as session:
        return list((await session.execute(text(query))).scalars())


async def test_what_is_older_than_its_keeping_time_is_forgotten(runtime: Runtime, clock: ManualClock) -> None:
    await runtime.db.partitions.ensure("inbox", {OLD.day, NEW.day})
    async with runtime.db.work() as work:
        await inbox.claim(work.session, "test", [OLD, NEW])
        for key, days in (("old", 0), ("new", 39)):
            await work.session.execute(
                text("INSERT INTO idempotency_key VALUES ('p', :key, '/r', '', 201, '', :at)"),
                {"key": key, "at": NOON + timedelta(days=days)},
            )
    clock.advance(timedelta(days=40))
    assert await forget_old(runtime) == 0
    assert await remembered(runtime, "SELECT event_key FROM inbox") == [NEW.event_key]
    assert await remembered(runtime, "SELECT key FROM idempotency_key") == ["new"]
