"""Is the process that leased a send still there? Its database session says so, more surely than any clock.

While a batch is being sent, its process holds a session advisory lock on the batch's token. A process that died has lost
its session, and the lock with it; one that is merely frozen still holds it, and its leases are left alone.
"""

# ruff: noqa: S608 - statements are put together from our own column names only

import asyncio

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifications.domain.send import Send, State
from services.notifications.store.sends import _ALL, _send
from shared.db import driver_dsn

FENCE = 0x48465344  # distinguishes these advisory locks from those of the messaging core
CONNECT_SECONDS = 10
_EXPIRED = text(f"""
    SELECT {_ALL} FROM send WHERE state = 'leased' AND leased_until <= :machine
    ORDER BY leased_until LIMIT :limit FOR UPDATE SKIP LOCKED
""")
_IS_FREE = text("SELECT pg_try_advisory_xact_lock(:fence, :token)")


class Fence:
    """This process' session of its own; opened when first needed and again when it broke."""

    def __init__(self, dsn: str) -> None:
        self._dsn = driver_dsn(dsn)
        self._connection: asyncpg.Connection | None = None
        self._held: set[int] = set()
        self._turn = asyncio.Lock()  # a session does one statement at a time

    async def hold(self, token: int) -> None:
        """Hold the lock of `token` until `give_up`, or until this process is gone."""
        async with self._turn:
            connection = await self._open()
            await connection.execute("SELECT pg_advisory_lock($1, $2)", FENCE, _short(token))
            self._held.add(token)

    async def give_up(self, token: int) -> None:
        async with self._turn:
            if self.holds(token) and self._connection is not None:
                await self._connection.execute("SELECT pg_advisory_unlock($1, $2)", FENCE, _short(token))
            self._held.discard(token)

    def holds(self, token: int) -> bool:
        """Whether the session that holds this lock is still open, as far as we know."""
        return token in self._held and self._connection is not None and not self._connection.is_closed()

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def _open(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._held.clear()  # they went with the session
            self._connection = await asyncpg.connect(
                self._dsn,
                timeout=CONNECT_SECONDS,
                command_timeout=CONNECT_SECONDS,
                server_settings={"application_name": "huifang-notifications-fence"},
            )
        return self._connection


async def lock_abandoned(session: AsyncSession, machine: object, limit: int) -> list[Send]:
    """Leased sends whose lease is over and whose process is gone."""
    rows = await session.execute(_EXPIRED, {"machine": machine, "limit": limit})
    sends = [_send(row) for row in rows.mappings()]
    gone = {token for token in {send.token for send in sends} if await _is_gone(session, token)}
    return [send for send in sends if send.token in gone and send.state is State.LEASED]


async def _is_gone(session: AsyncSession, token: int) -> bool:
    return bool((await session.execute(_IS_FREE, {"fence": FENCE, "token": _short(token)})).scalar())


def _short(token: int) -> int:
    """Tokens as PostgreSQL's two-key advisory locks take them (int4)."""
    return token % (1 << 31)
