"""A small table as a process knows it, for questions that every request asks."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy import TextClause
from sqlalchemy.ext.asyncio import AsyncSession

if TYPE_CHECKING:
    from shared.db import Database

T = TypeVar("T")
LOOK_AGAIN_SECONDS = 2.0


class Lookup(Generic[T]):
    """What `read` makes of a table: read again when the number that `revision` selects has changed.

    The number is looked at every few seconds, by one request; those that come meanwhile wait for it.
    """

    def __init__(
        self, db: "Database", revision: TextClause, read: Callable[[AsyncSession], Awaitable[T]], unknown: T
    ) -> None:
        self._db = db
        self._statement = revision
        self._read = read
        self._known = unknown
        self._revision = 0
        self._looked = float("-inf")
        self._turn = asyncio.Lock()

    async def current(self) -> T:
        """As the database had it a few seconds ago at most."""
        if self._is_old():
            async with self._turn:
                if self._is_old():
                    await self._look()
        return self._known

    def _is_old(self) -> bool:
        return time.monotonic() - self._looked >= LOOK_AGAIN_SECONDS

    async def _look(self) -> None:
        async with self._db.read() as session:
            revision = (await session.execute(self._statement)).scalar_one()
            if revision != self._revision:
                self._known, self._revision = await self._read(session), revision
        self._looked = time.monotonic()

    def forget(self) -> None:
        """Look again at the next question."""
        self._looked = float("-inf")
