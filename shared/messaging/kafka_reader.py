"""Reading what lies in Kafka without joining a group: nothing is committed, nobody is rebalanced."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging.broker import Position, Record
from shared.messaging.kafka_calls import bounded, quietly, record_of

PORTION = 2000
POLL_MS = 1000


class KafkaReader:
    """`admin` and `client` are started; `stop` them when done."""

    def __init__(self, admin: AIOKafkaAdminClient, client: AIOKafkaConsumer) -> None:
        self.admin = admin
        self.client = client

    async def starts(self, topics: Sequence[str], since: datetime | None) -> dict[Position, int]:
        partitions = await self._partitions(topics)
        if since is None or not partitions:
            return _positions(await bounded(self.client.beginning_offsets(partitions)))
        at = int(since.timestamp() * 1000)
        found = await bounded(self.client.offsets_for_times(dict.fromkeys(partitions, at)))
        ends = await bounded(self.client.end_offsets(partitions))
        return _positions({one: found[one].offset if found.get(one) else ends[one] for one in partitions})

    async def committed(self, group: str, topics: Sequence[str]) -> dict[Position, int]:
        starts = await self.starts(topics, None)
        known = await bounded(self.admin.list_consumer_group_offsets(group))
        return starts | {(p.topic, p.partition): known[p].offset for p in known if (p.topic, p.partition) in starts}

    async def read(self, starts: Mapping[Position, int]) -> AsyncIterator[list[Record]]:
        partitions = {TopicPartition(*position): offset for position, offset in starts.items()}
        ends = await bounded(self.client.end_offsets(list(partitions))) if partitions else {}
        left = {one for one, offset in partitions.items() if offset < ends[one]}
        self.client.assign(left)
        for one in left:
            self.client.seek(one, partitions[one])
        while left:
            polled = await bounded(self.client.getmany(*left, timeout_ms=POLL_MS, max_records=PORTION))
            yield [record_of(m) for one, messages in polled.items() for m in messages if m.offset < ends[one]]
            left -= {one for one in left if await self.client.position(one) >= ends[one]}

    async def stop(self) -> None:
        await quietly(self.client.stop())
        await quietly(self.admin.close())

    async def _partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        described = await bounded(self.admin.describe_topics(list(topics)))
        return [TopicPartition(one["topic"], part["partition"]) for one in described for part in one["partitions"]]


def _positions(offsets: Mapping[Any, int]) -> dict[Position, int]:
    return {(one.topic, one.partition): offset for one, offset in offsets.items()}
