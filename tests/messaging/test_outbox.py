"""Guarantees 3 and 4: what is committed is published, in order per key, by whichever relay is alive."""

import asyncio
import random
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy import text

from shared.clock import SystemClock
from shared.contracts.intake import WeatherRained
from shared.messaging import relay
from shared.messaging.broker import BrokerUnavailable
from shared.messaging.event import decode, encode
from shared.messaging.outbox import LARGEST_EVENT, EventTooLarge, Outgoing, pack_headers, shard_of, unpack_headers
from shared.messaging.relay import MEMBER_LOCK, SHARD_LOCK, Relay, republish
from shared.messaging.strict import UnlikeContract
from shared.messaging.tables import SHARDS
from shared.testing.events import NOON, event, example
from tests.messaging.rig import TOPIC, Meddling, Rig, consumer_of, eventually, per_key, thing


async def published_numbers(rig: Rig) -> dict[str, list[int]]:
    """Numbers by key as first seen on the topic: what an inbox lets through."""
    seen: dict[str, list[int]] = {}
    for record in await rig.on_topic():
        numbers = seen.setdefault(record.key, [])
        number = decode(record.headers, record.value).data["number"]
        if number not in numbers:
            numbers.append(number)
    return seen


async def test_a_committed_event_is_published_as_it_is_and_archived(rig: Rig) -> None:
    event = thing(1, "客户一", note="燃气灶")
    async with rig.relay():
        await rig.write(event)
        await rig.published()
    (record,) = await rig.on_topic()
    assert (record.key, decode(record.headers, record.value)) == ("客户一", event)
    assert await rig.count("outbox") == 0
    assert await rig.scalar("SELECT value FROM outbox_archive") == record.value


async def test_what_is_rolled_back_is_never_published(rig: Rig) -> None:
    async with rig.relay():
        with pytest.raises(RuntimeError, match="changed my mind"):
            async with rig.db.work() as work:
                work.outgoing.append(Outgoing(TOPIC, thing(1)))
                await work.flush()
                raise RuntimeError("changed my mind")
        await rig.write(thing(2))
        await rig.published()
    assert await published_numbers(rig) == {"C1": [2]}


async def test_rows_stay_until_the_broker_has_acknowledged_them(rig: Rig) -> None:
    seen: list[tuple[int, int]] = []

    async def refuse(call: str) -> None:
        if len(seen) < 3:
            seen.append((await rig.count("outbox"), await rig.count("outbox_archive")))
            raise BrokerUnavailable("not now")

    await rig.write(thing(1), thing(2))
    async with rig.relay(Meddling(rig.broker, before=refuse)):
        await rig.published()
    assert seen == [(2, 0)] * 3
    assert await published_numbers(rig) == {"C1": [1, 2]}
    assert await rig.count("outbox_archive") == 2


async def test_the_relay_outlives_what_nobody_foresaw(rig: Rig) -> None:
    faults = [RuntimeError("a driver's own trouble")]

    async def stumble(call: str) -> None:
        if faults:
            raise faults.pop()

    await rig.write(thing(1))
    async with rig.relay(Meddling(rig.broker, before=stumble)):
        await rig.published()
    assert not faults
    assert await published_numbers(rig) == {"C1": [1]}


async def test_a_transaction_that_commits_late_is_not_skipped(rig: Rig) -> None:
    async with rig.relay():
        async with rig.db.work() as slow:
            slow.outgoing.append(Outgoing(TOPIC, thing(1, "slow")))
            await slow.flush()  # has the lower id, commits last
            await rig.write(thing(2, "fast"))
            await rig.published()
            assert await published_numbers(rig) == {"fast": [2]}
        await rig.published()
    assert await published_numbers(rig) == {"fast": [2], "slow": [1]}
    ids = await rig.rows("SELECT key FROM outbox_archive ORDER BY id")
    assert [row.key for row in ids] == ["slow", "fast"]


async def write_in_turn(rig: Rig, keys: list[str], times: int, seed: int) -> None:
    """A writer that moves random aggregates on, as commands do: lock, decide, append, commit."""
    chance, clock = random.Random(seed), SystemClock()
    for _ in range(times):
        key = chance.choice(keys)
        async with rig.db.work() as work:
            row = await work.session.execute(
                text(
                    "INSERT INTO aggregate VALUES (:key, 1) ON CONFLICT (key) DO UPDATE "
                    "SET number = aggregate.number + 1 RETURNING number"
                ),
                {"key": key},
            )
            work.outgoing.append(Outgoing(TOPIC, thing(row.scalar_one(), key)))
            await work.flush()
            await clock.sleep(chance.random() * 0.01)  # commits in another order than ids were drawn


async def test_each_key_is_published_in_commit_order_with_many_writers_and_two_relays(rig: Rig) -> None:
    keys = [f"C{number}" for number in range(12)]
    async with rig.relay(), rig.relay(db=rig.database()):
        await asyncio.gather(*[write_in_turn(rig, keys, 25, seed) for seed in range(8)])
        await rig.published()
    numbers = await published_numbers(rig)
    assert sum(map(len, numbers.values())) == 8 * 25
    assert all(seen == list(range(1, len(seen) + 1)) for seen in numbers.values())


async def test_more_rows_than_a_batch_are_published_in_order(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "BATCH", 100)
    await rig.write(*[thing(number, f"C{number % 7}") for number in range(1050)])
    async with rig.relay():
        await rig.published()
    numbers = await published_numbers(rig)
    assert sum(map(len, numbers.values())) == 1050
    assert all(seen == sorted(seen) for seen in numbers.values())


async def test_a_large_event_passes(rig: Rig) -> None:
    large = thing(1, text="气" * 300_000)
    async with rig.relay():
        await rig.write(thing(0), large, thing(2))
        await rig.published()
    assert await published_numbers(rig) == {"C1": [0, 1, 2]}


async def shares(*relays: Relay) -> list[int]:
    return sorted(len(each.shards) for each in relays)


async def test_relays_share_the_shards_fairly_and_take_over_from_one_that_leaves(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BALANCE_SECONDS", 0.05)
    async with rig.relay() as first:
        async with rig.relay(db=rig.database()) as second, rig.relay(db=rig.database()) as third:

            async def fair() -> bool:
                return await shares(first, second, third) in ([4, 6, 6], [5, 5, 6])

            await eventually(fair, "three relays share sixteen shards")
            assert not first.shards & second.shards
            assert not second.shards & third.shards

        async def alone() -> bool:
            return first.shards == set(range(SHARDS))

        await eventually(alone, "the relay that is left has all shards")


async def test_another_relay_takes_over_when_the_first_loses_its_connection(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BALANCE_SECONDS", 0.05)
    doomed = rig.database()
    async with rig.relay(db=doomed) as first, rig.relay() as second:

        async def shared() -> bool:
            return await shares(first, second) == [8, 8]

        await eventually(shared, "both hold their share")
        doomed.dsn = "postgresql://127.0.0.1:1/nowhere"  # it will not come back
        held = first.shards
        await terminate_holder_of(rig, held)
        await rig.write(*[thing(number, f"C{number}") for number in range(50)])
        await rig.published()

        async def all_shards() -> bool:
            return second.shards == set(range(SHARDS))

        await eventually(all_shards, "the second relay has all shards")
    assert sum(map(len, (await published_numbers(rig)).values())) == 50


async def terminate_holder_of(rig: Rig, shards: set[int]) -> None:
    """Cut the connection that holds these shards, as a failing network or server would."""
    cut = await rig.scalar(
        "SELECT count(pg_terminate_backend(pid)) FROM (SELECT DISTINCT pid FROM pg_locks WHERE locktype = 'advisory' "
        "AND classid = CAST(:lock AS bigint)::oid AND objid = CAST(:shard AS bigint)::oid AND granted "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) holder",
        lock=SHARD_LOCK,
        shard=min(shards),
    )
    assert cut == 1


async def test_a_relay_whose_connection_breaks_comes_back(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "BALANCE_SECONDS", 0.05)
    async with rig.relay() as only:
        await rig.write(thing(1))
        await rig.published()
        await terminate_holder_of(rig, only.shards)
        await rig.write(thing(2))
        await rig.published()
    assert await published_numbers(rig) == {"C1": [1, 2]}


async def test_a_crash_between_publishing_and_archiving_doubles_messages_but_no_effect(rig: Rig) -> None:
    lost = 0

    async def lose_the_answer(call: str) -> None:
        nonlocal lost
        if call == "publish" and lost < 3:
            lost += 1
            raise BrokerUnavailable("acknowledged, but nobody heard it")

    async with rig.relay(Meddling(rig.broker, after=lose_the_answer)):
        await rig.write(*[thing(number) for number in range(20)])
        await rig.published()
    assert len(await rig.on_topic()) == 20 * 4
    async with rig.consuming(rig.runner(consumer_of(), batch=7)):
        await rig.put(thing(99))  # behind all duplicates
        await rig.took_effect(21)
    assert await rig.effects() == [("C1", number) for number in (*range(20), 99)]


async def test_a_relay_survives_a_locked_archive(rig: Rig) -> None:
    """DDL under load: the day's archive partition cannot be made for a while."""
    locker = await asyncpg.connect(rig.db.dsn)
    transaction = locker.transaction()
    await transaction.start()
    await locker.execute("LOCK TABLE outbox_archive IN ACCESS EXCLUSIVE MODE")
    async with rig.relay() as only:
        await rig.write(thing(1))

        async def interrupted() -> bool:
            return bool(only.last_error)

        await eventually(interrupted, "the archive's lock timed out")
        await transaction.rollback()
        await locker.close()
        await rig.published()
    assert await published_numbers(rig) == {"C1": [1]}


async def test_an_archive_partition_dropped_by_another_process_is_made_again(rig: Rig) -> None:
    async with rig.relay():
        await rig.write(thing(1))
        await rig.published()
        await rig.database().partitions.drop_before("outbox_archive", NOON.date() + timedelta(days=30))
        await rig.write(thing(2))
        await rig.published()
    assert await rig.count("outbox_archive") == 1


@pytest.mark.parametrize("notify", [True, False], ids=["by notify", "in the same process"])
async def test_a_commit_wakes_the_relay_without_waiting_for_its_poll(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, notify: bool
) -> None:
    monkeypatch.setattr(relay, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(relay, "BALANCE_SECONDS", 0.05)
    async with rig.relay() as only:
        await rig.write(thing(1), notify=True)
        await rig.published()
        if not notify:
            rig.db.on_published = only.wake
        await rig.write(thing(2), notify=notify)
        await rig.published()


async def test_without_a_notification_the_poll_finds_the_rows(rig: Rig) -> None:
    async with rig.relay():
        await rig.write(thing(1))
        await rig.published()
        await rig.write(thing(2))
        await rig.published()


async def test_a_stopped_relay_publishes_what_is_there_and_lets_its_locks_go(rig: Rig) -> None:
    async with rig.relay() as only:
        await rig.write(thing(1))
        await rig.published()
        await rig.write(thing(2))
        only.stop()
    assert await rig.count("outbox") == 0
    locks = (
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = ANY(CAST(:classes AS bigint[])::oid[])"
    )
    here = " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"

    async def free() -> bool:
        return not await rig.scalar(locks + here, classes=[SHARD_LOCK, MEMBER_LOCK])

    await eventually(free, "all locks are free")


async def test_republishing_gives_what_the_broker_lost_and_changes_nothing(rig: Rig) -> None:
    old = [thing(number, at=NOON - timedelta(days=2)) for number in range(5)]
    new = [thing(number) for number in range(5, 9)]
    consumer = consumer_of()
    async with rig.relay(), rig.consuming(rig.runner(consumer)):
        await rig.write(*old, *new)
        await rig.took_effect(9)
        await rig.published()
    assert await republish(rig.db.dsn, rig.broker, NOON - timedelta(days=1), rig.prefix) == 4
    assert len(await rig.on_topic()) == 13
    assert await republish(rig.db.dsn, rig.broker, NOON - timedelta(days=3), rig.prefix) == 9
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(thing(99))
        await rig.took_effect(10)
    assert per_key(await rig.effects()) == {"C1": [*range(9), 99]}
    assert await rig.dead() == []


def test_headers_are_stored_and_read_back_whatever_they_hold() -> None:
    headers = [("a", "客户".encode()), ("b", b"\xff\x00"), ("a", b"")]
    assert unpack_headers(pack_headers(headers)) == headers


def test_a_key_always_has_the_same_shard() -> None:
    shards = [shard_of(f"C{number}") for number in range(2000)]
    assert shards == [shard_of(f"C{number}") for number in range(2000)]
    assert set(shards) == set(range(SHARDS))


async def test_events_noted_in_one_transaction_keep_their_order(rig: Rig) -> None:
    await rig.write(*[thing(number) for number in range(200)])
    rows = await rig.rows("SELECT value FROM outbox ORDER BY id")
    assert [b'"number":%d}' % number in bytes(row.value) for number, row in enumerate(rows)] == [True] * 200


async def test_publishing_takes_lineage_cause_and_trace_from_the_causing_event(rig: Rig) -> None:
    async with rig.db.work(traceparent="00-a-b-01") as work:
        first = work.publish(WeatherRained(**example("weather.rained")), key="510108")
        second = work.publish(WeatherRained(**example("weather.rained")), key="510108", cause=first)
    assert first.lineage == first.id == second.lineage == second.cause
    assert first.traceparent == second.traceparent == "00-a-b-01"
    assert await rig.count("outbox") == 2


async def test_the_largest_event_passes_and_a_larger_one_is_refused_before_it_can_block_the_outbox(rig: Rig) -> None:
    room = LARGEST_EVENT - len(encode(thing(1, text=""))[1]) - 1000
    async with rig.relay():
        await rig.write(thing(1, text="a" * room))
        with pytest.raises(EventTooLarge):
            await rig.write(thing(2, text="a" * (room + 1100)))
        await rig.write(thing(3))
        await rig.published()
    assert await published_numbers(rig) == {"C1": [1, 3]}


async def test_what_a_contract_does_not_declare_is_published_in_no_test(
    rig: Rig, published_events_are_as_declared: list[str]
) -> None:
    told = event("weather.rained", example("weather.rained") | {"mood": "wet"})
    with pytest.raises(UnlikeContract, match="mood: Extra inputs are not permitted"):
        await rig.write(told)
    assert await rig.count("outbox") == 0
    assert len(published_events_are_as_declared) == 1
    published_events_are_as_declared.clear()  # else this test would fail, too
    await rig.write(event("weather.rained", example("weather.rained")), thing(1, mood="any"))
    assert await rig.count("outbox") == 2
