"""The events that the scheduler has heard of, as Kafka keeps them: for trial runs.

Kafka keeps them as long as its retention says; what it has deleted is not given. Personal data are as sealed as they lie there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import orjson

from services.scheduler.domain.later.erasing import CUSTOMER_ERASED
from shared.clock import Clock
from shared.contracts.base import COMPLAINTS, INTAKE, NOTIFICATIONS, PEOPLE, VISITS
from shared.contracts.intake import unit_of
from shared.contracts.registry import by_type
from shared.errors import InvalidInput
from shared.messaging.broker import Broker, Record
from shared.messaging.event import Event, MalformedEvent, decode
from shared.scope import WHOLE, Scope

RECORDED = (INTAKE, COMPLAINTS, VISITS, NOTIFICATIONS, PEOPLE)
OF_PEOPLE = frozenset({CUSTOMER_ERASED})  # the rest is about staff, their keys and sessions
SKEW = timedelta(hours=1)  # an event may reach the broker before its own time: senders' clocks differ


class TooManyFacts(InvalidInput):
    title = "这段时间的事实太多"
    code = "too-many-facts"


class _Kept(NamedTuple):
    heard_at: datetime
    number: int
    start: int
    length: int


@dataclass
class Spool:
    """JSON lines in a file that disappears with it, given in the order they were heard of."""

    file: IO[bytes] = field(default_factory=TemporaryFile)
    kept: list[_Kept] = field(default_factory=list)

    def add(self, event: Event, heard_at: datetime) -> None:
        line = _line(event, heard_at)
        self.kept.append(_Kept(heard_at, len(self.kept), self.file.tell(), len(line)))
        self.file.write(line)

    def lines(self) -> Iterator[bytes]:
        with self.file:
            for one in sorted(self.kept):
                self.file.seek(one.start)
                yield self.file.read(one.length)


async def record_events(
    broker: Broker,
    topics: Sequence[str],
    clock: Clock,
    since: datetime,
    until: datetime,
    most: int,
    scope: Scope = WHOLE,
) -> Spool:
    """Events of units in `scope`, without practice, whose own time is from `since` to before `until`.

    Raises TooManyFacts, BrokerUnavailable.
    """
    spool = Spool()
    try:
        await _fill(spool, broker, topics, clock, since, until, most, scope)
    except BaseException:
        spool.file.close()
        raise
    return spool


async def _fill(
    spool: Spool,
    broker: Broker,
    topics: Sequence[str],
    clock: Clock,
    since: datetime,
    until: datetime,
    most: int,
    scope: Scope,
) -> None:
    reader = await broker.reader()
    try:
        starts = await reader.starts(topics, _earliest(clock, since))
        async for records in reader.read(starts):
            for record in records:
                event = _event(record)
                if event is not None and _is_wanted(event, since, until, scope):
                    spool.add(event, _heard_at(clock.business, record))
            if len(spool.kept) > most:
                raise TooManyFacts(f"超过 {most:,} 个，请缩短时间段")
    finally:
        await reader.stop()


def _is_wanted(event: Event, since: datetime, until: datetime, scope: Scope) -> bool:
    """Practice is none of what policies are tried on: nothing of it is drawn, capped or counted."""
    if not since <= event.time < until or event.practice or not scope.sees(unit_of(event.data)):
        return False
    declared = by_type(event.type)
    return declared is None or declared.topic != PEOPLE or event.name in OF_PEOPLE


def _earliest(clock: Clock, since: datetime) -> datetime | None:
    """When the broker can have taken the first of them; unknown while business time is simulated."""
    is_real = abs(clock.now() - clock.machine()) < SKEW
    return since - SKEW if is_real else None


def _heard_at(business: Callable[[datetime], datetime], record: Record) -> datetime:
    return business(datetime.fromtimestamp(record.timestamp / 1000, UTC))


def _event(record: Record) -> Event | None:
    try:
        return decode(record.headers, record.value)
    except MalformedEvent:  # it has become a dead letter
        return None


def _line(event: Event, heard_at: datetime) -> bytes:
    attributes = {
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "time": event.time,
        "partitionkey": event.key,
        "lineageid": event.lineage,
        "recordedtime": heard_at,
        "data": event.data,
    }
    return orjson.dumps(attributes, option=orjson.OPT_APPEND_NEWLINE)
