"""The port to the broker; `kafka` and `memory` implement it and pass the same behaviour suite."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec

from shared.messaging.event import Headers

Position = tuple[str, int]
Revoked = Callable[[], Awaitable[None]]


class BrokerUnavailable(Exception):
    """The broker did not answer in time or refused for now; nothing is known to have happened."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is published: `key` picks the partition, so one key stays in order."""

    topic: str
    key: str
    headers: Headers
    value: bytes


class Record(msgspec.Struct, frozen=True, gc=False):
    """What is polled. `timestamp` is the broker's, in ms since 1970."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: str
    headers: Headers
    value: bytes


class Producer(Protocol):
    async def publish(self, messages: Sequence[Message]) -> None:
        """Return when the broker has acknowledged all, in order per key. Raises BrokerUnavailable."""
        ...

    async def stop(self) -> None: ...


class Subscription(Protocol):
    """A member of a consumer group. Every method may raise BrokerUnavailable; then `stop` it and subscribe anew."""

    async def poll(self, max_records: int, timeout: float) -> list[Record]:
        """Next records in partition order; an empty list when none came within `timeout` seconds."""
        ...

    async def commit(self, offsets: Mapping[Position, int]) -> None:
        """Note the next offsets to read. A commit refused because of a rebalance is not an error."""
        ...

    async def rewind(self) -> None:
        """Go back to the committed offsets: what was polled and not committed comes again."""
        ...

    async def lag(self) -> dict[Position, int]:
        """Messages behind the end, per assigned partition."""
        ...

    async def stop(self) -> None: ...


class Reader(Protocol):
    """Looks at what lies in topics without belonging to a group. Every method may raise BrokerUnavailable."""

    async def starts(self, topics: Sequence[str], since: datetime | None) -> dict[Position, int]:
        """Per partition the first record the broker took at `since` or later; without it the first there is."""
        ...

    async def committed(self, group: str, topics: Sequence[str]) -> dict[Position, int]:
        """Per partition the record that `group` reads next."""
        ...

    def read(self, starts: Mapping[Position, int]) -> AsyncIterator[list[Record]]:
        """From `starts` to what is the end now, in portions; each partition in its order."""
        ...

    async def stop(self) -> None: ...


class Broker(Protocol):
    async def ensure_topics(self, topics: Mapping[str, int]) -> None:
        """Create the missing ones with that many partitions."""
        ...

    async def producer(self) -> Producer: ...

    async def subscribe(self, group: str, topics: Sequence[str], on_revoked: Revoked) -> Subscription:
        """Join `group`; `on_revoked` is awaited before partitions are given away."""
        ...

    async def ping(self) -> None:
        """Return when the broker answers. Raises BrokerUnavailable."""
        ...

    async def reader(self) -> Reader:
        """Raises BrokerUnavailable."""
        ...
