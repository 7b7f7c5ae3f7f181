"""Claims: whoever commits first has the event, the other one waits and passes over it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.clock import ManualClock
from shared.db import Database
from shared.messaging import Event, inbox
from shared.messaging.partitions import Partitions
from shared.testing.events import NOON
from tests.messaging.rig import thing
from tests.patience import PATIENCE


@pytest.fixture
async def db(core_dsn: str, clock: ManualClock) -> AsyncIterator[Database]:
    made = Database("test", core_dsn, clock, 8)
    await made.partitions.ensure("inbox", {NOON.date()})
    yield made
    await made.close()


async def claimed(db: Database, *events: Event, consumer: str = "test") -> list[int]:
    async with db.work() as work:
        return [event.data["number"] for event in await inbox.claim(work.session, consumer, events)]


async def test_an_event_is_claimed_once_by_each_consumer(db: Database) -> None:
    one, two = thing(1), thing(2)
    assert await claimed(db, one) == [1]
    assert await claimed(db, one, two, two) == [2]
    assert await claimed(db, one, two, consumer="other") == [1, 2]
    assert await claimed(db) == []


async def test_claims_come_back_in_the_order_of_arrival(db: Database) -> None:
    events = [thing(number, at=NOON - timedelta(seconds=number)) for number in range(20)]
    assert await claimed(db, *events) == list(range(20))


async def test_a_second_member_waits_for_the_first_and_gets_what_that_did_not_keep(db: Database) -> None:
    events = [thing(number) for number in range(5)]
    for keep, left in ((True, []), (False, [10, 11])):
        mine = events if keep else [thing(10), thing(11)]
        try:
            async with db.work() as work:
                await inbox.claim(work.session, "test", mine)
                waiting = asyncio.create_task(claimed(db, *reversed(mine)))
                done, _ = await asyncio.wait([waiting], timeout=0.2)
                assert not done
                if not keep:
                    raise ConnectionError("the first member died")
        except ConnectionError:
            pass
        assert sorted(await waiting) == left


async def test_members_that_claim_the_same_events_never_deadlock(db: Database) -> None:
    events = [thing(number, at=NOON + timedelta(milliseconds=number)) for number in range(200)]
    won = await asyncio.gather(*[claimed(db, *events[start:], *events[:start]) for start in range(0, 200, 30)])
    assert sorted(number for numbers in won for number in numbers) == list(range(200))


async def test_a_released_claim_can_be_taken_again(db: Database) -> None:
    event = thing(1)
    await claimed(db, event)
    async with db.work() as work:
        await inbox.forget(work.session, "test", event.event_key)
    assert await claimed(db, event) == [1]


async def test_many_processes_may_make_the_same_partition(db: Database) -> None:
    days = [date(2026, 4, 1) + timedelta(days=number) for number in range(3)]
    others = [Partitions(db.background) for _ in range(4)]
    await asyncio.gather(*[each.ensure("inbox", days) for each in others])
    assert all(each.known == {("inbox", day) for day in days} for each in others)


async def test_old_partitions_are_dropped_whole_and_their_day_begins_anew(db: Database) -> None:
    old, new = thing(1, at=NOON - timedelta(days=10)), thing(2)
    await db.partitions.ensure("inbox", {old.day, new.day})
    assert await claimed(db, old, new) == [1, 2]
    assert await db.partitions.drop_before("inbox", new.day) == [f"inbox_{old.day:%Y%m%d}"]
    await db.partitions.ensure("inbox", {old.day})
    assert await claimed(db, old, new) == [1]


async def test_days_that_are_still_needed_are_kept(db: Database) -> None:
    old, older = NOON.date() - timedelta(days=10), NOON.date() - timedelta(days=11)
    await db.partitions.ensure("inbox", {old, older})
    assert await db.partitions.drop_before("inbox", NOON.date(), kept={older}) == [f"inbox_{old:%Y%m%d}"]
    assert ("inbox", older) in db.partitions.known


async def test_what_another_process_dropped_is_made_again_once_a_transaction_has_failed(db: Database) -> None:
    event = thing(1)
    await Partitions(db.background).drop_before("inbox", event.day + timedelta(days=1))
    await db.partitions.ensure("inbox", {event.day})
    with pytest.raises(DBAPIError, match="no partition of relation"):
        await claimed(db, event)
    await db.partitions.ensure("inbox", {event.day})
    assert await claimed(db, event) == [1]


async def test_whoever_reads_a_table_for_hours_keeps_no_day_from_beginning_and_loses_none(db: Database) -> None:
    """A backup does; those who write meanwhile must not wait for it."""
    today, tomorrow = NOON.date(), NOON.date() + timedelta(days=1)
    async with db.engine.connect() as reader:
        await reader.execute(text("LOCK TABLE inbox IN ACCESS SHARE MODE"))
        async with asyncio.timeout(PATIENCE):
            await db.partitions.ensure("inbox", {tomorrow})
            assert await db.partitions.drop_before("inbox", tomorrow) == []
    assert await claimed(db, thing(1, at=NOON + timedelta(days=1))) == [1]
    assert await db.partitions.drop_before("inbox", tomorrow) == [f"inbox_{today:%Y%m%d}"]
    async with db.read() as session:
        query = text("SELECT indisprimary FROM pg_index WHERE indrelid = CAST(:name AS regclass)")
        keys = list(await session.scalars(query, {"name": f"inbox_{tomorrow:%Y%m%d}"}))
    assert keys == [True], "a partition has its table's key"
