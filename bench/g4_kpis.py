"""G4: all KPIs of a month by branch where 1e7 rows of figures stand against where the month's own 1e5 do."""

import time
from datetime import date, timedelta

import asyncpg

from bench.harness import Row, Servers, compare
from bench.standing import LARGE, SMALL
from services.analytics import queries
from services.analytics.domain.kpis import Options, definitions, measures_of
from services.analytics.domain.selection import Dimension, Selection
from shared.clock import SystemClock
from shared.db import Database

DAYS, QUERIES, WARM_UP = 30, 20, 2
LAST = date(2026, 3, 31)
FIRST = LAST - timedelta(days=DAYS - 1)
GOAL = 1.3
KPIS = list(definitions(Options()).values())
# half of a day's rows are sums of a cell, half are customers counted once
_FIGURES = """
    INSERT INTO rollup (day, branch, kind, policy, measure, amount)
    SELECT $1::date - ((n - 1) / $2::int)::int, 'B' || n % 30, 'kind' || n / 30 % 2, 'p' || n / 60 % 2,
           ($3::text[])[1 + n % $2::int / 120], 1 + n % 50
    FROM generate_series(1, $4::bigint) n ON CONFLICT DO NOTHING
"""
_HEADS = """
    INSERT INTO head_count (day, branch, kind, policy, measure, customer, amount)
    SELECT $1::date - ((n - 1) / $2::int)::int, 'B' || n % 30, 'kind' || n / 30 % 2, 'p' || n / 60 % 2,
           ($3::text[])[1 + n % cardinality($3::text[])], 'C' || n % 1000000, 1
    FROM generate_series(1, $4::bigint) n
"""


async def measure(servers: Servers, rounds: int) -> Row:
    large, small = await _figures(servers, LARGE), await _figures(servers, SMALL)
    name = f"一个月全部指标按分公司：{LARGE:,} 行统计 / 仅当月 {SMALL:,} 行"
    return await compare(
        "G4", name, GOAL, lambda: _ask(large), lambda: _ask(small), rounds, "ms per query", at_most=True
    )


async def _figures(servers: Servers, amount: int) -> str:
    """DSN of an analytics database with so many rows, as many on each day as the small one has."""
    dsn = await servers.database("analytics")
    connection = await asyncpg.connect(dsn)
    names = sorted(measures_of(KPIS))
    people = [name for name in names if name.startswith(queries.PEOPLE_PREFIX)]
    sums = [name for name in names if name not in people]
    for statement, measures in ((_FIGURES, sums), (_HEADS, people)):
        await connection.execute(statement, LAST, SMALL // 2 // DAYS, measures, amount // 2)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()
    return dsn


async def _ask(dsn: str) -> float:
    """Milliseconds per query."""
    db = Database("analytics", dsn, SystemClock())
    wanted = Selection(FIRST, LAST, by=(Dimension.BRANCH,))
    async with db.read() as session:
        for number in range(WARM_UP + QUERIES):
            if number == WARM_UP:
                started = time.perf_counter()
            assert await queries.kpi_rows(session, wanted, KPIS)
    await db.close()
    return (time.perf_counter() - started) / QUERIES * 1e3
