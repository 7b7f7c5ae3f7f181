"""Takes effect of a batch: one transaction for all of it; halves it down to the poison row when that fails."""

import random
from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING

import structlog

from shared.messaging import inbox
from shared.messaging.arrived import Arrived
from shared.messaging.consumer import Consumer, grouped
from shared.messaging.crash import crash_point
from shared.messaging.dead_letters import bury
from shared.messaging.partitions import PartitionMissing
from shared.messaging.transient import is_transient
from shared.messaging.work import Work
from shared.observability.metrics import CONSUMER_BATCH_SECONDS, CONSUMER_EVENTS
from shared.observability.tracing import trace_id_of

if TYPE_CHECKING:
    from shared.db import Database

log = structlog.get_logger(__name__)

POISON_TRIES = 3


class TooManyDeadLetters(Exception):
    """The consumer stopped itself: so many dead letters mean a bad deployment, not bad data."""


class Processor:
    """One consumer's way of taking effect; `dead_limit` dead letters within `dead_window` messages stop it."""

    def __init__(
        self, consumer: Consumer, db: "Database", prefix: str = "", dead_limit: int = 50, dead_window: int = 1000
    ) -> None:
        self.consumer = consumer
        self.db = db
        self.prefix = prefix
        self.dead_limit = dead_limit
        self.dead_window = dead_window
        self._seen = 0
        self._dead = 0

    async def process(self, batch: Sequence[Arrived]) -> None:
        """Take effect of every message once, or bury it. Raises what is transient, and TooManyDeadLetters."""
        if not batch:
            return
        await self.ensure_days({item.event.day for item in batch})
        with CONSUMER_BATCH_SECONDS.labels(self.consumer.id).time():
            await self._split(batch)
        self._count_window(len(batch))

    async def ensure_days(self, days: Collection[date]) -> None:
        """Events of these days can be claimed, and take effect on the consumer's daily tables."""
        for table in ("inbox", *self.consumer.daily):
            await self.db.partitions.ensure(table, days)

    async def _split(self, batch: Sequence[Arrived]) -> None:
        try:
            await self._apply(batch)
        except Exception as error:
            if is_transient(error):
                raise
            if len(batch) == 1:
                await self._try_again_or_bury(batch[0], error)
                return
            log.warning("batch_halved", consumer=self.consumer.id, size=len(batch), error=repr(error))
            middle = len(batch) // 2
            await self._split(batch[:middle])
            await self._split(batch[middle:])

    async def _apply(self, batch: Sequence[Arrived]) -> None:
        try:
            with self.db.tracing.take(self.consumer.id, batch) as taken:
                async with self.db.work(background=True, notify=True) as work:
                    await self.apply_in(work, taken)
                    crash_point("consumer.handled")
        except PartitionMissing as missing:
            await self.db.partitions.ensure(missing.table, missing.days)
            await self._apply(batch)

    async def apply_in(self, work: Work, batch: Sequence[Arrived]) -> None:
        """Claim and handle a batch in a running transaction; what has no handler needs no claim."""
        malformed = next((item for item in batch if item.malformed), None)
        if malformed is not None:
            raise ValueError(malformed.malformed)
        arrived = [(item.record.topic.removeprefix(self.prefix), item.event) for item in batch]
        wanted = [pair for pair in arrived if self.consumer.handler_for(*pair)]
        fresh = await inbox.claim(work.session, self.consumer.id, [event for _, event in wanted]) if wanted else []
        if len(fresh) < len(wanted):
            claimed = set(map(id, fresh))
            taken = [pair for pair in wanted if id(pair[1]) in claimed]
        else:
            taken = wanted
        for handler, events in grouped(self.consumer, taken):
            await handler(work, events)
        self._count("handled", len(fresh))
        self._count("ignored", len(arrived) - len(wanted))
        self._count("duplicate", len(wanted) - len(fresh))

    def _count(self, outcome: str, amount: int) -> None:
        if amount:
            CONSUMER_EVENTS.labels(self.consumer.id, outcome).inc(amount)

    async def _try_again_or_bury(self, item: Arrived, error: Exception) -> None:
        tries = 1
        while not item.malformed and tries < POISON_TRIES:
            await self.db.clock.sleep(random.uniform(0.02, 0.1) * tries)
            tries += 1
            try:
                await self._apply([item])
                return
            except Exception as again:
                if is_transient(again):
                    raise
                error = again
        await self._bury(item, item.malformed or error, tries)

    async def _bury(self, item: Arrived, reason: Exception | str, tries: int) -> None:
        async with self.db.work(background=True, notify=True) as work:
            if not await inbox.claim(work.session, self.consumer.id, [item.event]):
                return
            await bury(work, self.consumer.id, item, reason, tries)
        self.db.on_published()
        self._count("dead", 1)
        self._dead += 1
        log.error(
            "message_buried",
            consumer=self.consumer.id,
            event_id=item.event.id,
            trace_id=trace_id_of(item.event.traceparent),
            lineage=item.event.lineage,
            error=repr(reason),
        )
        if self._dead > self.dead_limit:
            raise TooManyDeadLetters(f"{self._dead} dead letters within {self.dead_window} messages")

    def _count_window(self, amount: int) -> None:
        self._seen += amount
        if self._seen >= self.dead_window:
            self._seen = self._dead = 0
