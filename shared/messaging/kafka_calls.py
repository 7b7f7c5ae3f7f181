"""Calls of the Kafka client, kept from hanging, and its records as ours."""

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.messaging.broker import BrokerUnavailable, Record

CALL_SECONDS = 15
START_SECONDS = 30

T = TypeVar("T")


async def within(call: Awaitable[T], seconds: float) -> T:
    """The call's result, cut off after so long (TimeoutError).

    While Kafka goes down the client cancels its own tasks, and what waits for them is told CancelledError, which would end our
    loops without a word: that is TimeoutError, too, unless it is we who are cancelled.
    """
    try:
        return await asyncio.wait_for(call, seconds)
    except asyncio.CancelledError as error:
        ours = asyncio.current_task()
        if ours is None or ours.cancelling():
            raise
        raise TimeoutError("the Kafka client has given the call up") from error


async def bounded(call: Awaitable[T], seconds: float = CALL_SECONDS) -> T:
    """A client call that can hang while Kafka is down, cut off; Kafka's errors become BrokerUnavailable."""
    try:
        return await within(call, seconds)
    except (KafkaError, TimeoutError, OSError) as error:
        raise BrokerUnavailable(f"{type(error).__name__}: {error}") from error


async def started(client: Any) -> None:
    """Start a client; one that does not start is closed. Raises BrokerUnavailable."""
    try:
        await bounded(client.start(), START_SECONDS)
    except BrokerUnavailable:
        await quietly(client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop())
        raise


async def quietly(closing: Awaitable[Any]) -> None:
    """Close without hanging and without complaint: the client is thrown away."""
    with contextlib.suppress(Exception):
        await within(closing, 5)


def record_of(message: Any) -> Record:
    """The client's record as ours."""
    key = message.key.decode("utf-8", "replace") if message.key else ""
    return Record(
        message.topic,
        message.partition,
        message.offset,
        message.timestamp,
        key,
        [(name, header or b"") for name, header in message.headers],
        message.value or b"",
    )
