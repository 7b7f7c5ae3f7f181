"""P1: the full decide path against the slower of its two bare halves: consuming the messages, inserting the same rows."""

import os
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer

from bench.decide_load import facts, load_policies, produce, scheduler, until
from bench.harness import Row, Servers, compare
from shared.contracts.base import INTAKE
from shared.ids import new_id

EVENTS = int(os.environ.get("HUIFANG_BENCH_EVENTS", "200000"))
BATCH = 1000
GOAL = 0.6
TABLES = ("inbox", "customer", "decision", "task", "due", "contact_ledger", "outbox")


async def measure(servers: Servers, rounds: int) -> Row:
    template = await servers.database("scheduler")
    await load_policies(servers, template)
    prefix = f"p1{new_id().hex[-8:]}-"
    await produce(servers, prefix, facts(EVENTS))
    written: dict[str, list[asyncpg.Record]] = {}

    async def ours() -> float:
        dsn = await servers.copy(template)
        await servers.checkpoint()
        rate = await decide_all(servers, dsn, prefix)
        if not written:
            written.update(await _rows_of(dsn))
        return rate

    async def rival() -> float:
        if not written:
            await ours()
        dsn = await servers.copy(template)
        await servers.checkpoint()
        return min(await _consume_all(servers, prefix), await _insert_all(dsn, written))

    return await compare("P1", "决策全路径 / 裸消费与裸写入之较慢者", GOAL, ours, rival, rounds)


async def decide_all(servers: Servers, dsn: str, prefix: str) -> float:
    """Events per second from the moment the first batch is taken in hand to the last one's commit, in a group of its own."""
    async with scheduler(servers, dsn, prefix, ()) as served:
        runner = served.runtime.consumers[0]
        runner.group = f"{prefix}{new_id().hex[-8:]}"
        begun: list[float] = []
        done: list[int] = []
        process = runner.processor.process

        async def counting(batch: Sequence[Any]) -> None:
            begun.append(time.perf_counter())
            await process(batch)
            done.append(len(batch))

        runner.processor.process = counting  # type: ignore[method-assign]
        served.runtime._spawn(runner.run(), "consumer-bench")
        await until(lambda: sum(done) >= EVENTS)
        return EVENTS / (time.perf_counter() - begun[0])


async def _consume_all(servers: Servers, prefix: str) -> float:
    client = AIOKafkaConsumer(
        prefix + INTAKE,
        bootstrap_servers=servers.bootstrap,
        group_id=f"raw{new_id().hex[-8:]}",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await client.start()
    seen, first, started = 0, 0, 0.0
    while seen < EVENTS:
        records = await client.getmany(timeout_ms=500, max_records=BATCH)
        seen += sum(len(part) for part in records.values())
        if records and not started:
            started, first = time.perf_counter(), seen
    rate = (seen - first) / (time.perf_counter() - started)
    await client.stop()
    return rate


async def _rows_of(dsn: str) -> dict[str, list[asyncpg.Record]]:
    connection = await asyncpg.connect(dsn)
    rows = {}
    for table in TABLES:
        # an array travels as text: unnest would take it apart
        names = [f"{name}::text" if kind.endswith("[]") else name for name, kind in await _columns(connection, table)]
        rows[table] = await connection.fetch(f"SELECT {', '.join(names)} FROM {table}")
    await connection.close()
    return rows


async def _insert_all(dsn: str, written: dict[str, list[asyncpg.Record]]) -> float:
    """The same rows, a multi-row statement per table and a transaction per thousand events, by the bare driver."""
    connection = await asyncpg.connect(dsn)
    statements = {table: await _statement(connection, table) for table in TABLES}
    await _partitions(connection, written)
    portions = EVENTS // BATCH
    started = time.perf_counter()
    for number in range(portions):
        async with connection.transaction():
            for table, rows in written.items():
                part = rows[len(rows) * number // portions : len(rows) * (number + 1) // portions]
                if part:
                    await connection.execute(statements[table], *(list(column) for column in zip(*part, strict=True)))
    rate = EVENTS / (time.perf_counter() - started)
    await connection.close()
    return rate


async def _statement(connection: asyncpg.Connection, table: str) -> str:
    columns = await _columns(connection, table)
    names = ", ".join(name for name, _ in columns)
    values = ", ".join(f"{name}::{kind}" if kind.endswith("[]") else name for name, kind in columns)
    arrays = ", ".join(
        f"${place}::{'text' if kind.endswith('[]') else kind}[]" for place, (_, kind) in enumerate(columns, 1)
    )
    return (
        f"INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE SELECT {values} FROM unnest({arrays}) AS row ({names})"
    )


async def _columns(connection: asyncpg.Connection, table: str) -> list[tuple[str, str]]:
    """Names and types, in their order."""
    return [
        (name, kind)
        for name, kind in await connection.fetch(
            "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute "
            "WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            table,
        )
    ]


async def _partitions(connection: asyncpg.Connection, written: dict[str, list[asyncpg.Record]]) -> None:
    for table, column in (("inbox", "event_day"), ("decision", "day")):
        for day in sorted({row[column] for row in written[table]}):
            days = f"FROM ('{day}') TO ('{day + timedelta(days=1)}')"
            await connection.execute(f"CREATE TABLE {table}_{day:%Y%m%d} PARTITION OF {table} FOR VALUES {days}")
