"""Reading all topics from their start, and how far the consumer groups are behind."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts import registry
from shared.messaging.event import Event, MalformedEvent, decode
from shared.messaging.kafka_calls import bounded
from shared.settings import ServiceSettings

PORTION = 2000
POLL_MS = 1000


class TopicTruncated(Exception):
    """Old records of a topic were deleted, so it can't be recounted from its start."""


@asynccontextmanager
async def kafka(bootstrap: str) -> AsyncIterator[tuple[AIOKafkaAdminClient, AIOKafkaConsumer]]:
    """Clients for asking and for reading. Raises BrokerUnavailable."""
    security = ServiceSettings().kafka_security()
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **security)
    client = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=4 << 20, **security
    )
    try:
        await bounded(admin.start())
        await bounded(client.start())
        yield admin, client
    finally:
        await client.stop()
        await admin.close()


async def read_topics(bootstrap: str, prefix: str = "") -> AsyncIterator[list[tuple[str, Event]]]:
    """All events there are now, in portions of (topic without prefix, event). Raises TopicTruncated, BrokerUnavailable."""
    async with kafka(bootstrap) as (admin, client):
        partitions = await partitions_of(admin, [prefix + topic for topic in registry.topics()])
        _require_whole(await bounded(client.beginning_offsets(partitions)))
        ends = await bounded(client.end_offsets(partitions))
        left = {partition for partition in partitions if ends[partition] > 0}
        client.assign(left)
        for partition in left:
            client.seek(partition, 0)
        while left:
            polled = await bounded(client.getmany(*left, timeout_ms=POLL_MS, max_records=PORTION))
            yield [
                (partition.topic.removeprefix(prefix), event)
                for partition, records in polled.items()
                for record in records
                if record.offset < ends[partition] and (event := _event(record.headers, record.value))
            ]
            left -= {partition for partition in left if await client.position(partition) >= ends[partition]}


async def partitions_of(admin: AIOKafkaAdminClient, topics: Iterable[str]) -> list[TopicPartition]:
    """All partitions of topics that are there."""
    described = await bounded(admin.describe_topics(list(topics)))
    return [TopicPartition(one["topic"], part["partition"]) for one in described for part in one["partitions"]]


def _require_whole(beginnings: dict[TopicPartition, int]) -> None:
    cut = sorted({partition.topic for partition, offset in beginnings.items() if offset > 0})
    if cut:
        raise TopicTruncated(f"主题 {'、'.join(cut)} 的旧消息已按保留期删除，无法从头重算")


def _event(headers: Sequence[tuple[str, bytes]], value: bytes) -> Event | None:
    """None for a record that is no event: its consumers have made a dead letter of it."""
    try:
        return decode(headers, value or b"")
    except MalformedEvent:
        return None


async def count_behind(bootstrap: str, groups: Iterable[str]) -> dict[str, int]:
    """Messages each consumer group has not taken in yet, in the topics it reads. Raises BrokerUnavailable."""
    async with kafka(bootstrap) as (admin, client):
        behind = {}
        for group in groups:
            committed = await bounded(admin.list_consumer_group_offsets(group))
            partitions = await partitions_of(admin, {partition.topic for partition in committed})
            ends = await bounded(client.end_offsets(partitions)) if partitions else {}
            behind[group] = sum(max(end - (committed[p].offset if p in committed else 0), 0) for p, end in ends.items())
        return behind
