"""Events for tests."""

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from shared.contracts.base import EventData
from shared.contracts.registry import by_model, by_name, wire_type
from shared.ids import new_id
from shared.messaging.broker import Record
from shared.messaging.event import Event, encode

EXAMPLES = Path(__file__).resolve().parents[1] / "contracts" / "examples"
NOON = datetime.fromisoformat("2026-03-02T10:00:00+08:00")


@cache
def _example(name: str) -> bytes:
    return (EXAMPLES / f"{name}.json").read_bytes()


def example(name: str, **changes: Any) -> dict[str, Any]:
    """The golden example's data, with top-level fields changed."""
    data: dict[str, Any] = orjson.loads(_example(name))
    return data | changes


def event(
    name: str | EventData,
    data: dict[str, Any] | EventData | None = None,
    key: str = "C1",
    *,
    id: str | None = None,  # noqa: A002 - the CloudEvents attribute
    source: str | None = None,
    time: datetime | None = None,
    lineage: str = "",
    subject: str = "",
    cause: str = "",
) -> Event:
    """A wire event: of a name (with data, or the golden example), or of a contract's model instance."""
    if isinstance(name, EventData):
        data, name = name, by_model(type(name)).name
    if data is None:
        data = example(name)
    if isinstance(data, EventData):
        data = data.model_dump(mode="json")
    declared = by_name(name)
    event_id = id or str(new_id())
    owner = declared.owner if declared else "test"
    source = source or ("/test" if owner in ("gateway", "test") else f"/huifang/{owner}")
    return Event(event_id, source, wire_type(name), time or NOON, key, data, subject, lineage or event_id, cause)


def record(sent: Event, topic: str | None = None, offset: int = 0, partition: int = 0) -> Record:
    """The event as a polled record."""
    declared = by_name(sent.name)
    headers, value = encode(sent)
    where = topic or (declared.topic if declared else "intake-v1")
    return Record(where, partition, offset, int(sent.time.timestamp() * 1000), sent.key, headers, value)
