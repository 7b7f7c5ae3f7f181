"""Events that lie in Kafka and have not been handled yet, if there are any."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.messaging import Event
from shared.messaging.broker import Broker, Record
from shared.messaging.event import MalformedEvent, decode

MOST_LOOKED_AT = 20_000


class Waiting(NamedTuple):
    """The wanted ones among the first `looked_at` events that wait to be handled; `whole` when these are all."""

    events: list[Event]
    looked_at: int
    whole: bool


async def find_waiting(broker: Broker, group: str, topics: Sequence[str], wanted: Callable[[Event], bool]) -> Waiting:
    """Look through what `group` has not read yet. Raises BrokerUnavailable."""
    reader = await broker.reader()
    found: list[Event] = []
    looked_at = 0
    try:
        async for records in reader.read(await reader.committed(group, topics)):
            found += [event for record in records if (event := _event(record)) and wanted(event)]
            looked_at += len(records)
            if looked_at >= MOST_LOOKED_AT:
                return Waiting(found, looked_at, whole=False)
        return Waiting(found, looked_at, whole=True)
    finally:
        await reader.stop()


async def has_handled(broker: Broker, group: str, topics: Sequence[str], until: datetime) -> bool:
    """Whether `group` has handled whatever the broker took before `until` (machine time). Raises BrokerUnavailable."""
    reader = await broker.reader()
    try:
        wanted = await reader.starts(topics, until)
        known = await reader.committed(group, topics)
        return all(known.get(position, 0) >= offset for position, offset in wanted.items())
    finally:
        await reader.stop()


def _event(record: Record) -> Event | None:
    """None for a record that is no event: it will become a dead letter."""
    try:
        return decode(record.headers, record.value)
    except MalformedEvent:
        return None
