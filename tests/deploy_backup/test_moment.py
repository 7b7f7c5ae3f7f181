"""One moment: no database in a backup holds an effect whose cause another one lacks, whatever goes on meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import asyncpg
import pytest
from sqlalchemy import text

from deploy.backup import moment
from deploy.backup.moment import NoMoment, one_moment
from shared.clock import SystemClock
from shared.db import Database
from shared.messaging import Consumer, Event, Work
from shared.messaging.memory import MemoryBroker
from shared.messaging.outbox import Outgoing
from shared.messaging.relay import Relay
from shared.messaging.runner import ConsumerRunner
from shared.settings import ServiceSettings
from tests.messaging.rig import thing
from tests.patience import PATIENCE

NodeDsns = dict[str, str]
LOOKS = 6
HEARD = "CREATE TABLE heard (id text PRIMARY KEY)"
WRITE = "INSERT INTO outbox (shard, topic, key, headers, value, at) VALUES (0, 't', 'k', '', '', now())"
TOLD = "CREATE TABLE told (id text PRIMARY KEY)"


@pytest.fixture
async def dsns(service_dsn: Callable[[str], Awaitable[str]]) -> NodeDsns:
    """Two services' databases; each has written down what it told and what it heard."""
    found = {"left": await service_dsn("gateway"), "right": await service_dsn("visits")}
    for dsn in found.values():
        connection = await asyncpg.connect(dsn)
        await connection.execute(f"{HEARD}; {TOLD}")
        await connection.close()
    return found


async def tell(work: Work, topic: str, event: Event) -> None:
    await work.session.execute(text("INSERT INTO told VALUES (:id)"), {"id": event.id})
    work.outgoing.append(Outgoing(topic, event))


@asynccontextmanager
async def talking(dsns: NodeDsns) -> AsyncIterator[None]:
    """Left and right answer each other's events without end, as fast as relays and consumers let them."""
    broker, clock = MemoryBroker(), SystemClock()
    await broker.ensure_topics({"left-v1": 4, "right-v1": 4})
    async with AsyncExitStack() as stack:
        for name, other in (("left", "right"), ("right", "left")):
            db = Database(name, dsns[name], clock)
            stack.push_async_callback(db.close)
            relay = Relay(name, db, broker)
            db.on_published = relay.wake
            consumer = Consumer(name, [f"{other}-v1"])

            async def answer(work: Work, events: list[Event], topic: str = f"{name}-v1") -> None:
                for event in events:
                    await work.session.execute(text("INSERT INTO heard VALUES (:id)"), {"id": event.id})
                    await tell(work, topic, thing(event.data["number"] + 1, event.key, at=event.time))

            consumer.on("*")(answer)
            runner = ConsumerRunner(consumer, db, broker, ServiceSettings())
            running = [asyncio.create_task(relay.run()), asyncio.create_task(runner.run())]
            stack.push_async_callback(asyncio.gather, *running)
            stack.callback(relay.stop)
            stack.callback(runner.stop)
            async with db.work() as work:
                for key in range(8):
                    await tell(work, f"{name}-v1", thing(0, f"{name}-{key}"))
        yield


async def strangers(dsns: NodeDsns, clock: SystemClock) -> tuple[int, int]:
    """(effects without a cause, events told) of one moment."""
    async with one_moment(dsns, clock) as found:
        told = {n: {r[0] for r in await reader.fetch("SELECT id FROM told")} for n, reader in found.readers.items()}
        heard = {n: {r[0] for r in await reader.fetch("SELECT id FROM heard")} for n, reader in found.readers.items()}
    return len(heard["left"] - told["right"]) + len(heard["right"] - told["left"]), sum(map(len, told.values()))


async def test_no_database_knows_of_an_event_that_its_sender_has_not_sent_yet(
    dsns: NodeDsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, begin = SystemClock(), moment._begin
    begun: list[asyncpg.Connection] = []

    async def begin_late(reader: asyncpg.Connection) -> None:
        """Each reader a while after the one before: what happens in between must not tear them apart."""
        begun.append(reader)
        await clock.sleep(0.15 * (len(begun) % 2))
        await begin(reader)

    monkeypatch.setattr(moment, "_begin", begin_late)
    async with talking(dsns):
        found = [await strangers(dsns, clock)]
        async with asyncio.timeout(PATIENCE):
            while len(found) < LOOKS or found[-1][1] == found[0][1]:  # until they have talked on meanwhile
                await clock.sleep(0.1)
                found.append(await strangers(dsns, clock))
    assert {unknown for unknown, _ in found} == {0}


async def test_writers_go_on_while_the_databases_are_read(dsns: NodeDsns) -> None:
    async with one_moment(dsns, SystemClock()) as found:
        assert found.paused < PATIENCE
        connection = await asyncpg.connect(dsns["left"])
        await connection.execute(
            "INSERT INTO outbox (shard, topic, key, headers, value, at) VALUES (0, 't', 'k', '', '', now())"
        )
        await connection.close()
        assert await found.readers["left"].fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_transaction_that_stays_open_is_waited_for_and_then_told(
    dsns: NodeDsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moment, "LOCK_SECONDS", 1)
    monkeypatch.setattr(moment, "TRIES", 2)
    monkeypatch.setattr(moment, "PAUSE_SECONDS", 0.1)
    holder = await asyncpg.connect(dsns["right"])
    await holder.execute("BEGIN; LOCK TABLE outbox IN ROW EXCLUSIVE MODE")
    with pytest.raises(NoMoment, match="发件箱"):
        async with one_moment(dsns, SystemClock()):
            pass
    await holder.execute("ROLLBACK")
    await holder.close()
    async with one_moment(dsns, SystemClock()) as found:
        assert set(found.readers) == {"left", "right"}
