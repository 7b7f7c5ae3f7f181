"""Looking at what lies in topics, on both brokers."""

from datetime import timedelta

from shared.clock import SystemClock
from shared.messaging.broker import Position, Record
from tests.messaging.rig import TOPIC, Rig, message, nothing, thing


async def publish(rig: Rig, *numbers: int) -> None:
    producer = await rig.broker.producer()
    await producer.publish([message(thing(number, f"C{number}"), rig.prefix + TOPIC) for number in numbers])
    await producer.stop()


async def test_all_that_is_there_is_read_in_the_order_of_each_partition(rig: Rig) -> None:
    await publish(rig, *range(50))
    reader = await rig.broker.reader()
    starts = await reader.starts([rig.prefix + TOPIC], None)
    found: dict[Position, list[Record]] = {}
    async for records in reader.read(starts):
        for record in records:
            found.setdefault((record.topic, record.partition), []).append(record)
    await reader.stop()
    assert sum(map(len, found.values())) == 50
    assert all([record.offset for record in records] == list(range(len(records))) for records in found.values())


async def test_reading_begins_where_a_group_has_come_to(rig: Rig) -> None:
    await publish(rig, *range(10))
    group, topics = rig.prefix + "group", [rig.prefix + TOPIC]
    reader = await rig.broker.reader()
    assert set((await reader.committed(group, topics)).values()) == {0}
    subscription = await rig.broker.subscribe(group, topics, nothing)
    seen: list[Record] = []
    while len(seen) < 10:
        seen += await subscription.poll(100, 0.5)
    await subscription.commit({(record.topic, record.partition): record.offset + 1 for record in seen})
    await subscription.stop()
    await publish(rig, 10, 11)
    committed = await reader.committed(group, topics)
    waiting = [record async for records in reader.read(committed) for record in records]
    await reader.stop()
    assert sum(committed.values()) == 10
    assert {record.key for record in waiting} == {"C10", "C11"}


async def test_reading_can_begin_at_a_time(rig: Rig) -> None:
    await publish(rig, 1)
    reader = await rig.broker.reader()
    now = SystemClock().machine()
    topics = [rig.prefix + TOPIC]
    assert sum((await reader.starts(topics, now - timedelta(hours=1))).values()) == 0
    later = await reader.starts(topics, now + timedelta(hours=1))
    assert [record async for records in reader.read(later) for record in records] == []
    assert await reader.starts([rig.prefix + "nowhere"], None) == {}
    await reader.stop()
