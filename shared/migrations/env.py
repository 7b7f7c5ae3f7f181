"""Alembic's environment: online only, asyncpg, one migration run at a time per database."""

import asyncio

from alembic import context
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from shared.db import engine_for


def run(connection: Connection) -> None:
    # the lock makes replicas that start together take turns; lock_timeout keeps DDL from queueing behind a long reader
    connection.execute(text("SELECT pg_advisory_lock(hashtext('huifang-migrations'))"))
    connection.execute(text("SET lock_timeout = '10s'"))
    there = MigrationContext.configure(connection).get_current_revision() or ""
    connection.commit()
    later = there > str(context.get_head_revision())  # numbers of four digits
    context.config.attributes["later"] = later
    if not later:
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()
    connection.execute(text("SELECT pg_advisory_unlock(hashtext('huifang-migrations'))"))
    connection.commit()


async def main() -> None:
    # a large table takes longer to change than any request may wait, and another replica waits for its turn as long
    engine = engine_for(context.config.attributes["dsn"], 1, "huifang-migrations", command_timeout=None)
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


asyncio.run(main())
