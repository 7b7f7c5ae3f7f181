"""One service's database: engines, sessions, and `work()`, the only place that commits."""

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import orjson
from sqlalchemy import MetaData, event
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from shared.clock import Clock
from shared.columns import as_columns
from shared.messaging.lanes import LANES
from shared.messaging.partitions import Partitions
from shared.messaging.work import Work
from shared.observability.metrics import POOL_IN_USE, POOL_SIZE, POOL_WAIT
from shared.observability.spans import NoTracing
from shared.observability.statements import trace_statements

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
COMMAND_TIMEOUT_SECONDS = 30


def service_metadata() -> MetaData:
    """A metadata of its own for each service: SQLModel's default one would mix their tables."""
    return MetaData(naming_convention=NAMING_CONVENTION)


def driver_dsn(dsn: str) -> str:
    """The DSN asyncpg itself takes (`postgresql://…`)."""
    return dsn.replace("postgresql+asyncpg://", "postgresql://", 1)


class MeasuredPool(AsyncAdaptedQueuePool):
    """Tells how long a connection was waited for, whenever none was free."""

    note_wait: Callable[[float], None] = staticmethod(lambda seconds: None)

    def _do_get(self) -> ConnectionPoolEntry:
        if self.checkedout() < self.size():
            return super()._do_get()
        started = time.perf_counter()
        try:
            return super()._do_get()
        finally:
            self.note_wait(time.perf_counter() - started)


# SQLAlchemy names a pool's logger by its class, outside of its own loggers, which keep to warnings
logging.getLogger(f"{MeasuredPool.__module__}.{MeasuredPool.__qualname__}").setLevel(logging.WARNING)


def engine_for(
    dsn: str, pool_size: int, name: str, command_timeout: float | None = COMMAND_TIMEOUT_SECONDS
) -> AsyncEngine:
    """An engine that notices closed connections, bounds every statement and never waits for ever for the pool.

    `command_timeout` None = a statement takes as long as it takes.
    """

    async def connect() -> asyncpg.Connection:
        """The driver reads the DSN as libpq does: sslmode, sslrootcert, several hosts …"""
        return await asyncpg.connect(
            driver_dsn(dsn),
            command_timeout=command_timeout,
            timeout=10,
            server_settings={"application_name": name, "timezone": "UTC"},
        )

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        poolclass=MeasuredPool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_recycle=1800,
        json_deserializer=orjson.loads,
        hide_parameters=True,  # values would end in logged tracebacks
    )
    event.listen(engine.sync_engine, "before_cursor_execute", as_columns, retval=True)
    event.listen(engine.sync_engine, "checkout", _require_open)
    return engine


def _require_open(connection: Any, *_: Any) -> None:
    """The event loop tells the driver when a connection has ended; to ask the server would take three round trips."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


class Database:
    """Requests and background work have pools of their own; a consumer's lanes leave connections to the other loops."""

    def __init__(
        self, service: str, dsn: str, clock: Clock, pool_size: int = 8, tracing: NoTracing | None = None
    ) -> None:
        self.service = service
        self.dsn = driver_dsn(dsn)
        self.clock = clock
        self.tracing = tracing or NoTracing()
        self.engine = engine_for(dsn, pool_size, f"huifang-{service}-http")
        self.background = engine_for(dsn, LANES + pool_size // 2, f"huifang-{service}-background")
        for each in (self.engine, self.background):
            trace_statements(each, self.tracing)
        for engine, pool in self._pools().items():
            engine.note_wait = POOL_WAIT.labels(service, pool).observe
        self.partitions = Partitions(self.background)
        self.on_published: Callable[[], None] = lambda: None
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        self._background_sessions = async_sessionmaker(self.background, expire_on_commit=False)

    @asynccontextmanager
    async def work(self, traceparent: str = "", background: bool = False, notify: bool = False) -> AsyncIterator[Work]:
        """A transaction: committed with its outgoing events when the block ends, rolled back when it raises."""
        sessions = self._background_sessions if background else self._sessions
        try:
            async with sessions() as session, session.begin():
                work = Work(session, self.clock, self.service, self.partitions, traceparent, self.tracing)
                yield work
                published = bool(work.outgoing)
                await work.flush(notify)
        except DBAPIError:
            self.partitions.forget()  # another process may have dropped a day's, and this be why
            raise
        if published:
            self.on_published()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A session for queries."""
        async with self._sessions() as session:
            yield session

    def _pools(self) -> dict[MeasuredPool, str]:
        found = {self.engine.pool: "http", self.background.pool: "background"}
        return {pool: name for pool, name in found.items() if isinstance(pool, MeasuredPool)}

    def measure_pools(self) -> None:
        """Set the gauges of the connections that may be, and are, in use."""
        for pool, name in self._pools().items():
            POOL_SIZE.labels(self.service, name).set(pool.size())
            POOL_IN_USE.labels(self.service, name).set(pool.checkedout())

    async def close(self) -> None:
        await self.engine.dispose()
        await self.background.dispose()
