"""A fact that is sent to try: it becomes a practice customer's, at a source of its own, and goes the way of any other.

Its sender may send the same document in earnest later: at its own source and about its own customer, nothing has happened.
"""

from typing import Any

import msgspec

from services.gateway.domain.fitting import fitted
from shared.messaging.event import Event, event_key
from shared.practice import is_practice, practice_id

SOURCE = "/practice"
LONGEST_SOURCE = 256


def practised(event: Event) -> Event:
    """The event as practice. A withdrawal is one of a fact that was practice, too."""
    source = practice_source(event.source)
    data: dict[str, Any] = dict(event.data)
    customer = data.get("customer")
    if isinstance(customer, dict) and isinstance(customer.get("id"), str | int) and customer["id"] != "":
        data["customer"] = customer | {"id": practice_id(str(customer["id"]))}
    if "event_source" in data and data["event_source"] == event.source:
        data["event_source"] = source
    return msgspec.structs.replace(
        event,
        source=source,
        key=practice_id(event.key),
        data=data,
        lineage=str(event_key(event.time, source, event.id)),
    )


def practice_source(source: str) -> str:
    """The source of what is practice at this one; itself where it is one."""
    return source if source.startswith(f"{SOURCE}/") else fitted(SOURCE + _rooted(source), LONGEST_SOURCE)


def says_practice(*marks: str | None) -> bool:
    """Whether a request is marked as practice, by its header or its address. Raises ValueError for another word."""
    given = {mark.strip().lower() for mark in marks if mark is not None}
    if given - {"true", "false"}:
        raise ValueError("practice 应为 true 或 false")
    return "true" in given


def names_practice(event: Event) -> bool:
    """Whether the fact names a practice customer by itself."""
    customer = event.data.get("customer")
    named = customer.get("id") if isinstance(customer, dict) else None
    return event.practice or (isinstance(named, str) and is_practice(named))


def _rooted(source: str) -> str:
    return source if source.startswith("/") else f"/{source}"
