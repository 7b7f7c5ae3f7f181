"""D1: an exact draw of a day's population, until it is made: winners and reserve recorded, the first winners told."""

import json
import os
import time
from datetime import date, datetime

import asyncpg

from bench.decide_load import scheduler
from bench.harness import Row, Servers, copied, repeat
from shared.zone import ORG_ZONE

FACTS = int(os.environ.get("HUIFANG_BENCH_POPULATION", "1000000"))
GOAL = 20.0
DAY = date(2026, 3, 2)
CLOSED = datetime(2026, 3, 3, 0, 10, tzinfo=ORG_ZONE)
PACK = {
    "pack.yaml": "format: 1\nname: bench\ntitle: 基准\n",
    "policies/all.yaml": json.dumps(
        {
            "id": "daily",
            "title": "每日抽取",
            "trigger": {"events": ["repair.closed"]},
            "rate": {"exact": 20, "of": "day", "by": ["branch"], "minimum": 1, "reserve": 100},
            "delay": {"days": 1},
            "questionnaire": "q",
        }
    ),
}
POPULATION = """
INSERT INTO population (period, policy_id, policy_version, fact_key, stratum, customer_id, fact)
SELECT $1, 'daily', 1, lpad(to_hex(n), 32, '0')::uuid, '["B' || n % 30 || '"]', 'C' || n,
       jsonb_build_object('id', 'evt-' || n, 'source', '/bench', 'type', 'cn.huifang.erp.repair.closed.v1',
           'time', '2026-03-02T10:00:00+08:00', 'lineage', lpad(to_hex(n), 32, '0'), 'data', jsonb_build_object(
               'work_order_no', 'WX' || n, 'org', jsonb_build_object('code', 'B' || n % 30),
               'product', jsonb_build_object('category', '燃气热水器', 'model', 'V3'),
               'customer', jsonb_build_object('id', 'C' || n, 'name', '客户', 'level', 'A')))
FROM generate_series(1, $2::int) n
"""
DRAW = """
INSERT INTO draw (id, policy_id, policy_version, period, ends, state, priority, rate, seed, rule, population, strata,
                  fingerprint)
VALUES (gen_random_uuid(), 'daily', 1, $1, $1::date + 1, 'open', 5, 20, 'bench',
        (SELECT content -> 'rate' FROM policy_version), 0, '[]', '')
"""


async def measure(servers: Servers, rounds: int) -> Row:
    template = await servers.database("scheduler")
    await _fill(servers, template)

    async def ours() -> float:
        async with copied(servers, template) as dsn:
            await servers.checkpoint()
            async with scheduler(servers, dsn, "d1-", ()) as served:
                served.runtime.clock.move_to(CLOSED)  # type: ignore[attr-defined]
                started = time.perf_counter()
                (draw,) = (job for job in served.runtime.service.jobs if job.name == "draw")
                await draw.run(served.runtime)
                return time.perf_counter() - started

    return await repeat("D1", f"整日抽取：{FACTS:,} 条总量，至抽出并记录", GOAL, ours, rounds, "s", at_most=True)


async def _fill(servers: Servers, dsn: str) -> None:
    async with scheduler(servers, dsn, "d1-", ()) as served, served.client("admin") as client:
        (await client.post("/api/v1/packs", json={"name": "bench", "files": PACK})).raise_for_status()
        await served.runtime.db.partitions.ensure("population", {DAY})
    connection = await asyncpg.connect(dsn)
    await connection.execute(POPULATION, DAY, FACTS)
    await connection.execute(DRAW, DAY)
    await connection.execute("ANALYZE population")
    await connection.close()
