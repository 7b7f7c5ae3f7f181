"""G3: looking up the contacts that caps count, of random customers, where 1e7 stand against where 1e5 do."""

import random
import time

import asyncpg

from bench.decide_load import START, scheduler
from bench.harness import Row, Servers, compare
from bench.standing import LARGE, PER_CUSTOMER, SMALL, standing
from services.scheduler.domain.ledger.contacts import LONGEST_PERIOD
from services.scheduler.store.customers import find_contacts

LOOKUPS, BATCH, WARM_UP = 100, 1000, 10
GOAL = 1.3


async def measure(servers: Servers, rounds: int) -> Row:
    large, small = await standing(servers, LARGE), await standing(servers, SMALL)
    rng = random.Random(1)
    for dsn in (large, small):
        await _warm(dsn)

    async def ours() -> float:
        return await _look_up(servers, large, LARGE // PER_CUSTOMER, rng)

    async def rival() -> float:
        return await _look_up(servers, small, SMALL // PER_CUSTOMER, rng)

    name = f"查抑制频次（每千名客户一次，缓存已热）：台账 {LARGE:,} 条 / {SMALL:,} 条"
    return await compare("G3", name, GOAL, ours, rival, rounds, "µs per customer", at_most=True)


async def _warm(dsn: str) -> None:
    """Have the system hold the index in memory, as it does on a machine that looks up contacts all day."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
    await connection.fetchval("SELECT count(day) FROM contact_ledger WHERE customer_id > '' AND state <> 'released'")
    await connection.close()


async def _look_up(servers: Servers, dsn: str, customers: int, rng: random.Random) -> float:
    """Microseconds per customer."""
    since = START.date() - LONGEST_PERIOD
    async with scheduler(servers, dsn, "", ()) as served, served.runtime.db.read() as session:
        for number in range(WARM_UP + LOOKUPS):
            if number == WARM_UP:
                started = time.perf_counter()
            found = await find_contacts(session, [f"C{n:07d}" for n in rng.sample(range(customers), BATCH)], since)
            assert len(found) == BATCH
    return (time.perf_counter() - started) / (LOOKUPS * BATCH) * 1e6
