"""aiokafka's known traps, each with its counter-measure at work on Apache Kafka (numbers are the client's issues)."""

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka.errors import (
    CommitFailedError,
    IllegalStateError,
    KafkaConnectionError,
    RebalanceInProgressError,
    UnknownMemberIdError,
)

from shared.clock import SystemClock
from shared.embedded.kafka import KafkaServer, wait_until_ready
from shared.embedded.processes import free_port
from shared.messaging import kafka, kafka_calls, runner
from shared.messaging.broker import BrokerUnavailable, Message, Record
from shared.messaging.event import decode, encode
from shared.messaging.kafka import KafkaBroker, KafkaProducer, KafkaSubscription
from tests.messaging.rig import PARTITIONS, TOPIC, Meddling, Rig, consumer_of, eventually, nothing, thing
from tests.patience import PATIENCE

pytestmark = [pytest.mark.kafka, pytest.mark.parametrize("broker", ["kafka"], indirect=True)]


@pytest.fixture
async def subscription(rig: Rig) -> AsyncIterator[KafkaSubscription]:
    made = await rig.broker.subscribe(rig.prefix + "group", [rig.prefix + TOPIC], nothing)
    assert isinstance(made, KafkaSubscription)
    yield made
    await made.stop()


async def polled(subscription: Any, count: int) -> list[Record]:
    """The next `count` records."""
    found: list[Record] = []

    async def enough() -> bool:
        nonlocal found
        found += await subscription.poll(count - len(found), 0.2)
        return len(found) >= count

    await eventually(enough, f"{count} records")
    return found


def after(records: Sequence[Record]) -> Mapping[tuple[str, int], int]:
    return {(record.topic, record.partition): record.offset + 1 for record in records}


async def test_the_unsafe_defaults_are_not_used(rig: Rig, subscription: KafkaSubscription) -> None:
    client = subscription.client
    assert client._enable_auto_commit is False
    assert client._auto_offset_reset == "earliest"
    assert 10_000 <= client._session_timeout_ms <= 30_000
    assert client._heartbeat_interval_ms * 3 <= client._session_timeout_ms
    producer = await rig.broker.producer()
    assert isinstance(producer, KafkaProducer)
    assert producer.client._sender._acks == -1
    assert producer.client._txn_manager is not None, "idempotence"
    await producer.stop()


async def test_what_failed_comes_again_after_a_rewind(rig: Rig, subscription: KafkaSubscription) -> None:
    """A failed batch's position has already advanced."""
    await rig.put(*[thing(number) for number in range(6)])
    kept = await polled(subscription, 2)
    await subscription.commit(after(kept))
    failed = await polled(subscription, 4)
    assert await subscription.poll(10, 0.1) == []
    await subscription.rewind()
    assert await polled(subscription, 4) == failed


async def test_a_rewind_before_any_commit_goes_back_to_the_beginning(rig: Rig, subscription: KafkaSubscription) -> None:
    await rig.put(*[thing(number) for number in range(3)])
    first = await polled(subscription, 3)
    await subscription.rewind()
    assert await polled(subscription, 3) == first


async def test_offsets_are_committed_as_given_and_only_of_partitions_held(
    rig: Rig, subscription: KafkaSubscription
) -> None:
    await rig.put(*[thing(number) for number in range(5)])
    records = await polled(subscription, 5)
    assert sum((await subscription.lag()).values()) == 5
    await subscription.commit(after(records[:3]))
    assert sum((await subscription.lag()).values()) == 2
    await subscription.commit({("elsewhere", 0): 7})
    assert set(await subscription.lag()) == {(rig.prefix + TOPIC, number) for number in range(PARTITIONS)}


@pytest.mark.parametrize(
    "error", [CommitFailedError, IllegalStateError, RebalanceInProgressError, UnknownMemberIdError]
)
async def test_a_commit_refused_because_of_a_rebalance_is_no_error(
    rig: Rig, subscription: KafkaSubscription, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    async def refuse(_offsets: object) -> None:
        raise error

    await rig.put(thing(1))
    records = await polled(subscription, 1)
    monkeypatch.setattr(subscription.client, "commit", refuse)
    await subscription.commit(after(records))


async def test_a_commit_that_fails_otherwise_is_reported(
    rig: Rig, subscription: KafkaSubscription, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_offsets: object) -> None:
        raise KafkaConnectionError

    await rig.put(thing(1))
    records = await polled(subscription, 1)
    monkeypatch.setattr(subscription.client, "commit", fail)
    with pytest.raises(BrokerUnavailable, match="KafkaConnectionError"):
        await subscription.commit(after(records))


async def test_a_stale_members_commit_is_harmless(rig: Rig) -> None:
    """Really refused by the broker: the partition has another owner by then."""
    group = rig.prefix + "group"
    await rig.put(*[thing(number) for number in range(4)])
    old = await rig.broker.subscribe(group, [rig.prefix + TOPIC], nothing)
    records = await polled(old, 4)
    new = await rig.broker.subscribe(group, [rig.prefix + TOPIC], nothing)
    await old.commit(after(records))
    await old.stop()
    await new.poll(10, 0.2)
    await new.stop()


async def test_a_member_without_partitions_gets_them_when_another_leaves(rig: Rig) -> None:
    """#1187: such a member may never rejoin."""
    await rig.broker.ensure_topics({rig.prefix + "single-v1": 1})
    consumer = consumer_of()
    consumer.topics = ["single-v1"]
    async with rig.consuming(rig.runner(consumer)) as first:

        async def joined() -> bool:
            return first.joined

        await eventually(joined, "the first member joined")
        async with rig.consuming(rig.runner(consumer, db=rig.database())) as second:
            second_joined = asyncio.create_task(wait_for_join(second))
            await rig.put(message_on("single-v1", 1))
            await rig.took_effect(1)
            await second_joined
            first.stop()
            await rig.put(message_on("single-v1", 2))
            await rig.took_effect(2)
    assert await rig.effects() == [("C1", 1), ("C1", 2)]


async def wait_for_join(member: runner.ConsumerRunner) -> None:
    async def joined() -> bool:
        return member.joined

    await eventually(joined, "the member joined")


def message_on(topic: str, number: int) -> Message:
    headers, value = encode(thing(number))
    return Message(topic, "C1", headers, value)


async def test_a_static_members_restart_moves_no_partition(rig: Rig, kafka_server: str) -> None:
    group, topics = rig.prefix + "group", [rig.prefix + TOPIC]
    revoked = 0

    async def note() -> None:
        nonlocal revoked
        revoked += 1

    first = await KafkaBroker(kafka_server, "a").subscribe(group, topics, nothing)
    assert isinstance(first, KafkaSubscription)
    assert first.client._group_instance_id == f"{group}-a"
    second = await KafkaBroker(kafka_server, "b").subscribe(group, topics, note)

    async def shared() -> bool:
        await second.poll(1, 0.05)
        await first.poll(1, 0.05)
        return len(await first.lag()) == len(await second.lag()) == PARTITIONS // 2

    await eventually(shared, "both have their half")
    before = revoked
    await first.stop()
    again = await KafkaBroker(kafka_server, "a").subscribe(group, topics, nothing)
    await rig.put(*[thing(number, f"C{number}") for number in range(40)])
    seen: list[Record] = []

    async def all_read() -> bool:
        seen.extend([*await again.poll(100, 0.05), *await second.poll(100, 0.05)])
        return len(seen) == 40

    await eventually(all_read, "all is read by the two")
    assert revoked == before
    await asyncio.gather(again.stop(), second.stop())


async def test_a_rebalance_does_not_wait_for_an_idle_poll(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """No lock is held over getmany."""
    monkeypatch.setattr(runner, "POLL_SECONDS", 3600.0)
    made = rig.runner(consumer_of())
    async with rig.consuming(made):
        await wait_for_join(made)
        async with asyncio.timeout(PATIENCE):
            await made._finish_batches()
        made.stop()
        await rig.put(thing(1))  # ends the poll


async def test_a_producer_that_failed_is_replaced(rig: Rig) -> None:
    """#1017: after a fatal error a producer never works again."""
    made: list[KafkaProducer] = []

    class Counting(Meddling):
        async def producer(self) -> Any:
            producer = await super().producer()
            made.append(producer)
            return producer

    async def fail(call: str) -> None:
        if len(made) < 3:
            raise BrokerUnavailable("fatal")

    async with rig.relay(Counting(rig.broker, before=fail)):
        await rig.write(thing(1))
        await rig.published()
    assert len(made) == 3


async def test_a_key_lies_where_javas_client_would_put_it(rig: Rig) -> None:
    """So that others may produce too: murmur2, known values of Kafka's own tests."""
    producer = await rig.broker.producer()
    assert isinstance(producer, KafkaProducer)
    everywhere = list(range(1000))
    for key, murmur2 in {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536}.items():
        assert producer.partitioner(key, everywhere, everywhere) == (murmur2 & 0x7FFFFFFF) % 1000
    await producer.stop()


async def test_a_header_without_value_is_read_as_empty(rig: Rig, subscription: KafkaSubscription) -> None:
    producer = await rig.broker.producer()
    await producer.publish([Message(rig.prefix + TOPIC, "C1", [("ce_id", None)], b"{}")])  # type: ignore[list-item]
    await producer.stop()
    (record,) = await polled(subscription, 1)
    assert record.headers == [("ce_id", b"")]


async def test_topics_are_made_once_and_a_name_kafka_refuses_is_an_error(rig: Rig) -> None:
    await rig.broker.ensure_topics({rig.prefix + "more-v1": 3})
    await rig.broker.ensure_topics({rig.prefix + "more-v1": 3, rig.prefix + TOPIC: 1})
    with pytest.raises(BrokerUnavailable, match="InvalidTopic"):
        await rig.broker.ensure_topics({rig.prefix + "no good!": 1})


async def test_publishing_to_a_topic_that_is_not_there_is_bounded(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kafka, "PUBLISH_SECONDS", 1)
    with pytest.raises(BrokerUnavailable):
        await rig.put(message_on("nowhere-v1", 1))


@pytest.fixture(scope="module")
async def frozen_kafka(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, Callable[[int], None]]]:
    """A Kafka of this module's own, and a way to send it signals."""
    folder = tmp_path_factory.mktemp("kafka")
    server = KafkaServer(folder, free_port(), free_port())
    await asyncio.to_thread(server.prepare, jars=Path(__file__).parents[2] / "var" / "kafka" / "lib")
    with (folder / "log").open("wb") as log:
        process = await asyncio.to_thread(subprocess.Popen, server.command(), stdout=log, stderr=log)
    try:
        await wait_until_ready(server.bootstrap, PATIENCE)
        yield server.bootstrap, lambda number: os.kill(process.pid, number)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGCONT)
        process.kill()
        await asyncio.to_thread(process.wait)
        await SystemClock().sleep(0.5)  # lets clients that were cut off in their calls notice
        gc.collect()


cut_off = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)  # of clients that could not say good-bye to a frozen broker


@cut_off
async def test_no_call_hangs_while_kafka_is_frozen_and_all_work_again_afterwards(
    frozen_kafka: tuple[str, Callable[[int], None]], monkeypatch: pytest.MonkeyPatch, rig: Rig
) -> None:
    """#1101: producer calls and stop() wait for ever."""
    bootstrap, send = frozen_kafka
    broker = KafkaBroker(bootstrap)
    await broker.ensure_topics({TOPIC: 1})
    producer = await broker.producer()
    subscription = await broker.subscribe("group", [TOPIC], nothing)
    await producer.publish([message_on(TOPIC, 1)])
    records = await polled(subscription, 1)
    for module, name in ((kafka, "CALL_SECONDS"), (kafka, "PUBLISH_SECONDS"), (kafka_calls, "START_SECONDS")):
        monkeypatch.setattr(module, name, 1)
    monkeypatch.setattr(kafka_calls.bounded, "__defaults__", (1,))

    send(signal.SIGSTOP)
    calls: list[Awaitable[Any]] = [
        producer.publish([message_on(TOPIC, 2)]),
        subscription.commit(after(records)),
        subscription.lag(),
        subscription.rewind(),
        broker.ping(),
        broker.ensure_topics({"another-v1": 1}),
        broker.producer(),
        broker.subscribe("other", [TOPIC], nothing),
    ]
    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer) for answer in answers] == [BrokerUnavailable] * len(calls)
        assert await subscription.poll(10, 0.2) == []
        await asyncio.gather(producer.stop(), subscription.stop())

    send(signal.SIGCONT)
    monkeypatch.undo()
    await wait_until_ready(bootstrap, PATIENCE)
    producer = await broker.producer()
    await producer.publish([message_on(TOPIC, 3)])
    subscription = await broker.subscribe("anew", [TOPIC], nothing)
    numbers = [decode(record.headers, record.value).data["number"] for record in await polled(subscription, 2)]
    assert numbers in ([1, 3], [1, 2])  # whether what was cut off has arrived, nobody knows
    await asyncio.gather(producer.stop(), subscription.stop())


@cut_off
async def test_relay_and_consumer_come_through_a_frozen_kafka(
    frozen_kafka: tuple[str, Callable[[int], None]], monkeypatch: pytest.MonkeyPatch, rig: Rig
) -> None:
    bootstrap, send = frozen_kafka
    rig.broker = KafkaBroker(bootstrap)
    await rig.broker.ensure_topics({rig.prefix + TOPIC: PARTITIONS})
    for module, name in ((kafka, "CALL_SECONDS"), (kafka, "PUBLISH_SECONDS"), (kafka_calls, "START_SECONDS")):
        monkeypatch.setattr(module, name, 2)

    async with rig.relay() as relay, rig.consuming(rig.runner(consumer_of(), batch=10)):
        await rig.write(*[thing(number, f"C{number % 5}") for number in range(50)])
        await rig.took_effect(50)
        await rig.published()  # what has taken effect may not have been archived yet
        send(signal.SIGSTOP)
        await rig.write(*[thing(number, f"C{number % 5}") for number in range(50, 100)])

        async def interrupted() -> bool:
            return bool(relay.last_error)

        await eventually(interrupted, "the relay notices")
        assert await rig.count("outbox") == 50
        send(signal.SIGCONT)
        await eventually(lambda: has_effects(rig, 100), "all effects")
        await rig.published()
    assert sorted(number for _, number in await rig.effects()) == list(range(100))
    assert await rig.dead() == []


async def has_effects(rig: Rig, count: int) -> bool:
    return len(await rig.effects()) >= count
