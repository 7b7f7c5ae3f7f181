"""Day partitions of inbox and archive, made when the first row of a day arrives and dropped whole by retention."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

DUPLICATE_TABLE = "42P07"
LOCK_NOT_AVAILABLE = "55P03"
# all that a partition must have of its table; indexes and keys come when it is attached
_LIKE = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION"


class PartitionMissing(Exception):
    """A transaction needs day partitions: they are made once it has ended, and it begins anew.

    Made meanwhile, they would wait for the table, and so for whatever the transaction itself has written there.
    """

    def __init__(self, table: str, days: set[date]) -> None:
        super().__init__(f"{table}: {', '.join(map(str, sorted(days)))}")
        self.table = table
        self.days = days


class Partitions:
    """Makes sure that a day's partition exists before rows of that day are written; remembers what it has seen."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.known: set[tuple[str, date]] = set()

    async def ensure(self, table: str, days: Iterable[date]) -> None:
        """Create missing day partitions of `table`, each in its own short transaction."""
        for day in sorted({day for day in days if (table, day) not in self.known}):
            await self._create(table, day)
            self.known.add((table, day))

    def require(self, table: str, days: Iterable[date]) -> None:
        """For use within a batch's transaction, before rows of these days are written. Raises PartitionMissing."""
        if missing := {day for day in days if (table, day) not in self.known}:
            raise PartitionMissing(table, missing)

    def forget(self) -> None:
        """Look again before the next row: another process may have dropped what this one knew."""
        self.known.clear()

    async def _create(self, table: str, day: date) -> None:
        name = f"{table}_{day:%Y%m%d}"
        async with self.engine.connect() as connection:
            if await connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is not None:
                return
        try:
            async with self.engine.begin() as connection:
                await connection.execute(text("SET LOCAL lock_timeout = '5s'"))
                await connection.execute(text("SET LOCAL timezone = 'UTC'"))
                await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
                # attached, since PARTITION OF would wait for everybody who reads the table, a backup of hours too
                await connection.execute(text(f"CREATE TABLE {name} (LIKE {table} {_LIKE})"))
                bounds = f"FROM ('{day}') TO ('{day + timedelta(days=1)}')"
                await connection.execute(text(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES {bounds}"))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != DUPLICATE_TABLE:
                raise

    async def drop_before(self, table: str, day: date, kept: Collection[date] = ()) -> list[str]:
        """Drop the partitions of `table` that end on or before `day` but for the days `kept`; returns their names.

        While somebody reads the table for long, as a backup does, nothing is dropped: the next time will do.
        """
        async with self.engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:t AS regclass)"),
                {"t": table},
            )
            spared = {f"{table}_{one:%Y%m%d}" for one in kept}
            old = [name for (name,) in rows if name < f"{table}_{day:%Y%m%d}" and name not in spared]
        if not old or not await self._dropped(old):
            return []
        self.known = {(t, d) for t, d in self.known if t != table or d >= day or d in kept}
        return old

    async def _dropped(self, names: list[str]) -> bool:
        """Whether they were dropped; writers wait behind a drop that waits, so it must not wait for long."""
        try:
            async with self.engine.begin() as connection:
                await connection.execute(text("SET LOCAL lock_timeout = '1s'"))
                await connection.execute(text(f"DROP TABLE {', '.join(names)}"))
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            return False
        return True
