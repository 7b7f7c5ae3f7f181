"""The broker in memory: the same promises as Kafka, for tests that need no server and for reading the protocol."""

import asyncio
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from shared.clock import Clock, SystemClock
from shared.messaging.broker import Message, Position, Producer, Reader, Record, Revoked, Subscription


class MemoryBroker:
    """Topics of appended records; consumer groups with committed offsets and partitions shared among members."""

    def __init__(self, partitions: int = 4, clock: Clock | None = None) -> None:
        self.default_partitions = partitions
        self.clock = clock or SystemClock()
        self.logs: dict[Position, list[Record]] = {}
        self.committed: dict[str, dict[Position, int]] = defaultdict(dict)
        self.members: dict[str, list[MemorySubscription]] = defaultdict(list)
        self.arrived = asyncio.Event()

    async def ensure_topics(self, topics: Mapping[str, int]) -> None:
        for topic, partitions in topics.items():
            for partition in range(partitions):
                self.logs.setdefault((topic, partition), [])

    async def producer(self) -> Producer:
        return MemoryProducer(self)

    async def subscribe(self, group: str, topics: Sequence[str], on_revoked: Revoked) -> Subscription:
        await self.ensure_topics({t: self.default_partitions for t in topics if (t, 0) not in self.logs})
        member = MemorySubscription(self, group, tuple(topics), on_revoked)
        self.members[group].append(member)
        await self.rebalance(group)
        return member

    async def ping(self) -> None:
        return None

    async def reader(self) -> Reader:
        return MemoryReader(self)

    async def rebalance(self, group: str) -> None:
        """Share the partitions out anew; every member first finishes what it holds."""
        members = self.members[group]
        for member in members:
            await member.on_revoked()
        for index, member in enumerate(members):
            mine = [p for i, p in enumerate(sorted(self.logs)) if p[0] in member.topics and i % len(members) == index]
            member.positions = {p: self.committed[group].get(p, 0) for p in mine}

    def append(self, message: Message) -> None:
        partitions = sum(1 for topic, _ in self.logs if topic == message.topic) or self.default_partitions
        partition = zlib.crc32(message.key.encode()) % partitions
        log = self.logs.setdefault((message.topic, partition), [])
        at = int(self.clock.machine().timestamp() * 1000)
        log.append(Record(message.topic, partition, len(log), at, message.key, list(message.headers), message.value))
        self.arrived.set()


class MemoryProducer:
    def __init__(self, broker: MemoryBroker) -> None:
        self.broker = broker

    async def publish(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self.broker.append(message)

    async def stop(self) -> None:
        return None


class MemorySubscription:
    def __init__(self, broker: MemoryBroker, group: str, topics: tuple[str, ...], on_revoked: Revoked) -> None:
        self.broker = broker
        self.group = group
        self.topics = topics
        self.on_revoked = on_revoked
        self.positions: dict[Position, int] = {}

    async def poll(self, max_records: int, timeout: float) -> list[Record]:
        records = self._take(max_records)
        if records:
            return records
        self.broker.arrived.clear()
        try:
            await asyncio.wait_for(self.broker.arrived.wait(), timeout)
        except TimeoutError:
            return []
        return self._take(max_records)

    def _take(self, max_records: int) -> list[Record]:
        taken: list[Record] = []
        for position, offset in self.positions.items():
            records = self.broker.logs[position][offset : offset + max_records - len(taken)]
            self.positions[position] = offset + len(records)
            taken += records
        return taken

    async def commit(self, offsets: Mapping[Position, int]) -> None:
        mine = {position: offset for position, offset in offsets.items() if position in self.positions}
        self.broker.committed[self.group].update(mine)

    async def rewind(self) -> None:
        committed = self.broker.committed[self.group]
        self.positions = {position: committed.get(position, 0) for position in self.positions}

    async def lag(self) -> dict[Position, int]:
        committed = self.broker.committed[self.group]
        return {p: len(self.broker.logs[p]) - committed.get(p, 0) for p in self.positions}

    async def stop(self) -> None:
        if self in self.broker.members[self.group]:
            self.broker.members[self.group].remove(self)
            if self.broker.members[self.group]:
                await self.broker.rebalance(self.group)


class MemoryReader:
    def __init__(self, broker: MemoryBroker) -> None:
        self.broker = broker

    async def starts(self, topics: Sequence[str], since: datetime | None) -> dict[Position, int]:
        at = int(since.timestamp() * 1000) if since else 0
        logs = {position: log for position, log in self.broker.logs.items() if position[0] in topics}
        return {
            position: next((record.offset for record in log if record.timestamp >= at), len(log))
            for position, log in logs.items()
        }

    async def committed(self, group: str, topics: Sequence[str]) -> dict[Position, int]:
        committed = self.broker.committed[group]
        return {position: committed.get(position, 0) for position in self.broker.logs if position[0] in topics}

    async def read(self, starts: Mapping[Position, int]) -> AsyncIterator[list[Record]]:
        for position, offset in starts.items():
            yield self.broker.logs[position][offset:]

    async def stop(self) -> None:
        return None
