"""A lost database is never taken for a bad message, whatever the driver happens to call it."""

import asyncio
import itertools

import asyncpg
import pytest
from sqlalchemy import text

from shared.clock import ManualClock
from shared.db import Database
from shared.messaging.transient import is_transient

# between the server's farewell and the end of the connection the driver answers otherwise: about one time in ten
CUTS = 100


async def test_a_session_cut_at_any_moment_may_be_tried_again(
    core_dsn: str, postgres_server: str, clock: ManualClock
) -> None:
    db, admin = Database("test", core_dsn, clock, pool_size=1), await asyncpg.connect(postgres_server)
    seen = [await work_until_cut(db, admin) for _ in range(CUTS)]
    assert [repr(error) for error in seen if not is_transient(error)] == []
    async with db.work() as work:
        assert await work.session.scalar(text("SELECT 1")) == 1
    await admin.close()
    await db.close()


async def work_until_cut(db: Database, admin: asyncpg.Connection) -> BaseException:
    """What a transaction that was cut off raises."""
    cuts: list[asyncio.Task[str]] = []
    with pytest.raises(Exception, match=r".") as lost:
        async with db.work() as work:
            session = await work.session.scalar(text("SELECT pg_backend_pid()"))
            cuts.append(asyncio.create_task(admin.execute("SELECT pg_terminate_backend($1)", session)))
            for _ in itertools.count():
                await work.session.execute(text("SELECT 1"))
    await asyncio.gather(*cuts)
    return lost.value
