"""A projection made anew in a schema of its own, compared with the one in use, and put in its place.

What counts are the events that the running consumer has taken effect of: its inbox names them. They are read from the archives
of all services and taken in by the service's own code. When all are, the inbox is locked for the last few, so that the
new rows stand for exactly the same events; the tables change places in the same transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg

from deploy.rebuild.archives import Archives
from deploy.rebuild.projections import Projection
from shared.clock import Clock
from shared.db import Database, driver_dsn
from shared.messaging.event import Event

NEW, BEFORE = "rebuild", "rebuild_before"
LOCK_SECONDS = 10
_SEEN = "SELECT event_key FROM inbox WHERE consumer = $1"
_DEAD = "SELECT event_key FROM dead_letter WHERE consumer = $1 AND state <> 'replayed'"
_PARTS = """
    SELECT child.relname FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
    WHERE inhparent = to_regclass($1)
"""
_CONSTRAINTS = """
    SELECT conname AS name, pg_get_constraintdef(oid) AS rule FROM pg_constraint
    WHERE conrelid = to_regclass($1) AND contype IN ('p', 'u')
"""
_INDEXES = """
    SELECT pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = to_regclass($1) AND indexrelid NOT IN (SELECT conindid FROM pg_constraint WHERE contype IN ('p', 'u'))
"""


class RebuildImpossible(RuntimeError):
    """Some events are kept nowhere any more, or the database gave no moment to switch."""


@dataclass
class Rebuilt:
    """What a rebuilding came to: events counted, and rows that differ by table (in use only, new only)."""

    events: int = 0
    differing: dict[str, tuple[int, int]] = field(default_factory=dict)
    switched: bool = False


class Rebuilding:
    """`dsns` by service; the one of the projection's must own its tables."""

    def __init__(
        self,
        projection: Projection,
        dsns: dict[str, str],
        clock: Clock,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self.projection = projection
        self.dsn = driver_dsn(dsns[projection.service])
        self.archives = Archives(dsns)
        self.clock = clock
        self.progress = progress
        self.counted: set[UUID] = set()

    async def run(self, switch: bool) -> Rebuilt:
        """Makes the tables anew and compares them; with `switch` they take the place of those in use.

        Raises RebuildImpossible.
        """
        keeper = await asyncpg.connect(self.dsn)
        separator = "&" if "?" in self.dsn else "?"
        database = Database(self.projection.service, f"{self.dsn}{separator}search_path={NEW}", self.clock, pool_size=2)
        try:
            await self._prepare(keeper)
            await self._count(keeper, database)
            await self._count(keeper, database, resume=True)
            return await self._finish(keeper, database, switch)
        finally:
            await database.close()
            await keeper.execute(f"DROP SCHEMA IF EXISTS {NEW} CASCADE")
            await keeper.close()

    async def _prepare(self, keeper: asyncpg.Connection) -> None:
        await keeper.execute(f"DROP SCHEMA IF EXISTS {NEW} CASCADE")
        await keeper.execute(f"CREATE SCHEMA {NEW}")
        for table in self.projection.tables:
            await self._make(keeper, table, "PARTITION BY RANGE (day)" if table in self.projection.daily else "")

    async def _make(self, keeper: asyncpg.Connection, table: str, parted: str) -> None:
        """The table anew and empty; constraints and indexes have the names that migrations know them by."""
        like = f"LIKE public.{table} INCLUDING ALL EXCLUDING INDEXES"
        await keeper.execute(f"CREATE TABLE {NEW}.{table} ({like}) {parted}")
        for each in await keeper.fetch(_CONSTRAINTS, f"public.{table}"):
            await keeper.execute(f'ALTER TABLE {NEW}.{table} ADD CONSTRAINT "{each["name"]}" {each["rule"]}')
        for (index,) in await keeper.fetch(_INDEXES, f"public.{table}"):
            place = index.replace(f" ON ONLY public.{table} ", f" ON public.{table} ")
            await keeper.execute(place.replace(f" ON public.{table} ", f" ON {NEW}.{table} ", 1))

    async def _count(self, keeper: asyncpg.Connection, database: Database, resume: bool = False) -> set[UUID]:
        """Counts every event of the inbox that was not counted yet; returns those that were found nowhere."""
        wanted = await self._wanted(keeper) - self.counted
        async for batch in self.archives.read(resume):
            events = []
            for topic, event in batch:
                if event.event_key in wanted:
                    wanted.discard(event.event_key)
                    self.counted.add(event.event_key)
                    events.append((topic, event))
            await self._take_in(database, events)
        return wanted

    async def _wanted(self, keeper: asyncpg.Connection) -> set[UUID]:
        """What the running consumer has taken effect of: what it has claimed and did not bury."""
        claimed = {row[0] for row in await keeper.fetch(_SEEN, self.projection.service)}
        return claimed - {row[0] for row in await keeper.fetch(_DEAD, self.projection.service)}

    async def _take_in(self, database: Database, events: Sequence[tuple[str, Event]]) -> None:
        if not events:
            return
        for table in self.projection.daily:
            await database.partitions.ensure(table, {event.day for _, event in events})
        async with database.work(background=True) as work:
            await self.projection.take(work, events)
        self.progress(len(self.counted))

    async def _finish(self, keeper: asyncpg.Connection, database: Database, switch: bool) -> Rebuilt:
        """Counts the last events while nobody counts others, compares, and switches."""
        async with keeper.transaction():
            await keeper.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            await keeper.execute("LOCK TABLE inbox IN SHARE MODE")
            if missing := await self._count(keeper, database, resume=True):
                raise RebuildImpossible(
                    f"有 {len(missing):,} 个已处理的事件不在任何存档里（存档保留天数见 HUIFANG_ARCHIVE_DAYS），不能重建"
                )
            rebuilt = Rebuilt(len(self.counted), await self._differing(keeper))
            if switch:
                await self._switch(keeper)
                rebuilt.switched = True
        if switch:
            await keeper.execute(f"DROP SCHEMA {BEFORE} CASCADE")
        return rebuilt

    async def _differing(self, keeper: asyncpg.Connection) -> dict[str, tuple[int, int]]:
        found = {}
        for table in self.projection.tables:
            # an amount of nothing says the same as no row; S608: names are our own
            rows = f"WHERE {table}.amount <> 0" if table in self.projection.amounts else ""
            one, other = (f"SELECT * FROM {schema}.{table} {rows}" for schema in ("public", NEW))  # noqa: S608
            counts = [
                await keeper.fetchval(f"SELECT count(*) FROM ({a} EXCEPT {b}) AS only_here")  # noqa: S608
                for a, b in ((one, other), (other, one))
            ]
            if any(counts):
                found[table] = (counts[0], counts[1])
        return found

    async def _switch(self, keeper: asyncpg.Connection) -> None:
        await keeper.execute(f"DROP SCHEMA IF EXISTS {BEFORE} CASCADE")
        await keeper.execute(f"CREATE SCHEMA {BEFORE}")
        for source, target in (("public", BEFORE), (NEW, "public")):
            parts = [
                row[0] for daily in self.projection.daily for row in await keeper.fetch(_PARTS, f"{source}.{daily}")
            ]
            for table in (*self.projection.tables, *parts):
                await keeper.execute(f"ALTER TABLE {source}.{table} SET SCHEMA {target}")
