"""Calls of the Kafka client end in an answer or in BrokerUnavailable; only we ourselves cancel what we do."""

import asyncio

import pytest

from shared.messaging.broker import BrokerUnavailable
from shared.messaging.kafka import KafkaSubscription
from shared.messaging.kafka_calls import bounded, quietly


def given_up() -> asyncio.Future[None]:
    """What the client waits for inside, cancelled by the client, as it does with its tasks while Kafka goes down."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.cancel)
    return future


class Client:
    """A consumer that gives up whatever it is asked."""

    def assignment(self) -> set[tuple[str, int]]:
        return {("things", 0)}

    async def getmany(self, *_: object, **_given: object) -> None:
        await given_up()

    commit = end_offsets = getmany

    async def stop(self) -> None:
        await given_up()


async def test_what_the_client_gives_up_is_a_broker_away_and_not_the_end_of_our_loop() -> None:
    with pytest.raises(BrokerUnavailable, match="given the call up"):
        await bounded(given_up())
    subscription = KafkaSubscription(Client())
    for call in (subscription.poll(1, 0.1), subscription.lag()):
        with pytest.raises(BrokerUnavailable):
            await call
    await subscription.stop()


async def test_we_can_still_be_cancelled_in_the_middle_of_a_call() -> None:
    for waiting in (bounded, quietly):
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(waiting(never))
        await asyncio.sleep(0)  # noqa: TID251 - until it waits
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
