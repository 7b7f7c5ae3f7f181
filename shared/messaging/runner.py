"""The consumer loop: poll, take effect, commit offsets; the next poll is fetched, decoded and begun while the last commits."""

import asyncio
import contextlib
import os
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from shared.messaging.arrived import Arrived, arrive
from shared.messaging.broker import Broker, BrokerUnavailable, Position, Subscription
from shared.messaging.consumer import Consumer
from shared.messaging.crash import crash_point
from shared.messaging.lanes import Ended, Lanes, ended
from shared.messaging.processor import Processor, TooManyDeadLetters
from shared.messaging.transient import is_transient
from shared.observability.metrics import CONSUMER_AGE, CONSUMER_HALTED, CONSUMER_JOINED, CONSUMER_LAG
from shared.settings import ServiceSettings

if TYPE_CHECKING:
    from shared.db import Database

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.5
WATCH_SECONDS = 5.0
STALL_SECONDS = 30.0
MOST_STALLS = 3
REVOKE_SECONDS = 10.0
DEPTH = 3  # polls in hand


@dataclass
class Progress:
    """What the watchdog looks at; times are the event loop's."""

    last: float = 0.0
    behind: int = 0
    stalls: int = 0


class Stalled(Exception):
    """Messages are waiting and nothing has been committed for too long: the client is stuck."""


class ConsumerRunner:
    """Runs one consumer in this process until stopped."""

    def __init__(self, consumer: Consumer, db: "Database", broker: Broker, settings: ServiceSettings) -> None:
        self.consumer = consumer
        self.db = db
        self.broker = broker
        self.batch = settings.consumer_batch
        self.prefix = settings.topic_prefix
        self.group = f"{self.prefix}huifang-{consumer.id}"
        self.topics = [self.prefix + topic for topic in consumer.topics]
        self.processor = Processor(consumer, db, self.prefix)
        self.progress = Progress()
        self.halted = ""
        self.last_error = ""
        self.joined = False
        self._stopping = asyncio.Event()
        self._gate = asyncio.Lock()
        self._in_hand: deque[Ended] = deque()

    def stop(self) -> None:
        """Finish the batch in hand, commit, leave the group."""
        self._stopping.set()

    async def run(self) -> None:
        """Consume until stopped; any failure recreates the subscription after a pause."""
        pause = 0.2
        CONSUMER_HALTED.labels(self.consumer.id).set(0)
        self._show_joined(False)
        while not self._stopping.is_set():
            try:
                await self._membership()
                pause = 0.2
            except TooManyDeadLetters as error:
                self.halted = str(error)
                CONSUMER_HALTED.labels(self.consumer.id).set(1)
                log.error("consumer_halted", consumer=self.consumer.id, reason=self.halted)
                await self._stopping.wait()
            except Stalled:
                self._note_stall()
            except Exception as error:
                if not (isinstance(error, BrokerUnavailable) or is_transient(error)):
                    log.exception("consumer_failed", consumer=self.consumer.id)
                self.last_error = f"{type(error).__name__}: {error}"
                log.warning("consumer_interrupted", consumer=self.consumer.id, error=self.last_error)
                await self._pause(pause * random.uniform(0.5, 1.5))
                pause = min(pause * 2, 5)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _show_joined(self, joined: bool) -> None:
        self.joined = joined
        CONSUMER_JOINED.labels(self.consumer.id).set(joined)

    async def _membership(self) -> None:
        """One life of a group member."""
        subscription = await self.broker.subscribe(self.group, self.topics, self._finish_batches)
        self._show_joined(True)
        self.progress.last = asyncio.get_running_loop().time()
        consuming = asyncio.create_task(self._consume(subscription))
        watching = asyncio.create_task(self._watch(subscription))
        try:
            done, _ = await asyncio.wait({consuming, watching}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            await consuming  # the watch ends first when we are stopping
        finally:
            self._show_joined(False)
            await self._end(consuming, watching)
            await subscription.stop()

    async def _end(self, *loops: asyncio.Task[None]) -> None:
        """Cancel the loops, but not in the middle of a batch: a query that is cancelled breaks its connection."""
        finished = not self._stopping.is_set() and await self._batches_finished()
        for task in (*loops, *(() if finished else self._in_hand)):
            task.cancel()
        await asyncio.gather(*loops, return_exceptions=True)
        if finished:
            self._gate.release()

    async def _batches_finished(self) -> bool:
        """Wait for the polls in hand, within reason; True = they are finished and no other begins until `_gate` is released."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REVOKE_SECONDS):
                await self._gate.acquire()
                try:
                    if self._in_hand:
                        await asyncio.wait(self._in_hand)
                except asyncio.CancelledError:
                    self._gate.release()
                    raise
            return True
        return False

    async def _finish_batches(self) -> None:
        """Before partitions are given away: wait for the polls in hand; the inbox covers what doesn't finish."""
        if await self._batches_finished():
            self._gate.release()

    async def _consume(self, subscription: Subscription) -> None:
        lanes = Lanes(self.processor.process)
        self._in_hand.clear()
        upcoming = asyncio.create_task(self._fetch(subscription))
        try:
            while not self._stopping.is_set():
                arrived = await upcoming
                upcoming = asyncio.create_task(self._fetch(subscription))
                if arrived:
                    async with self._gate:
                        self._begin(subscription, lanes, arrived)
                await self._heed_finished(most=DEPTH - 1)
            await self._heed_finished(most=0)
        finally:
            upcoming.cancel()
            await asyncio.gather(upcoming, *self._in_hand, return_exceptions=True)

    def _begin(self, subscription: Subscription, lanes: Lanes, arrived: list[Arrived]) -> None:
        before = self._in_hand[-1] if self._in_hand else None
        settling = self._settle(subscription, arrived, lanes.begin(arrived), before)
        self._in_hand.append(asyncio.create_task(settling))

    async def _settle(
        self, subscription: Subscription, arrived: list[Arrived], batches: Sequence[Ended], before: Ended | None
    ) -> None:
        """Commit a poll's offsets when all of it has taken effect, after those of the poll before."""
        await ended(batches)
        if before:
            await before
        crash_point("consumer.committed")
        await subscription.commit(_next_offsets(arrived))
        self._note_progress()

    async def _heed_finished(self, most: int) -> None:
        """Wait until at most so many polls are in hand; raise what one of them failed with."""
        while self._in_hand and (len(self._in_hand) > most or self._in_hand[0].done()):
            await asyncio.wait([self._in_hand[0]])
            self._in_hand.popleft().result()

    async def _fetch(self, subscription: Subscription) -> list[Arrived]:
        return [arrive(record) for record in await subscription.poll(self.batch, POLL_SECONDS)]

    def _note_progress(self) -> None:
        self.progress.last = asyncio.get_running_loop().time()
        self.progress.stalls = 0
        self.last_error = ""

    async def _watch(self, subscription: Subscription) -> None:
        """Measure the lag until stopping; raise Stalled when messages wait and nothing moves."""
        while True:
            await self._pause(WATCH_SECONDS)
            if self._stopping.is_set():
                return
            self._publish_lag(await subscription.lag())
            idle = asyncio.get_running_loop().time() - self.progress.last
            CONSUMER_AGE.labels(self.consumer.id).set(idle if self.progress.behind else 0.0)
            if not self.progress.behind:
                self.progress.last = asyncio.get_running_loop().time()
            elif idle > STALL_SECONDS and all(poll.done() for poll in self._in_hand):
                raise Stalled

    def _publish_lag(self, lag: dict[Position, int]) -> None:
        by_topic = dict.fromkeys(self.consumer.topics, 0)
        for (topic, _), behind in lag.items():
            by_topic[topic.removeprefix(self.prefix)] += behind
        for topic, behind in by_topic.items():
            CONSUMER_LAG.labels(self.consumer.id, topic).set(behind)
        self.progress.behind = sum(by_topic.values())

    def _note_stall(self) -> None:
        """Recreate the subscription; after several times in a row give the process up, its supervisor starts a new one."""
        self.progress.stalls += 1
        log.error("consumer_stalled", consumer=self.consumer.id, times=self.progress.stalls)
        if self.progress.stalls >= MOST_STALLS:
            os._exit(70)


def _next_offsets(arrived: Sequence[Arrived]) -> dict[Position, int]:
    return {(item.record.topic, item.record.partition): item.record.offset + 1 for item in arrived}
