"""What alerts stand on in consuming, publishing and the database: each figure moves when its thing happens, and only then."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import REGISTRY
from sqlalchemy.exc import OperationalError

from shared.clock import Clock, ManualClock
from shared.db import Database
from shared.messaging import Consumer, Event, Work, runner
from shared.messaging.tables import SHARDS
from shared.observability import loop_delay
from shared.observability.loop_delay import LoopWatch
from shared.observability.measures import measure
from shared.runtime import Runtime
from shared.testing.events import NOON
from tests.messaging.rig import TOPIC, Rig, consumer_of, eventually, message, note_effects, thing

pytestmark = pytest.mark.parametrize("broker", ["memory"], indirect=True)


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def until(name: str, wanted: float, **labels: str) -> None:
    async def is_so() -> bool:
        return value(name, **labels) == wanted

    await eventually(is_so, f"{name} {labels} is {wanted}")


async def unless_thirteen(work: Work, events: Sequence[Event]) -> None:
    if any(event.data["number"] == 13 for event in events):
        raise ZeroDivisionError
    await note_effects(work, events, "counting")


async def test_events_are_counted_by_what_became_of_them(rig: Rig) -> None:
    consumer = Consumer("counting", [TOPIC])
    consumer.on("thing.happened")(unless_thirteen)
    outcomes = ("handled", "duplicate", "ignored", "dead")

    def counts() -> list[float]:
        return [value("huifang_consumer_events_total", consumer="counting", outcome=each) for each in outcomes]

    before, batches = counts(), value("huifang_consumer_batch_seconds_count", consumer="counting")
    good, other = thing(1), thing(2)
    other = Event("other", other.source, "thing.else", other.time, other.key, other.data)
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(good, thing(3))
        await rig.took_effect(2, "counting")
        await rig.put(good, other, thing(13))

        async def buried() -> bool:
            return len(await rig.dead()) == 1 and sum(counts()) - sum(before) >= 5

        await eventually(buried, "all five are settled")
    assert [now - then for now, then in zip(counts(), before, strict=True)] == [2, 1, 1, 1]
    assert value("huifang_consumer_batch_seconds_count", consumer="counting") > batches


async def test_who_is_in_the_group_says_so_and_who_has_left_does_not(rig: Rig) -> None:
    name, who = "huifang_consumer_joined", {"consumer": "joining"}
    running = rig.runner(consumer_of(consumer="joining"))
    async with rig.consuming(running):
        await until(name, 1, **who)
        assert value("huifang_consumer_halted", **who) == 0
    assert value(name, **who) == 0


async def test_a_consumer_that_stops_itself_is_halted_until_it_is_started_anew(rig: Rig) -> None:
    async def buggy(work: Work, events: Sequence[Event]) -> None:
        raise ZeroDivisionError

    running = rig.runner(consumer_of(buggy, "halting"), batch=100)
    running.processor.dead_limit = 2
    async with rig.consuming(running):
        assert value("huifang_consumer_halted", consumer="halting") == 0
        await rig.put(*[thing(number) for number in range(6)])
        await until("huifang_consumer_halted", 1, consumer="halting")
    async with rig.consuming(rig.runner(consumer_of(consumer="halting"))):
        await until("huifang_consumer_halted", 0, consumer="halting")


async def test_lag_and_age_grow_while_nothing_moves_and_are_nothing_when_all_is_done(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "WATCH_SECONDS", 0.02)
    released, who = asyncio.Event(), {"consumer": "lagging"}

    async def held(work: Work, events: Sequence[Event]) -> None:
        await released.wait()

    async with rig.consuming(rig.runner(consumer_of(held, "lagging"))):
        await until("huifang_consumer_lag_messages", 0, topic=TOPIC, **who)
        await rig.put(*[thing(number) for number in range(7)])
        await until("huifang_consumer_lag_messages", 7, topic=TOPIC, **who)

        async def aged() -> bool:
            return value("huifang_consumer_age_seconds", **who) > 0

        await eventually(aged, "it has an age")
        released.set()
        await until("huifang_consumer_lag_messages", 0, topic=TOPIC, **who)
        await until("huifang_consumer_age_seconds", 0, **who)


async def test_what_is_published_is_counted_and_who_publishes_a_shard_says_so(rig: Rig) -> None:
    before = value("huifang_outbox_published_total", service="test")
    await rig.write(*[thing(number) for number in range(5)])
    assert value("huifang_outbox_published_total", service="test") == before

    def held() -> float:
        return sum(value("huifang_relay_shard_held", service="test", shard=str(shard)) for shard in range(SHARDS))

    async with rig.relay():
        await rig.published()

        async def all_held() -> bool:
            return held() == SHARDS

        await eventually(all_held, "every shard has its leader")
        await until("huifang_outbox_published_total", before + 5, service="test")
    assert held() == 0


def as_runtime(rig: Rig, db: Any, consumers: Sequence[Any] = (), clock: Clock | None = None) -> Runtime:
    service = SimpleNamespace(name="test")
    return cast(Runtime, SimpleNamespace(service=service, db=db, consumers=consumers, clock=clock or rig.clock))


async def test_what_waits_in_the_database_is_told_at_every_look(rig: Rig) -> None:
    running = rig.runner(consumer_of(unless_thirteen, "measured"))
    runtime = as_runtime(rig, rig.db, [running])
    await measure(runtime)
    assert value("huifang_database_up", service="test") == 1
    assert [value(name, service="test") for name in ("huifang_outbox_rows", "huifang_outbox_age_seconds")] == [0, 0]
    assert value("huifang_dead_letters_open", consumer="measured") == 0
    await rig.write(thing(1), thing(2))
    async with rig.consuming(running):
        await rig.put(message(thing(13)))

        async def buried() -> bool:
            return len(await rig.dead()) == 1

        await eventually(buried, "it is a dead letter")
    waited = ManualClock(NOON + timedelta(seconds=90))
    await measure(as_runtime(rig, rig.db, [running], waited))
    assert value("huifang_outbox_rows", service="test") == 3  # the dead letter's copy for its topic, too
    assert value("huifang_outbox_age_seconds", service="test") == 90
    assert value("huifang_dead_letters_open", consumer="measured") == 1


async def test_a_database_that_does_not_answer_is_down_and_the_page_goes_on(rig: Rig) -> None:
    def away() -> None:
        raise OperationalError("SELECT", {}, ConnectionRefusedError())

    gone = SimpleNamespace(read=away, measure_pools=rig.db.measure_pools)
    await measure(as_runtime(rig, gone))
    assert value("huifang_database_up", service="test") == 0
    await measure(as_runtime(rig, rig.db))
    assert value("huifang_database_up", service="test") == 1


async def test_who_has_to_wait_for_a_connection_is_noted_and_who_has_not_is_not(rig: Rig) -> None:
    waits, pool = "huifang_database_pool_wait_seconds_count", {"service": "pooled", "pool": "http"}
    db = Database("pooled", rig.db.dsn, rig.clock, pool_size=1)
    rig.opened.append(db)
    before = value(waits, **pool)
    async with db.read():
        pass
    assert value(waits, **pool) == before
    async with contextlib.AsyncExitStack() as held:
        await held.enter_async_context(db.engine.connect())
        db.measure_pools()
        assert value("huifang_database_pool_in_use", **pool) == 1
        size = int(value("huifang_database_pool_size", **pool))
        for _ in range(size - 1):
            await held.enter_async_context(db.engine.connect())
        waiting = asyncio.create_task(connected(db))
        for _ in range(20):  # until it waits
            await rig.clock.sleep(0)
        assert not waiting.done()
    await waiting
    db.measure_pools()
    assert value(waits, **pool) == before + 1
    assert value("huifang_database_pool_in_use", **pool) == 0


async def connected(db: Database) -> None:
    async with db.engine.connect():
        pass


async def test_a_loop_that_was_held_is_late(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_delay, "EVERY", 0.01)
    total = "huifang_event_loop_delay_seconds_sum"
    watch = LoopWatch("held")
    watch.start()
    before = value(total, service="held")
    time.sleep(0.3)  # noqa: ASYNC251 - this is the fault

    async def told() -> bool:
        return value(total, service="held") >= before + 0.25

    await eventually(told, "the delay is noted")
    watch.stop()
