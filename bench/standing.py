"""A scheduler's database in which so many tasks stand, every row as the service itself writes it.

One fact is decided by the real service; its rows are then multiplied. There are ten tasks per customer: the older five were
done in the three years past, the newer five are waiting and fall due in the day that begins. The day that is written to next
has a hundredth as many decisions already; those of other days lie in partitions of their own, where nobody writes.
"""

import asyncio
import os

import asyncpg

from bench.decide_load import START, facts, load_policies, scheduler
from bench.harness import Servers

LARGE = int(os.environ.get("HUIFANG_BENCH_LARGE", "10000000"))
SMALL = int(os.environ.get("HUIFANG_BENCH_SMALL", "100000"))
PER_CUSTOMER = 10
PER_DECISION_OF_DAY = 100
_CUSTOMER = f"'C' || lpad((n * 7919 % ($1::bigint / {PER_CUSTOMER}))::text, 7, '0')"
# ids begin with their time, as the service's do
_ID = """(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '8' || substr(md5(n::text), 1, 3) || '8'
          || substr(md5(n::text), 4, 15))::uuid"""
_STANDING = f"""
    SELECT n, at, waits, {_CUSTOMER} AS customer, {_ID} AS id FROM (
        SELECT n, n > $1 / 2 AS waits,
               $2::timestamptz - CASE WHEN n > $1 / 2 THEN interval '1 day' * (2 - 2 * n / $1::float8)
                                      ELSE interval '1 day' + interval '3 years' * (1 - 2 * n / $1::float8) END AS at
        FROM generate_series(1, $1::bigint) n) numbered
"""
_IN_DAY = f"""
    SELECT n, at, {_CUSTOMER} AS customer, {_ID} AS id FROM (
        SELECT n, $2::timestamptz - interval '1 hour' * (1 - {PER_DECISION_OF_DAY} * n / $1::float8) AS at
        FROM generate_series(1, $1::bigint / {PER_DECISION_OF_DAY}) n) numbered
"""
_TASKS = f"""
    INSERT INTO task (id, policy_id, policy_version, event_id, customer_id, case_id, due_at, deadline_at, state, reason,
                      planned_at, changed_at, body)
    SELECT one.id, policy_id, policy_version, 'evt-s-' || n, customer, case_id, at + interval '1 day',
           at + interval '4 days', CASE WHEN waits THEN 'planned' ELSE 'done' END, reason, at, at, body
    FROM ({_STANDING}) one, pattern_task
"""
_DUE = f"""
    INSERT INTO due (task_id, customer_id, due_at)
    SELECT id, customer, at + interval '1 day' FROM ({_STANDING}) one WHERE waits
"""
_LEDGER = f"""
    INSERT INTO contact_ledger (task_id, customer_id, day, state, purpose, policies, tier)
    SELECT id, customer, (at + interval '1 day')::date, CASE WHEN waits THEN 'reserved' ELSE 'committed' END, purpose,
           policies, tier
    FROM ({_STANDING}) one, pattern_contact_ledger
"""
_DECISIONS = f"""
    INSERT INTO decision (day, event_key, event_id, source, event_type, customer_id, subject, at, decided_at, outcome,
                          details)
    SELECT one.at::date, one.id, 'evt-s-' || n, source, event_type, customer, 'WX-s-' || n, one.at, one.at, outcome,
           details
    FROM ({_IN_DAY}) one, pattern_decision
"""
_INBOX = f"""
    INSERT INTO inbox (consumer, event_day, event_key)
    SELECT consumer, at::date, id FROM ({_IN_DAY}) one, pattern_inbox
"""
_CUSTOMERS = f"""
    INSERT INTO customer (id, profile, as_of, older, opted_out, memory)
    SELECT 'C' || lpad(n::text, 7, '0'), profile, $2::timestamptz - interval '1 day', older, opted_out, memory
    FROM generate_series(0, $1::bigint / {PER_CUSTOMER} - 1) n, pattern_customer
"""
TASK = {"task": _TASKS}
OTHERS = {
    "customer": _CUSTOMERS,
    "due": _DUE,
    "contact_ledger": _LEDGER,
    "decision": _DECISIONS,
    "inbox": _INBOX,
}


async def standing(servers: Servers, amount: int) -> str:
    """DSN of a database with `amount` tasks, made once in a run; nobody is connected to it."""
    if amount not in servers.standing:
        dsn = await servers.database("scheduler")
        await load_policies(servers, dsn)
        await _decide_one(servers, dsn)
        await _keep_patterns(dsn)
        await asyncio.gather(_fill(dsn, TASK, amount), _fill(dsn, OTHERS, amount))
        await _vacuum(dsn)
        await servers.checkpoint()
        servers.standing[amount] = dsn
    return servers.standing[amount]


async def _decide_one(servers: Servers, dsn: str) -> None:
    async with scheduler(servers, dsn, "", ()) as served:
        for fact in facts(100):
            await served.deliver(fact)
            if await served.published("followup.planned"):
                return


async def _keep_patterns(dsn: str) -> None:
    """One row of each table, the decision that planned the task among them; the tables are empty then."""
    connection = await asyncpg.connect(dsn)
    for table in (*TASK, *OTHERS):
        which = " WHERE outcome = 'planned'" if table == "decision" else ""
        await connection.execute(f"CREATE TABLE pattern_{table} AS SELECT * FROM {table}{which} LIMIT 1")
    await connection.execute(f"TRUNCATE outbox, {', '.join((*TASK, *OTHERS))}")
    await connection.close()


async def _fill(dsn: str, tables: dict[str, str], amount: int) -> None:
    """Rows first and their indexes afterwards, which is quicker."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("SET timezone = 'UTC'; SET maintenance_work_mem = '1GB'")
    for table, statement in tables.items():
        indexes = await connection.fetch(_INDEXES, table)
        for index in indexes:
            await connection.execute(f"DROP INDEX {index['name']}")
        await connection.execute(statement, amount, START)
        for index in indexes:
            await connection.execute(index["definition"])
        await connection.execute(f"DROP TABLE pattern_{table}")
    await connection.close()


async def _vacuum(dsn: str) -> None:
    """What autovacuum would do; last, for rows count as visible to all only once no older transaction runs."""
    connection = await asyncpg.connect(dsn)
    for table in (*TASK, *OTHERS):
        await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.close()


_INDEXES = """
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index
    JOIN pg_class ON pg_class.oid = indrelid
    WHERE indrelid = $1::text::regclass AND NOT indisprimary AND relkind = 'r'
"""
