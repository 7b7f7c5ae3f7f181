"""Customers: profile and refusals, their complaints, and the contacts that count."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.kept.memory import Memory, Remembered
from services.scheduler.domain.ledger.contacts import Contact
from services.scheduler.domain.restraint.contacts import CASES_IN_ORDER, CaseNews
from services.scheduler.store.rows import dump, encode, load
from shared.profile import NOTHING

# as text: what the driver knows to be JSON takes a call of Python a value
COLUMNS = "id, profile::text, as_of, older::text, opted_out::text, paused_until, memory::text"
_GET = f"SELECT {COLUMNS} FROM customer WHERE id = ANY(CAST(:ids AS text[])) ORDER BY id"  # noqa: S608 - constants only
_FIND = text(_GET)
# sorted, so that batches wait for each other instead of deadlocking
_LOCK = text(_GET + " FOR NO KEY UPDATE")
_TAKE = text(_GET + " FOR NO KEY UPDATE SKIP LOCKED")
_GIVEN = """
    SELECT id, convert_from(profile, 'UTF8')::jsonb AS profile, as_of, older::jsonb AS older, paused_until
    FROM unnest(CAST(:ids AS text[]), CAST(:profiles AS bytea[]), CAST(:times AS timestamptz[]),
                CAST(:older AS text[]), CAST(:pauses AS timestamptz[]))
         AS row (id, profile, as_of, older, paused_until)
    ORDER BY id
"""
_ADD = text(f"""
    INSERT INTO customer (id, profile, as_of, older, paused_until, opted_out) SELECT told.*, '{{}}' FROM ({_GIVEN}) told
    ON CONFLICT (id) DO NOTHING RETURNING id
""")  # noqa: S608 - constants only
_SAVE = text(f"""
    UPDATE customer SET profile = told.profile, as_of = told.as_of, older = told.older, paused_until = told.paused_until
    FROM ({_GIVEN}) told WHERE customer.id = told.id
""")  # noqa: S608 - constants only
_REFUSE = text("""
    INSERT INTO customer (id, profile, as_of, opted_out)
    SELECT id, '{}', 'epoch', opted_out::jsonb
    FROM unnest(CAST(:ids AS text[]), CAST(:opted_out AS text[])) AS row (id, opted_out)
    ORDER BY id
    ON CONFLICT (id) DO UPDATE SET opted_out = (SELECT jsonb_object_agg(way, at) FROM
        (SELECT DISTINCT ON (key) key AS way, value AS at
         FROM (SELECT * FROM jsonb_each_text(customer.opted_out)
               UNION ALL SELECT * FROM jsonb_each_text(excluded.opted_out)) told ORDER BY key, value::timestamptz) first)
""")
_REPLACE = text("""
    UPDATE customer SET opted_out = told.opted_out::jsonb
    FROM unnest(CAST(:ids AS text[]), CAST(:opted_out AS text[])) AS told (id, opted_out) WHERE customer.id = told.id
""")
_REMEMBER = text("""
    UPDATE customer SET memory = told.memory::jsonb
    FROM unnest(CAST(:ids AS text[]), CAST(:memories AS text[])) AS told (id, memory) WHERE customer.id = told.id
""")
_CONTACTS = text("""
    SELECT customer_id, task_id, day, purpose, policies, tier FROM contact_ledger
    WHERE customer_id = ANY(CAST(:ids AS text[])) AND day >= :since AND state <> 'released'
""")
_CASES = text("""
    INSERT INTO complaint_case AS kept (id, customer_id, state, resolved_by, as_of, reopened)
    SELECT id, customer_id, state, resolved_by, as_of, reopened
    FROM unnest(CAST(:ids AS text[]), CAST(:customers AS text[]), CAST(:states AS text[]),
                CAST(:resolved_by AS text[]), CAST(:times AS timestamptz[]), CAST(:reopened AS boolean[]))
         AS row (id, customer_id, state, resolved_by, as_of, reopened)
    ORDER BY id
    ON CONFLICT (id) DO UPDATE SET state = excluded.state, resolved_by = excluded.resolved_by, as_of = excluded.as_of,
        reopened = excluded.reopened
    WHERE (kept.as_of, array_position(CAST(:states_in_order AS text[]), kept.state), kept.reopened)
        <= (excluded.as_of, array_position(CAST(:states_in_order AS text[]), excluded.state), excluded.reopened)
""")


async def find_customers(session: AsyncSession, ids: Iterable[str]) -> dict[str, Customer]:
    """Profiles and refusals of those known."""
    return _customers(await session.execute(_FIND, {"ids": list(ids)}))


async def lock_customers(session: AsyncSession, ids: Iterable[str], skip: bool = False) -> dict[str, Customer]:
    """As `find_customers`, and nobody else decides about them until the transaction ends.

    `skip` leaves out those that another transaction has.
    """
    return _customers(await session.execute(_TAKE if skip else _LOCK, {"ids": sorted(ids)}))


def _customers(rows: Iterable[Any]) -> dict[str, Customer]:
    return {row[0]: customer_of(*row) for row in rows}


def customer_of(
    name: str,
    profile: Any,
    as_of: datetime,
    older: Any,
    opted_out: Any,
    paused_until: datetime | None,
    memory: Any = "[]",
) -> Customer:
    """A customer of the columns of `_GET`."""
    fields, times, ways = load(profile), NOTHING if older == "{}" else load(older), refusals_of(opted_out)
    return Customer(name, fields, as_of, times, ways, paused_until=paused_until, memory=memory_of(memory))


def refusals_of(stored: Any) -> dict[str, datetime]:
    """The `opted_out` column."""
    return {} if stored == "{}" else {way: datetime.fromisoformat(at) for way, at in load(stored).items()}


async def add_customers(session: AsyncSession, customers: Sequence[Customer]) -> set[str]:
    """Write customers nobody knew, locked from now on; gives those that another transaction has made known meanwhile."""
    if not customers:
        return set()
    added = (await session.execute(_ADD, _values(customers))).scalars()
    return {customer.id for customer in customers}.difference(added)


def memory_of(stored: Any) -> Memory:
    """The `memory` column."""
    if stored == "[]":
        return ()
    return tuple(
        Remembered(name, datetime.fromisoformat(at), UUID(key), *rest) for name, at, key, *rest in load(stored)
    )


def _row(one: Remembered) -> list[Any]:
    return [one.name, one.at, str(one.key), one.result, one.values]


async def save_memories(session: AsyncSession, customers: Sequence[Customer]) -> None:
    """Write what is remembered of locked customers."""
    if customers:
        memories = [dump([_row(one) for one in customer.memory]) for customer in customers]
        await session.execute(_REMEMBER, {"ids": [customer.id for customer in customers], "memories": memories})


async def save_customers(session: AsyncSession, customers: Sequence[Customer]) -> None:
    """Write what was learnt of locked customers."""
    if customers:
        await session.execute(_SAVE, _values(customers))


def _values(customers: Sequence[Customer]) -> dict[str, Any]:
    return {
        "ids": [customer.id for customer in customers],
        "profiles": [encode(customer.profile) for customer in customers],
        "times": [customer.as_of for customer in customers],
        "older": [dump(customer.older) if customer.older else "{}" for customer in customers],
        "pauses": [customer.paused_until for customer in customers],
    }


async def save_refusals(session: AsyncSession, refusals: Mapping[str, Mapping[str, datetime]]) -> None:
    """Remember refused ways of contact (customer → `channel:purpose` → when); the first refusal stays."""
    if refusals:
        values = {"ids": list(refusals), "opted_out": [dump(ways) for ways in refusals.values()]}
        await session.execute(_REFUSE, values)


async def replace_refusals(session: AsyncSession, refusals: Mapping[str, Mapping[str, datetime]]) -> None:
    """Write all that locked customers refuse."""
    if refusals:
        values = {"ids": list(refusals), "opted_out": [dump(ways) for ways in refusals.values()]}
        await session.execute(_REPLACE, values)


async def find_contacts(session: AsyncSession, ids: Sequence[str], since: date) -> dict[str, tuple[Contact, ...]]:
    """Contacts that count, planned or made, from `since` on."""
    found: dict[str, tuple[Contact, ...]] = {}
    if ids:
        for row in await session.execute(_CONTACTS, {"ids": list(ids), "since": since}):
            contact = Contact(row[1], row[2], row[3], tuple(row[4]), row[5])
            found[row[0]] = (*found.get(row[0], ()), contact)
    return found


async def save_cases(session: AsyncSession, customers: Mapping[str, str], cases: Mapping[str, CaseNews]) -> None:
    """How complaints stand, by id, with the customers of each; what is known of a later moment stays."""
    if cases:
        standings, times = zip(*cases.values(), strict=True)
        await session.execute(
            _CASES,
            {
                "ids": list(cases),
                "customers": [customers[case_id] for case_id in cases],
                "states": [standing.state for standing in standings],
                "resolved_by": [standing.resolved_by for standing in standings],
                "reopened": [standing.reopened for standing in standings],
                "times": list(times),
                "states_in_order": list(CASES_IN_ORDER),
            },
        )
