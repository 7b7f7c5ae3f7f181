"""Guarantees 2, 4, 5 and 6: at least once on the wire, exactly once in effect; poison never blocks."""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.messaging import Event, Work
from shared.messaging.arrived import Arrived
from shared.messaging.broker import BrokerUnavailable, Message
from shared.messaging.dead_letters import list_dead_letters, lock_dead_letter, revive, settle
from shared.messaging.event import decode
from shared.messaging.kafka import LARGEST_MESSAGE
from shared.testing.events import NOON
from tests.messaging.rig import TOPIC, Meddling, Rig, consumer_of, eventually, message, note_effects, per_key, thing


def broken(event: Event, *, value: bytes | None = None, **headers: bytes | None) -> Message:
    """A message with another value, or with headers replaced (None = left out)."""
    sent = message(event)
    kept = [(name, headers.get(name, old)) for name, old in sent.headers]
    return Message(TOPIC, sent.key, [(n, v) for n, v in kept if v is not None], sent.value if value is None else value)


async def test_what_arrives_takes_effect_once_and_offsets_follow(rig: Rig) -> None:
    consumer = consumer_of()
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(*[thing(number) for number in range(10)])
        await rig.took_effect(10)
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(thing(10))
        await rig.took_effect(11)
    assert await rig.effects() == [("C1", number) for number in range(11)]
    assert await rig.count("inbox") == 11


async def test_duplicates_change_nothing(rig: Rig) -> None:
    chance = random.Random(7)
    events = [thing(number, f"C{number % 5}") for number in range(60)]
    doubled: list[Event] = []
    for place, event in enumerate(events):
        doubled.append(event)
        doubled += [events[chance.randrange(place + 1)] for _ in range(chance.randrange(2, 10))]
    async with rig.consuming(rig.runner(consumer_of(), batch=50)):
        await rig.put(*doubled)
        await rig.put(*[thing(1000, f"C{number}") for number in range(5)])
        await rig.took_effect(65)
    numbers = per_key(await rig.effects())
    assert numbers == {f"C{key}": [*range(key, 60, 5), 1000] for key in range(5)}


async def test_day_partitions_of_a_consumers_tables_are_there_before_its_transaction(rig: Rig) -> None:
    """Once one handler has written to the table, no partition could be made for the next one."""
    async with rig.db.work() as work:
        await work.session.execute(text("CREATE TABLE daily (day date, number int) PARTITION BY RANGE (day)"))

    async def keep(work: Work, events: Sequence[Event]) -> None:
        for one in events:
            row = {"day": one.day, "number": one.data["number"]}
            await work.session.execute(text("INSERT INTO daily VALUES (:day, :number)"), row)

    consumer = consumer_of(keep)
    consumer.daily = ["daily"]
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(*[thing(number, at=NOON + timedelta(days=number)) for number in range(5)])
        await eventually(lambda: _has(rig, "daily", 5), "five rows in five partitions")


async def test_a_partition_found_missing_within_a_batch_is_made_outside_of_it(rig: Rig) -> None:
    """The batch has written to the table when it sees that it needs another day: it begins anew, and takes effect once."""
    async with rig.db.work() as work:
        await work.session.execute(text("CREATE TABLE daily (day date, number int) PARTITION BY RANGE (day)"))

    async def keep(work: Work, events: Sequence[Event]) -> None:
        await note_effects(work, events)
        for one in events:
            row = {"day": one.day + timedelta(days=one.data["number"]), "number": one.data["number"]}
            rig.db.partitions.require("daily", {row["day"]})
            await work.session.execute(text("INSERT INTO daily VALUES (:day, :number)"), row)

    async with rig.consuming(rig.runner(consumer_of(keep))):
        await rig.put(*map(thing, range(5)))
        await eventually(lambda: _has(rig, "daily", 5), "five rows in five partitions")
    assert await rig.effects() == [("C1", number) for number in range(5)]
    assert await rig.dead() == []


async def _has(rig: Rig, table: str, rows: int) -> bool:
    return await rig.count(table) == rows


async def test_the_same_id_from_two_sources_is_two_events(rig: Rig) -> None:
    one = thing(1)
    other = Event(one.id, "/elsewhere", one.type, one.time, one.key, {"number": 2})
    async with rig.consuming(rig.runner(consumer_of())):
        await rig.put(one, other, one, other)
        await rig.took_effect(2)
    assert await rig.effects() == [("C1", 1), ("C1", 2)]


async def test_two_consumers_of_one_database_each_take_effect(rig: Rig) -> None:
    async def other(work: Work, events: Sequence[Event]) -> None:
        await note_effects(work, events, "other")

    async with (
        rig.consuming(rig.runner(consumer_of())),
        rig.consuming(rig.runner(consumer_of(other, "other"))),
    ):
        await rig.put(thing(1), thing(2))
        await rig.took_effect(2)
        await rig.took_effect(2, "other")


async def test_a_crash_between_database_commit_and_offset_commit_doubles_no_effect(rig: Rig) -> None:
    crashes = 0  # more polls than are in hand at a time, so that some are left after each

    async def crash(call: str) -> None:
        nonlocal crashes
        if call == "commit" and crashes < 3:
            crashes += 1
            raise BrokerUnavailable("gone before the offsets were committed")

    meddling = Meddling(rig.broker, before=crash)
    async with rig.consuming(rig.runner(consumer_of(), meddling, batch=4)):
        await rig.put(*[thing(number) for number in range(20)])
        await rig.took_effect(20)
    assert (crashes, meddling.subscriptions) == (3, 4)
    assert await rig.effects() == [("C1", number) for number in range(20)]


async def test_forgotten_offsets_change_nothing(rig: Rig) -> None:
    consumer = consumer_of()
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(*[thing(number, f"C{number % 4}") for number in range(40)])
        await rig.took_effect(40)
    before = await rig.effects()
    await rig.forget_offsets(consumer)
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(*[thing(99, f"C{number}") for number in range(4)])
        await rig.took_effect(44)
    assert (await rig.effects())[:40] == before


async def test_outgoing_events_commit_with_the_effects_or_not_at_all(rig: Rig) -> None:
    from shared.contracts.intake import WeatherRained
    from shared.testing.events import example

    async def pass_on(work: Work, events: Sequence[Event]) -> None:
        await note_effects(work, events)
        for event in events:
            work.publish(WeatherRained(**example("weather.rained")), key=event.key, cause=event)
            if event.data.get("bug"):
                raise RuntimeError("a bug on this row")

    sent = [thing(1), thing(2, bug=True), thing(3)]
    async with rig.consuming(rig.runner(consumer_of(pass_on))):
        await rig.put(*sent)
        await rig.took_effect(2)
        await rig.put(thing(4))
        await rig.took_effect(3)
    rows = await rig.rows("SELECT headers FROM outbox WHERE topic = 'intake-v1' ORDER BY id")
    assert len(rows) == 3
    assert len(await rig.dead()) == 1


async def buggy(work: Work, events: Sequence[Event]) -> None:
    """Fails on rows that say so."""
    for event in events:
        if event.data.get("bug"):
            raise ZeroDivisionError(f"电话 13800000017, number {event.data['number']}")
    await note_effects(work, events)


POISON: dict[str, Callable[[Event], Message]] = {
    "bad JSON": lambda event: broken(event, value=b'{"number": 1'),
    "no JSON object": lambda event: broken(event, value=b"[1]"),
    "an empty value": lambda event: broken(event, value=b""),
    "bytes that are no text": lambda event: broken(event, value=b'{"a": "\xff"}'),
    "deep nesting": lambda event: broken(event, value=b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
    "no id": lambda event: broken(event, ce_id=None),
    "an empty id": lambda event: broken(event, ce_id=b""),
    "no type": lambda event: broken(event, ce_type=None),
    "no source": lambda event: broken(event, ce_source=None),
    "no time": lambda event: broken(event, ce_time=None),
    "a time that is none": lambda event: broken(event, ce_time=b"yesterday"),
    "a time before all days": lambda event: broken(event, ce_time=b"0001-01-01T00:00:00+08:00"),
    "a time after all days": lambda event: broken(event, ce_time=b"9999-12-31T23:59:59Z"),
    "a header that is no text": lambda event: broken(event, ce_subject=b"\xff\xfe", ce_id=b"\xff"),
    "no headers": lambda event: Message(TOPIC, event.key, [], message(event).value),
    "NUL in its id and a bug": lambda event: broken(event, ce_id=b"a\x00b", value=b'{"bug": 1, "number": 1}'),
    "NUL in its data": lambda event: broken(event, value=b'{"number": "\\u0000"}'),
    "wrong types": lambda event: broken(event, value=b'{"number": {"a": 1}}'),
    "a bug in the handler": lambda event: broken(event, value=b'{"number": 1, "bug": true}'),
}


WELL_FORMED = {"NUL in its id and a bug", "NUL in its data", "wrong types", "a bug in the handler"}


async def test_every_kind_of_poison_dies_alone_and_once(rig: Rig) -> None:
    consumer = consumer_of(buggy)
    poison = {kind: make(thing(13)) for kind, make in POISON.items()}
    batch: list[Message | Event] = [thing(number, f"C{number % 3}") for number in range(60)]
    for place, sent in enumerate(poison.values()):
        batch.insert(place * 4, sent)
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(*batch)
        await rig.took_effect(60)
        await rig.put(*[sent for kind, sent in poison.items() if kind in WELL_FORMED])  # the same events once more
        await rig.put(thing(99, "C1"))
        await rig.took_effect(61)
    await rig.forget_offsets(consumer)
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(thing(100, "C1"))
        await rig.took_effect(62)
    assert per_key(await rig.effects()) == {
        "C0": [*range(0, 60, 3)],
        "C1": [*range(1, 60, 3), 99, 100],
        "C2": [*range(2, 60, 3)],
    }
    letters = await rig.dead()
    assert sorted(bytes(letter.value) for letter in letters) == sorted(sent.value for sent in poison.values())
    assert {letter.event_type == "malformed" for letter in letters} == {True, False}
    assert not [letter.error for letter in letters if "13800000017" in letter.error]
    async with rig.relay():
        await rig.published()
    assert sorted(record.value for record in await rig.on_topic("test-dlq")) == sorted(
        sent.value for sent in poison.values()
    )


@pytest.mark.parametrize("kind", ["bad JSON", "a bug in the handler", "a time after all days"])
async def test_poison_blocks_no_partition_even_as_the_only_message(rig: Rig, kind: str) -> None:
    async with rig.consuming(rig.runner(consumer_of(buggy), batch=1)):
        await rig.put(POISON[kind](thing(13)), thing(1))
        await rig.took_effect(1)
    assert len(await rig.dead()) == 1


async def test_a_dead_letter_says_why_and_whence(rig: Rig) -> None:
    event = thing(1, bug=True)
    async with rig.consuming(rig.runner(consumer_of(buggy))), rig.relay():
        await rig.put(event)
        await rig.put(thing(2))
        await rig.took_effect(1)
        await rig.published()
    (letter,) = await rig.dead()
    assert (letter.event_id, letter.event_type, letter.key) == (event.id, "thing.happened", "C1")
    assert (letter.error_type, letter.error) == ("ZeroDivisionError", "电话 138****0017, number 1")
    assert letter.attempts == 3
    (record,) = await rig.on_topic("test-dlq")
    headers = dict(record.headers)
    assert decode(record.headers, record.value) == event
    assert headers["dlq_error"] == b"ZeroDivisionError"
    assert headers["dlq_reason"].decode() == letter.error
    assert headers["dlq_origin"].decode() == f"{letter.topic}/{letter.partition}/{letter.record_offset}"


async def test_a_failing_row_that_succeeds_on_a_second_try_is_no_dead_letter(rig: Rig) -> None:
    tries = 0

    async def shaky(work: Work, events: Sequence[Event]) -> None:
        nonlocal tries
        if any(event.data["number"] == 3 for event in events):
            tries += 1
            if len(events) > 1 or tries < 5:
                raise ValueError("not this time")
        await note_effects(work, events)

    async with rig.consuming(rig.runner(consumer_of(shaky))):
        await rig.put(*[thing(number) for number in range(8)])
        await rig.took_effect(8)
    assert sorted(await rig.effects()) == [("C1", number) for number in range(8)]
    assert await rig.dead() == []


async def test_a_database_error_that_passes_is_waited_for_without_dead_letters(rig: Rig) -> None:
    failures = 0

    async def unlucky(work: Work, events: Sequence[Event]) -> None:
        nonlocal failures
        await note_effects(work, events)
        if failures < 3:
            failures += 1
            await work.session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    async with rig.consuming(rig.runner(consumer_of(unlucky))):
        await rig.put(*[thing(number) for number in range(10)])
        await rig.took_effect(10)
    assert failures == 3
    assert await rig.effects() == [("C1", number) for number in range(10)]
    assert await rig.dead() == []


async def test_an_inbox_partition_dropped_by_another_process_is_made_again(rig: Rig) -> None:
    async with rig.consuming(rig.runner(consumer_of())):
        await rig.put(thing(1))
        await rig.took_effect(1)
        dropped = await rig.database().partitions.drop_before("inbox", thing(1).day.replace(month=6))
        assert len(dropped) == 1
        await rig.put(thing(2))
        await rig.took_effect(2)
    assert await rig.dead() == []


async def test_too_many_dead_letters_halt_the_consumer(rig: Rig) -> None:
    runner = rig.runner(consumer_of(buggy), batch=100)
    runner.processor.dead_limit = 5
    async with rig.consuming(runner):
        await rig.put(*[thing(number, bug=True) for number in range(20)])
        await rig.put(*[thing(number) for number in range(20, 25)])

        async def halted() -> bool:
            return bool(runner.halted)

        await eventually(halted, "the consumer halts")
    assert await rig.effects() == []
    assert len(await rig.dead()) == 6
    async with rig.consuming(rig.runner(consumer_of())):  # the mended deployment
        await rig.took_effect(19)
    assert [number for _, number in await rig.effects()] == [*range(6, 25)]


async def test_a_few_dead_letters_among_many_good_ones_do_not_halt_it(rig: Rig) -> None:
    runner = rig.runner(consumer_of(buggy), batch=10)
    runner.processor.dead_limit, runner.processor.dead_window = 2, 20
    events = [thing(number, bug=number % 15 == 0) for number in range(90)]
    async with rig.consuming(runner):
        await rig.put(*events)
        await rig.took_effect(84)
    assert not runner.halted
    assert len(await rig.dead()) == 6


async def replayed(rig: Rig, consumer: Any, letter_id: Any, data: dict[str, Any] | None = None) -> Arrived:
    """What the operators' route does."""
    runner = rig.runner(consumer)
    async with rig.db.work() as work:
        letter = await lock_dead_letter(work.session, letter_id)
        arrived = await revive(work, letter, data)
        await runner.processor.ensure_days({arrived.event.day})
        await runner.processor.apply_in(work, [arrived])
        await settle(work, letter, "replayed", "fixed")
    return arrived


async def test_a_dead_letter_is_replayed_once_after_the_bug_was_mended(rig: Rig) -> None:
    broken_consumer, mended = consumer_of(buggy), consumer_of()
    async with rig.consuming(rig.runner(broken_consumer)):
        await rig.put(thing(1, bug=True), thing(2))
        await rig.took_effect(1)
        await rig.put(thing(3))
        await rig.took_effect(2)
    (letter,) = await rig.dead()
    with pytest.raises(ZeroDivisionError):
        await replayed(rig, broken_consumer, letter.id)
    assert len(await rig.dead()) == 1
    await replayed(rig, mended, letter.id)
    with pytest.raises(Conflict):
        await replayed(rig, mended, letter.id)
    await rig.forget_offsets(mended)
    async with rig.consuming(rig.runner(mended)):
        await rig.put(thing(4))
        await rig.took_effect(4)
    assert await rig.effects() == [("C1", 2), ("C1", 3), ("C1", 1), ("C1", 4)]
    assert await rig.dead() == []
    assert [row.note for row in await rig.dead("replayed")] == ["fixed"]


async def test_a_malformed_message_is_replayed_with_mended_data_and_stays_settled(rig: Rig) -> None:
    consumer = consumer_of()
    event = thing(1)
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(broken(event, value=b"{"), thing(2))
        await rig.took_effect(1)
    (letter,) = await rig.dead()
    with pytest.raises(ValueError, match="unexpected end"):
        await replayed(rig, consumer, letter.id)
    arrived = await replayed(rig, consumer, letter.id, {"number": 1})
    assert (arrived.event.id, arrived.event.data) == (event.id, {"number": 1})
    await rig.forget_offsets(consumer)
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(thing(3))
        await rig.took_effect(3)
    assert await rig.effects() == [("C1", 2), ("C1", 1), ("C1", 3)]
    assert await rig.dead() == []


async def test_a_discarded_dead_letter_stays_so_when_it_is_delivered_again(rig: Rig) -> None:
    consumer = consumer_of(buggy)
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(thing(1, bug=True), thing(2))
        await rig.took_effect(1)
    (letter,) = await rig.dead()
    async with rig.db.work() as work:
        await settle(work, await lock_dead_letter(work.session, letter.id), "discarded", "a test order")
    await rig.forget_offsets(consumer)
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(thing(3))
        await rig.took_effect(2)
    assert await rig.dead() == []
    assert len(await rig.dead("discarded")) == 1


async def test_dead_letters_are_listed_oldest_first_page_by_page(rig: Rig) -> None:
    async with rig.consuming(rig.runner(consumer_of(buggy))):
        await rig.put(*[thing(number, bug=True) for number in range(5)])
        await rig.put(thing(9))
        await rig.took_effect(1)
    after, seen = None, []
    async with rig.db.read() as session:
        while page := await list_dead_letters(session, ["test"], "open", after, 2):
            seen += [decode(letter.record.headers, letter.record.value).data["number"] for letter in page]
            after = (page[-1].created_at, page[-1].id)
        assert await list_dead_letters(session, ["another"], "open", None, 2) == []
    assert seen == list(range(5))
    with pytest.raises(NotFound):
        async with rig.db.work() as work:
            await lock_dead_letter(work.session, new_id())


async def test_members_that_come_and_go_double_nothing_and_keep_each_keys_order(rig: Rig) -> None:
    consumer = consumer_of()
    events = [thing(number, f"C{number % 16}") for number in range(1600)]
    async with rig.consuming(rig.runner(consumer, batch=20)):
        await rig.put(*events[:800])
        await rig.took_effect(100)
        async with rig.consuming(rig.runner(consumer, batch=20, db=rig.database())) as second:

            async def joined() -> bool:
                return second.joined

            await eventually(joined, "the second member joined")
            await rig.put(*events[800:])
            await rig.took_effect(1000)
        await rig.took_effect(1600)
    numbers = per_key(await rig.effects())
    assert numbers == {f"C{key}": list(range(key, 1600, 16)) for key in range(16)}
    assert await rig.dead() == []


async def test_a_stopped_consumer_finishes_its_batch_and_nothing_is_delivered_again(rig: Rig) -> None:
    entered, leave = asyncio.Event(), asyncio.Event()
    calls = 0

    async def slow(work: Work, events: Sequence[Event]) -> None:
        nonlocal calls
        calls += 1
        entered.set()
        await leave.wait()
        await note_effects(work, events)

    await rig.put(*[thing(number) for number in range(5)])
    runner = rig.runner(consumer_of(slow))
    async with rig.consuming(runner):
        await entered.wait()
        runner.stop()
        assert await rig.effects() == []
        leave.set()
    assert len(await rig.effects()) == 5
    calls = 0
    async with rig.consuming(rig.runner(consumer_of(slow))):
        await rig.put(thing(9))
        await rig.took_effect(6)
    assert calls == 1


async def test_an_event_without_a_handler_is_passed_over(rig: Rig) -> None:
    consumer = consumer_of()
    consumer.handlers = {"thing.noticed": note_effects}
    noticed = Event(str(new_id()), "/test", "thing.noticed", thing(1).time, "C1", {"number": 7})
    async with rig.consuming(rig.runner(consumer)):
        await rig.put(thing(1), noticed)
        await rig.took_effect(1)
    assert await rig.effects() == [("C1", 7)]
    assert await rig.dead() == []


async def test_poison_as_large_as_the_broker_takes_does_not_block_the_outbox(rig: Rig) -> None:
    """Its dead-letter copy, longer by the reason, would be refused for ever."""
    huge = b"{" + b"a" * (LARGEST_MESSAGE - 800)
    async with rig.consuming(rig.runner(consumer_of())), rig.relay():
        await rig.put(broken(thing(1), value=huge))
        await rig.put(broken(thing(2), value=b"{"), thing(3))
        await rig.took_effect(1)
        await rig.published()
    assert [len(bytes(letter.value)) for letter in await rig.dead()] == [len(huge), 1]
    assert [record.value for record in await rig.on_topic("test-dlq")] == [b"{"]
