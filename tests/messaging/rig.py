"""What the behaviour suite works with: a database of core tables, a broker, events, effects one can count."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import text

from shared.clock import Clock, SystemClock
from shared.db import Database
from shared.ids import new_id
from shared.messaging import Consumer, Event, Work
from shared.messaging.broker import Broker, Message, Producer, Record, Revoked, Subscription
from shared.messaging.event import encode
from shared.messaging.outbox import Outgoing
from shared.messaging.relay import Relay
from shared.messaging.runner import ConsumerRunner
from shared.settings import ServiceSettings
from shared.testing.events import NOON
from tests.patience import PATIENCE

TOPIC = "things-v1"
PARTITIONS = 4
TABLES = """
CREATE TABLE aggregate (key text PRIMARY KEY, number int NOT NULL);
CREATE TABLE effect (id bigint GENERATED ALWAYS AS IDENTITY, consumer text, event_id text, key text, number int);
"""

Handler = Callable[[Work, Sequence[Event]], Awaitable[None]]


def thing(number: int, key: str = "C1", *, at: datetime = NOON, **data: Any) -> Event:
    """The `number`-th event about `key`."""
    return Event(str(new_id()), "/test", "thing.happened", at, key, {"number": number, **data})


def message(event: Event, topic: str = TOPIC) -> Message:
    headers, value = encode(event)
    return Message(topic, event.key, headers, value)


async def eventually(holds: Callable[[], Awaitable[bool]], what: str, patience: float = PATIENCE) -> None:
    """Return as soon as `holds`; fail when it doesn't within `patience` seconds."""
    clock, loop = SystemClock(), asyncio.get_running_loop()
    deadline = loop.time() + patience
    while not await holds():
        assert loop.time() < deadline, f"never: {what}"
        await clock.sleep(0.02)


@dataclass
class Rig:
    """One service's view: its database, the broker, a topic prefix of its own."""

    db: Database
    broker: Broker
    prefix: str
    clock: Clock
    opened: list[Database] = field(default_factory=list)

    # the outgoing side

    async def write(self, *events: Event, topic: str = TOPIC, notify: bool = False) -> None:
        """Events written to the outbox in one transaction."""
        async with self.db.work(notify=notify) as work:
            work.outgoing += [Outgoing(topic, event) for event in events]

    def database(self) -> Database:
        """Another process's connections to the same database."""
        other = Database("test", self.db.dsn, self.clock, 4)
        self.opened.append(other)
        return other

    @contextlib.asynccontextmanager
    async def relay(self, broker: Broker | None = None, db: Database | None = None) -> AsyncIterator[Relay]:
        """A relay that runs; on leaving it publishes what is there and ends."""
        relay = Relay("test", db or self.db, broker or self.broker, self.prefix)
        running = asyncio.create_task(relay.run())
        try:
            yield relay
        finally:
            relay.stop()
            await asyncio.wait_for(running, PATIENCE)

    async def count(self, table: str) -> int:
        return int(await self.scalar(f"SELECT count(*) FROM {table}"))

    async def scalar(self, query: str, **values: Any) -> Any:
        async with self.db.read() as session:
            return (await session.execute(text(query), values)).scalar()

    async def rows(self, query: str, **values: Any) -> list[Any]:
        async with self.db.read() as session:
            return list((await session.execute(text(query), values)).all())

    async def published(self) -> None:
        """Wait until the outbox is empty."""

        async def empty() -> bool:
            return not await self.count("outbox")

        await eventually(empty, "the outbox is empty")

    # the broker

    async def put(self, *messages: Message | Event) -> None:
        """Put messages on the broker without an outbox."""
        producer = await self.broker.producer()
        try:
            await producer.publish(
                [self.named(sent if isinstance(sent, Message) else message(sent)) for sent in messages]
            )
        finally:
            await producer.stop()

    def named(self, sent: Message) -> Message:
        return Message(self.prefix + sent.topic, sent.key, sent.headers, sent.value)

    async def on_topic(self, topic: str = TOPIC) -> list[Record]:
        """All records of a topic, in order per partition."""
        group = f"{self.prefix}reader-{new_id()}"
        subscription = await self.broker.subscribe(group, [self.prefix + topic], nothing)
        found: list[Record] = []
        try:
            while True:
                records = await subscription.poll(10_000, 0.2)
                found += records
                await subscription.commit({(r.topic, r.partition): r.offset + 1 for r in records})
                lag = await subscription.lag()
                if lag and not sum(lag.values()):
                    return found
        finally:
            await subscription.stop()

    async def forget_offsets(self, consumer: Consumer) -> None:
        """Let the consumer's group begin anew: everything is delivered once more."""
        subscription = await self.broker.subscribe(
            self.runner(consumer).group, [self.prefix + topic for topic in consumer.topics], nothing
        )
        await subscription.poll(1, 0.2)
        await subscription.commit(dict.fromkeys(await subscription.lag(), 0))
        await subscription.stop()

    # the incoming side

    def runner(
        self, consumer: Consumer, broker: Broker | None = None, batch: int = 1000, db: Database | None = None
    ) -> ConsumerRunner:
        settings = ServiceSettings(topic_prefix=self.prefix, consumer_batch=batch)
        return ConsumerRunner(consumer, db or self.db, broker or self.broker, settings)

    @contextlib.asynccontextmanager
    async def consuming(self, runner: ConsumerRunner) -> AsyncIterator[ConsumerRunner]:
        """The runner at work; on leaving it finishes its batch and ends."""
        running = asyncio.create_task(runner.run())
        try:
            yield runner
        finally:
            runner.stop()
            await asyncio.wait_for(running, PATIENCE)

    async def effects(self, consumer: str = "test") -> list[tuple[str, int]]:
        """(key, number) of every effect, in the order of taking effect."""
        query = "SELECT key, number FROM effect WHERE consumer = :consumer ORDER BY id"
        return [tuple(row) for row in await self.rows(query, consumer=consumer)]

    async def took_effect(self, count: int, consumer: str = "test") -> None:
        async def enough() -> bool:
            return len(await self.effects(consumer)) >= count

        await eventually(enough, f"{count} effects")

    async def dead(self, state: str = "open") -> list[Any]:
        query = "SELECT * FROM dead_letter WHERE state = :state ORDER BY created_at, id"
        return await self.rows(query, state=state)


async def nothing() -> None:
    """What a reader does when its partitions are taken away."""


async def note_effects(work: Work, events: Sequence[Event], consumer: str = "test") -> None:
    """A handler whose effects can be counted."""
    await work.session.execute(
        text(
            "INSERT INTO effect (consumer, event_id, key, number) SELECT :consumer, * FROM "
            "unnest(CAST(:ids AS text[]), CAST(:keys AS text[]), CAST(:numbers AS int[]))"
        ),
        {
            "consumer": consumer,
            "ids": [event.id for event in events],
            "keys": [event.key for event in events],
            "numbers": [event.data["number"] for event in events],
        },
    )


def consumer_of(handler: Handler = note_effects, consumer: str = "test") -> Consumer:
    made = Consumer(consumer, [TOPIC])
    made.on("*")(handler)
    return made


def per_key(effects: Sequence[tuple[str, int]]) -> dict[str, list[int]]:
    """Numbers by key, in order."""
    found: dict[str, list[int]] = {}
    for key, number in effects:
        found.setdefault(key, []).append(number)
    return found


@dataclass
class Meddling:
    """A broker whose calls a test may make fail: `before` and `after` are awaited around each publish and commit."""

    broker: Broker
    before: Callable[[str], Awaitable[None]] | None = None
    after: Callable[[str], Awaitable[None]] | None = None
    subscriptions: int = 0

    async def ensure_topics(self, topics: Mapping[str, int]) -> None:
        await self.broker.ensure_topics(topics)

    async def ping(self) -> None:
        await self.broker.ping()

    async def producer(self) -> Producer:
        return _MeddledProducer(self, await self.broker.producer())

    async def subscribe(self, group: str, topics: Sequence[str], on_revoked: Revoked) -> Subscription:
        self.subscriptions += 1
        return _MeddledSubscription(self, await self.broker.subscribe(group, topics, on_revoked))

    @contextlib.asynccontextmanager
    async def around(self, call: str) -> AsyncIterator[None]:
        if self.before:
            await self.before(call)
        yield
        if self.after:
            await self.after(call)


@dataclass
class _MeddledProducer:
    by: Meddling
    real: Producer

    async def publish(self, messages: Sequence[Message]) -> None:
        async with self.by.around("publish"):
            await self.real.publish(messages)

    async def stop(self) -> None:
        await self.real.stop()


@dataclass
class _MeddledSubscription:
    by: Meddling
    real: Subscription

    async def poll(self, max_records: int, timeout: float) -> list[Record]:
        return await self.real.poll(max_records, timeout)

    async def commit(self, offsets: Mapping[tuple[str, int], int]) -> None:
        async with self.by.around("commit"):
            await self.real.commit(offsets)

    async def rewind(self) -> None:
        await self.real.rewind()

    async def lag(self) -> dict[tuple[str, int], int]:
        return await self.real.lag()

    async def stop(self) -> None:
        await self.real.stop()
