"""The broker port on Apache Kafka through aiokafka, with a counter-measure for each of the client's known traps."""

import asyncio
import contextlib
from collections.abc import Awaitable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
    TopicAlreadyExistsError,
    UnknownMemberIdError,
    for_code,
)
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder

from shared.messaging.broker import (
    BrokerUnavailable,
    Message,
    Position,
    Producer,
    Reader,
    Record,
    Revoked,
    Subscription,
)
from shared.messaging.kafka_calls import CALL_SECONDS, bounded, quietly, record_of, started, within
from shared.messaging.kafka_reader import KafkaReader

PUBLISH_SECONDS = 30
SESSION_MS = 15_000
LARGEST_MESSAGE = 2 << 20


class KafkaBroker:
    """`bootstrap` is host:port[,host:port]; `instance_id` makes group membership static, so restarts don't rebalance.

    `security` is what `shared.messaging.security.client_options` gives; nothing = in the clear. Topics made here have
    `replicas` replicas.
    """

    def __init__(
        self,
        bootstrap: str,
        instance_id: str | None = None,
        security: Mapping[str, Any] = MappingProxyType({}),
        replicas: int = 1,
    ) -> None:
        self.bootstrap = bootstrap
        self.instance_id = instance_id
        self.security = security
        self.replicas = replicas

    async def ensure_topics(self, topics: Mapping[str, int]) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, **self.security)
        try:
            await bounded(admin.start())
            existing = set(await bounded(admin.list_topics()))
            missing = [NewTopic(name, count, self.replicas) for name, count in topics.items() if name not in existing]
            if missing:
                _raise_unless_created(await bounded(admin.create_topics(missing)))
        finally:
            await quietly(admin.close())

    async def producer(self) -> Producer:
        client = AIOKafkaProducer(
            bootstrap_servers=self.bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=2,
            max_batch_size=256 << 10,
            max_request_size=LARGEST_MESSAGE,
            request_timeout_ms=10_000,
            **self.security,
        )
        await started(client)
        return KafkaProducer(client)

    async def subscribe(self, group: str, topics: Sequence[str], on_revoked: Revoked) -> Subscription:
        client = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            group_id=group,
            group_instance_id=f"{group}-{self.instance_id}" if self.instance_id else None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_MS,
            heartbeat_interval_ms=3_000,
            max_poll_interval_ms=120_000,
            max_partition_fetch_bytes=4 << 20,
            fetch_max_wait_ms=100,
            metadata_max_age_ms=30_000,
            **self.security,
        )
        client.subscribe(list(topics), listener=_Listener(on_revoked))
        await started(client)
        return KafkaSubscription(client)

    async def ping(self) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=3_000, **self.security)
        try:
            await bounded(admin.start(), 3)
            await bounded(admin.describe_cluster(), 3)
        finally:
            await quietly(admin.close())

    async def reader(self) -> Reader:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, **self.security)
        client = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            enable_auto_commit=False,
            max_partition_fetch_bytes=4 << 20,
            **self.security,
        )
        await started(admin)
        try:
            await started(client)
        except BrokerUnavailable:
            await quietly(admin.close())
            raise
        return KafkaReader(admin, client)


class KafkaProducer:
    """Publishes whole batches per partition: a future per batch instead of one per message halves the cost."""

    def __init__(self, client: AIOKafkaProducer) -> None:
        self.client = client
        self.partitioner = DefaultPartitioner()
        self.partitions: dict[str, list[int]] = {}

    async def publish(self, messages: Sequence[Message]) -> None:
        await bounded(self._publish(messages), PUBLISH_SECONDS)

    async def _publish(self, messages: Sequence[Message]) -> None:
        filling: dict[Position, BatchBuilder] = {}
        acknowledged: list[Awaitable[Any]] = []
        for message in messages:
            key = message.key.encode()
            position = await self._position(message.topic, key)
            if position not in filling:
                filling[position] = self.client.create_batch()
            while not self._fits(filling[position], message, key):
                acknowledged.append(await self._send(filling[position], position))
                filling[position] = self.client.create_batch()
        for position, batch in filling.items():
            acknowledged.append(await self._send(batch, position))
        await asyncio.gather(*acknowledged)

    def _fits(self, batch: BatchBuilder, message: Message, key: bytes) -> bool:
        return batch.append(timestamp=None, key=key, value=message.value, headers=message.headers) is not None

    async def _position(self, topic: str, key: bytes) -> Position:
        if topic not in self.partitions:
            self.partitions[topic] = sorted(await self.client.partitions_for(topic))
        partitions = self.partitions[topic]
        return topic, self.partitioner(key, partitions, partitions)

    async def _send(self, batch: BatchBuilder, position: Position) -> Awaitable[Any]:
        batch.close()
        return await self.client.send_batch(batch, position[0], partition=position[1])  # type: ignore[no-any-return]

    async def stop(self) -> None:
        await quietly(self.client.stop())


class KafkaSubscription:
    def __init__(self, client: AIOKafkaConsumer) -> None:
        self.client = client

    async def poll(self, max_records: int, timeout: float) -> list[Record]:
        batches = await bounded(
            self.client.getmany(timeout_ms=int(timeout * 1000), max_records=max_records), timeout + CALL_SECONDS
        )
        return [record_of(message) for messages in batches.values() for message in messages]

    async def commit(self, offsets: Mapping[Position, int]) -> None:
        assigned = self.client.assignment()
        mine = {TopicPartition(*p): offset for p, offset in offsets.items() if TopicPartition(*p) in assigned}
        if not mine:
            return
        # the group has moved on: whoever owns the partition now reads these again and finds them claimed
        with contextlib.suppress(CommitFailedError, IllegalStateError, RebalanceInProgressError, UnknownMemberIdError):
            await _commit(self.client, mine)

    async def rewind(self) -> None:
        for partition in self.client.assignment():
            committed = await bounded(self.client.committed(partition))
            if committed is None:
                await bounded(self.client.seek_to_beginning(partition))
            else:
                self.client.seek(partition, committed)

    async def lag(self) -> dict[Position, int]:
        assigned = list(self.client.assignment())
        if not assigned:
            return {}
        ends = await bounded(self.client.end_offsets(assigned))
        starts = await bounded(self.client.beginning_offsets(assigned))
        behind = {}
        for partition in assigned:
            committed = await bounded(self.client.committed(partition))
            position = committed if committed is not None else starts[partition]
            behind[(partition.topic, partition.partition)] = max(0, ends[partition] - position)
        return behind

    async def stop(self) -> None:
        await quietly(self.client.stop())


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, on_revoked: Revoked) -> None:
        self.on_revoked = on_revoked

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        if revoked:
            await self.on_revoked()

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        return None


def _raise_unless_created(answer: Any) -> None:
    for topic, code, *detail in answer.topic_errors:
        kind = for_code(code)
        if code and kind is not TopicAlreadyExistsError:
            raise BrokerUnavailable(f"{kind.__name__}: {topic} {detail}")


async def _commit(client: AIOKafkaConsumer, offsets: dict[TopicPartition, int]) -> None:
    try:
        await within(client.commit(offsets), CALL_SECONDS)
    except (CommitFailedError, IllegalStateError, RebalanceInProgressError, UnknownMemberIdError):
        raise
    except (KafkaError, TimeoutError, OSError) as error:
        raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error
