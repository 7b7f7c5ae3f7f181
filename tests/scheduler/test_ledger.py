import asyncpg
from sqlalchemy import text

from services.scheduler.store.customers import _CONTACTS
from shared.testing import Served
from shared.testing.events import NOON

LEDGER = """
    INSERT INTO contact_ledger (task_id, customer_id, day, state, purpose, policies, tier)
    SELECT gen_random_uuid(), 'C' || n % 2000, DATE '2026-03-02' - n / 2000, 'committed', 'followup', '{p}', 'branch'
    FROM generate_series(1, 20000) n
"""


async def test_contacts_that_caps_count_are_found_without_a_look_at_their_rows(empty: Served) -> None:
    connection = await asyncpg.connect(empty.runtime.db.dsn)
    await connection.execute(LEDGER)
    await connection.execute("VACUUM ANALYZE contact_ledger")
    await connection.close()
    async with empty.runtime.db.read() as session:
        asked = {"ids": ["C1", "C2"], "since": NOON.date()}
        plan = "\n".join((await session.execute(text(f"EXPLAIN {_CONTACTS.text}"), asked)).scalars())
    assert "Index Only Scan using contact_ledger_customer" in plan, plan
