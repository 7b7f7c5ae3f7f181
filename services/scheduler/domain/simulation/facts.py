"""Facts of a simulation, made as the service makes them from events."""

from datetime import datetime
from typing import Any

from services.scheduler.domain.facts import Fact, new_fact
from shared.contracts.registry import short_name, wire_type
from shared.ids import derived_id


def simulated_fact(
    id: str,  # noqa: A002 - the CloudEvents attribute
    source: str,
    type: str,  # noqa: A002 - short or wire
    at: datetime,
    data: dict[str, Any],
    lineage: str = "",
) -> Fact:
    """A fact as the service makes it from an event."""
    wire = wire_type(type)
    return new_fact(id, source, derived_id(at, source, id), wire, short_name(wire), at, data, lineage or id)
