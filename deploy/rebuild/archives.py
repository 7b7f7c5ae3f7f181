"""The events that all services have published: their archives, and what is still in their outboxes."""

from collections.abc import AsyncIterator, Mapping

import asyncpg

from shared.db import driver_dsn
from shared.messaging.event import Event, decode
from shared.messaging.outbox import unpack_headers

BATCH = 4000
# a row that commits late has a smaller id than others that were seen before it; so far back is looked once more
LATE = 50_000
_EVENTS = """
    SELECT id, topic, headers, value FROM (
        SELECT id, topic, headers, value FROM outbox WHERE id > $1
        UNION ALL SELECT id, topic, headers, value FROM outbox_archive WHERE id > $1
    ) AS published WHERE topic NOT LIKE '%-dlq' ORDER BY id LIMIT $2
"""


class Archives:
    """Reads every service's events; `resume` goes on near where the last reading ended."""

    def __init__(self, dsns: Mapping[str, str]) -> None:
        self.dsns = dsns
        self._last: dict[str, int] = dict.fromkeys(dsns, 0)

    async def read(self, resume: bool = False) -> AsyncIterator[list[tuple[str, Event]]]:
        """Batches of (topic, event), service by service, in the order of each outbox. An event may come twice."""
        for service, dsn in self.dsns.items():
            connection = await asyncpg.connect(driver_dsn(dsn))
            try:
                last = max(0, self._last[service] - LATE) if resume else 0
                while rows := await connection.fetch(_EVENTS, last, BATCH):
                    last = rows[-1]["id"]
                    yield [(row["topic"], decode(unpack_headers(row["headers"]), row["value"])) for row in rows]
                self._last[service] = last
            finally:
                await connection.close()
