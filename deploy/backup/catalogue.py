"""What there is to copy in one database, and in which order: SQL and nothing else."""

from collections.abc import Mapping
from datetime import date, datetime

import asyncpg

REVISIONS = "alembic_version"

_TABLES = """
    SELECT relname AS name,
           array_agg(attname::text ORDER BY attnum) AS columns, pg_table_size(pg_class.oid) AS bytes
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> $1
    GROUP BY pg_class.oid, relname ORDER BY relname
"""
_REFERENCES = """
    SELECT DISTINCT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint
    WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND conrelid <> confrelid
"""
_PARTITIONS = """
    SELECT inhparent::regclass::text AS parent, inhrelid::regclass::text AS name FROM pg_inherits
    JOIN pg_class ON pg_class.oid = inhrelid WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
"""
_SEQUENCES = "SELECT sequencename::text AS name, last_value FROM pg_sequences WHERE schemaname = 'public'"
_TRIGGERED = """
    SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal
    AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND NOT relispartition)
"""


async def revision_of(connection: asyncpg.Connection) -> str:
    return str(await connection.fetchval(f"SELECT version_num FROM {REVISIONS}"))  # noqa: S608 - a constant


async def server_of(connection: asyncpg.Connection) -> str:
    return str(await connection.fetchval("SHOW server_version"))


async def tables_of(connection: asyncpg.Connection) -> dict[str, tuple[str, ...]]:
    """Columns by table, a table after those it refers to; partitions are rows of theirs. Raises ValueError for a circle."""
    tables = {row["name"]: tuple(row["columns"]) for row in await connection.fetch(_TABLES, REVISIONS)}
    parents: dict[str, set[str]] = {name: set() for name in tables}
    for row in await connection.fetch(_REFERENCES):
        parents[row["child"]].add(row["parent"])
    return {name: tables[name] for name in in_order(parents)}


def in_order(parents: Mapping[str, set[str]]) -> list[str]:
    """Names such that each stands behind its parents. Raises ValueError where they refer to each other in a circle."""
    placed: list[str] = []
    while len(placed) < len(parents):
        ready = [name for name in parents if name not in placed and parents[name] <= set(placed)]
        if not ready:
            raise ValueError(f"tables refer to each other in a circle: {sorted(parents.keys() - set(placed))}")
        placed += ready
    return placed


async def days_of(connection: asyncpg.Connection) -> dict[str, tuple[date, ...]]:
    """The days that partitioned tables have partitions of, by the names that `shared.messaging.partitions` gives them."""
    days: dict[str, list[date]] = {}
    for row in await connection.fetch(_PARTITIONS):
        day = datetime.strptime(row["name"].removeprefix(row["parent"] + "_"), "%Y%m%d").date()  # noqa: DTZ007 - a day
        days.setdefault(row["parent"], []).append(day)
    return {parent: tuple(sorted(found)) for parent, found in days.items()}


async def sequences_of(connection: asyncpg.Connection) -> dict[str, int]:
    """Last values of those that were used; they may be ahead of the rows, never behind."""
    return {row["name"]: row["last_value"] for row in await connection.fetch(_SEQUENCES) if row["last_value"]}


async def triggered_tables(connection: asyncpg.Connection) -> list[str]:
    """Tables whose triggers would act on rows that are put back."""
    return [row[0] for row in await connection.fetch(_TRIGGERED)]
