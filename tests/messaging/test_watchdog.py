"""A consumer that is stuck notices, gets itself a new subscription, and gives the process up when that does not help."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Never

import pytest

from shared.messaging import Event, Work, runner
from shared.messaging.broker import BrokerUnavailable, Producer, Record, Revoked, Subscription
from shared.messaging.memory import MemoryBroker
from tests.messaging.rig import Rig, consumer_of, eventually, note_effects, thing

pytestmark = pytest.mark.parametrize("broker", ["memory"], indirect=True)


class Exited(BaseException):
    """In place of the process's end."""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(code: int) -> Never:
        raise Exited(code)

    monkeypatch.setattr("os._exit", leave)
    monkeypatch.setattr(runner, "WATCH_SECONDS", 0.02)
    monkeypatch.setattr(runner, "STALL_SECONDS", 0.3)  # on a busy machine a good subscription may get no turn for 0.1 s


@dataclass
class Stuck:
    """Subscriptions that look alive and deliver nothing, as aiokafka's sometimes do; after `times` of them a good one."""

    broker: MemoryBroker
    times: int
    behind: int = 3
    made: int = 0
    stopped: int = 0
    lag_fails: bool = False
    topics: list[str] = field(default_factory=list)

    async def ensure_topics(self, topics: Mapping[str, int]) -> None:
        await self.broker.ensure_topics(topics)

    async def ping(self) -> None:
        await self.broker.ping()

    async def producer(self) -> Producer:
        return await self.broker.producer()

    async def subscribe(self, group: str, topics: Sequence[str], on_revoked: Revoked) -> Subscription:
        self.made += 1
        self.topics = list(topics)
        if self.made > self.times:
            return await self.broker.subscribe(group, topics, on_revoked)
        return StuckSubscription(self)


@dataclass
class StuckSubscription:
    by: Stuck

    async def poll(self, max_records: int, timeout: float) -> list[Record]:
        await asyncio.Event().wait()
        return []

    async def commit(self, offsets: Mapping[tuple[str, int], int]) -> None: ...

    async def rewind(self) -> None: ...

    async def lag(self) -> dict[tuple[str, int], int]:
        if self.by.lag_fails:
            raise BrokerUnavailable("no answer")
        return {(self.by.topics[0], 0): self.by.behind}

    async def stop(self) -> None:
        self.by.stopped += 1


def memory(rig: Rig) -> MemoryBroker:
    assert isinstance(rig.broker, MemoryBroker)
    return rig.broker


async def test_a_stalled_subscription_is_replaced(rig: Rig) -> None:
    await rig.put(*[thing(number) for number in range(3)])
    stuck = Stuck(memory(rig), times=2)
    made = rig.runner(consumer_of(), stuck)
    async with rig.consuming(made):
        await rig.took_effect(3)
        assert (stuck.made, stuck.stopped) == (3, 2)

        async def recovered() -> bool:
            return made.progress.stalls == 0

        await eventually(recovered, "progress clears the stalls")


async def test_three_stalls_in_a_row_give_the_process_up(rig: Rig) -> None:
    stuck = Stuck(memory(rig), times=9)
    with pytest.raises(Exited, match="70"):
        await rig.runner(consumer_of(), stuck).run()
    assert (stuck.made, stuck.stopped) == (3, 3)


async def test_a_consumer_with_nothing_to_do_is_not_stuck(rig: Rig) -> None:
    stuck = Stuck(memory(rig), times=1, behind=0)
    made = rig.runner(consumer_of(), stuck)
    running = asyncio.create_task(made.run())
    done, _ = await asyncio.wait([running], timeout=1)
    assert not done
    assert stuck.made == 1
    made.stop()
    running.cancel()  # its poll never returns
    await asyncio.gather(running, return_exceptions=True)


async def test_a_long_batch_is_not_a_stall(rig: Rig) -> None:
    go = asyncio.Event()

    async def slow(work: Work, events: Sequence[Event]) -> None:
        await go.wait()
        await note_effects(work, events)

    stuck = Stuck(memory(rig), times=0)
    made = rig.runner(consumer_of(slow), stuck)
    async with rig.consuming(made):
        await rig.put(thing(1))
        await asyncio.wait([asyncio.create_task(go.wait())], timeout=1)
        go.set()
        await rig.took_effect(1)
    assert stuck.made == 1


async def test_a_broker_that_does_not_answer_is_asked_again_with_a_new_subscription(rig: Rig) -> None:
    await rig.put(thing(1))
    stuck = Stuck(memory(rig), times=1, lag_fails=True)
    async with rig.consuming(rig.runner(consumer_of(), stuck)):
        await rig.took_effect(1)
    assert stuck.stopped == 1


async def test_a_lost_broker_does_not_cut_off_the_batch_in_hand(rig: Rig) -> None:
    """Cancelling a query breaks its connection; the batch is let finish first."""
    entered, go, cancelled = asyncio.Event(), asyncio.Event(), False

    async def slow(work: Work, events: Sequence[Event]) -> None:
        nonlocal cancelled
        entered.set()
        try:
            await go.wait()
        except asyncio.CancelledError:
            cancelled = True
            raise
        await note_effects(work, events)

    broker = memory(rig)
    failing = LosingLag(broker)
    await rig.put(thing(1))
    async with rig.consuming(rig.runner(consumer_of(slow), failing)):
        await entered.wait()
        failing.lost = True
        await failing.asked.wait()
        go.set()
        await rig.took_effect(1)
        failing.lost = False
    assert not cancelled
    assert await rig.effects() == [("C1", 1)]


class LosingLag(MemoryBroker):
    """Answers everything but the question how far behind one is."""

    def __init__(self, real: MemoryBroker) -> None:
        super().__init__()
        self.logs, self.committed, self.members, self.arrived = real.logs, real.committed, real.members, real.arrived
        self.lost = False
        self.asked = asyncio.Event()

    async def subscribe(self, group: str, topics: Sequence[str], on_revoked: Revoked) -> Subscription:
        subscription = await super().subscribe(group, topics, on_revoked)
        real_lag = subscription.lag

        async def lag() -> dict[tuple[str, int], int]:
            if self.lost:
                self.asked.set()
                raise BrokerUnavailable("no answer")
            return await real_lag()

        subscription.lag = lag  # type: ignore[method-assign]
        return subscription
