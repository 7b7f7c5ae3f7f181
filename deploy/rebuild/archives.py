"""The events that all services have published: their archives, and what is still in their outboxes."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, aclosing
from datetime import datetime
from heapq import heappop, heappush

import asyncpg

from shared.db import driver_dsn
from shared.messaging.event import Event, decode
from shared.messaging.outbox import unpack_headers

BATCH = 4000
# a row that commits late has a smaller id than others that were seen before it; so far back is looked once more
LATE = 50_000
_EVENTS = """
    SELECT id, topic, headers, value, at FROM (
        SELECT id, topic, headers, value, at FROM outbox WHERE id > $1
        UNION ALL SELECT id, topic, headers, value, at FROM outbox_archive WHERE id > $1
    ) AS published WHERE topic NOT LIKE '%-dlq' ORDER BY id LIMIT $2
"""
Kept = tuple[datetime, str, Event]


class Archives:
    """Reads every service's events; `resume` goes on near where the last reading ended."""

    def __init__(self, dsns: Mapping[str, str]) -> None:
        self.dsns = dsns
        self._last: dict[str, int] = dict.fromkeys(dsns, 0)

    async def read(self, resume: bool = False) -> AsyncIterator[list[tuple[str, Event]]]:
        """Batches of (topic, event): each service's in the order of its outbox, those of different services by when they
        happened. An event may come twice."""
        async with AsyncExitStack() as open_:
            streams = [
                await open_.enter_async_context(aclosing(self._stream(service, resume))) for service in self.dsns
            ]
            heads: list[tuple[datetime, int, str, Event]] = []

            async def advance(place: int) -> None:
                async for at, topic, event in streams[place]:
                    heappush(heads, (at, place, topic, event))
                    return

            for place in range(len(streams)):
                await advance(place)
            batch: list[tuple[str, Event]] = []
            while heads:
                _, place, topic, event = heappop(heads)
                batch.append((topic, event))
                await advance(place)
                if len(batch) == BATCH:
                    yield batch
                    batch = []
            if batch:
                yield batch

    async def _stream(self, service: str, resume: bool) -> AsyncGenerator[Kept, None]:
        connection = await asyncpg.connect(driver_dsn(self.dsns[service]))
        try:
            last = max(0, self._last[service] - LATE) if resume else 0
            while rows := await connection.fetch(_EVENTS, last, BATCH):
                last = rows[-1]["id"]
                for row in rows:
                    yield row["at"], row["topic"], decode(unpack_headers(row["headers"]), row["value"])
                self._last[service] = last
        finally:
            await connection.close()
