"""Arrays arrive as they were sent, whatever they hold."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.clock import ManualClock
from shared.columns import Column
from shared.db import Database

ARRAYS = [
    ("text", ["客户一", None, "", "{a,b}"]),
    ("uuid", [UUID(int=1), None, UUID(int=2)]),
    ("timestamptz", [datetime(2026, 3, 2, 8, tzinfo=UTC), None]),
    ("date", [date(2026, 12, 31), None]),
    ("bigint", [1, -(1 << 62), None]),
    ("boolean", [True, None, False]),
    ("bytea", [b"\x00{}", b"", None]),
    ("text", []),
    ("text", [None, None]),
]


@pytest.mark.parametrize(("kind", "values"), ARRAYS)
async def test_an_array_arrives_as_it_was_sent(core_dsn: str, clock: ManualClock, kind: str, values: list[Any]) -> None:
    db = Database("test", core_dsn, clock, pool_size=1)
    statement = text(f"SELECT CAST(:first AS {kind}[]), CAST(:second AS {kind}[]), CAST(:third AS int)")
    async with db.read() as session:
        for _ in range(2):  # prepared, then from the cache
            row = (await session.execute(statement, {"first": values, "second": values[:1], "third": 7})).one()
            assert tuple(row) == (values, values[:1], 7)
    await db.close()


async def test_a_value_of_the_wrong_kind_is_told_and_the_connection_stays(core_dsn: str, clock: ManualClock) -> None:
    db = Database("test", core_dsn, clock, pool_size=1)
    statement = text("SELECT CAST(:values AS text[])")
    async with db.read() as session:
        with pytest.raises(DBAPIError, match="expected str, got int"):
            await session.execute(statement, {"values": ["a", 2]})
        await session.rollback()
        assert await session.scalar(statement, {"values": ["a", "b"]}) == ["a", "b"]
    await db.close()


async def test_an_array_within_an_array_is_refused(core_dsn: str, clock: ManualClock) -> None:
    db = Database("test", core_dsn, clock, pool_size=1)
    async with db.read() as session:
        with pytest.raises(DBAPIError, match="invalid"):
            await session.execute(text("SELECT CAST(:values AS int[])"), {"values": [[1, 2], [3, 4]]})
    await db.close()


async def test_the_driver_looks_twice_and_encodes_what_it_sees_the_second_time(core_dsn: str) -> None:
    connection, column = await asyncpg.connect(core_dsn), Column([1, 2, 3])
    assert await connection.fetchval("SELECT $1::int[]", column) == [1, 2, 3]
    assert column.looked
    await connection.close()
