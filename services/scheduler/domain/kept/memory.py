"""What of a customer's past is remembered, for conditions that look back (R03.6).

Only events that some active policy's history names, and of them only the values it compares: from the day that the policy
is applied, and the newest `MOST` of a customer.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.contact_result import result_of_visit
from shared.paths import value_at

MOST = 50
LONGEST_KEPT = 200
Memory = tuple["Remembered", ...]


class Remembered(NamedTuple):
    """An event of the past: its short `name`, its identity, its `result`, and its values by path."""

    name: str
    at: datetime
    key: UUID
    result: str
    values: Mapping[str, Any]


def remembered(fact: Fact, paths: Iterable[str]) -> Remembered:
    """What is kept of a fact: its result, and the values at `paths` that are no structures."""
    values = {path: kept for path in paths if (kept := _kept(value_at(fact.data, path.split(".")))) is not None}
    return Remembered(fact.name, fact.at, fact.key, result_of(fact), values)


def with_newest(memory: Memory, new: Remembered) -> Memory:
    """The memory with one more, by when things happened; an event that is known already is not kept twice."""
    if any(one.key == new.key for one in memory):
        return memory
    return tuple(sorted((*memory, new), key=_happened)[-MOST:])


def _happened(one: Remembered) -> tuple[datetime, UUID]:
    return one.at, one.key


def result_of(fact: Fact) -> str:
    """What came of it: a contact's result as steps see it, a work order's `result`, a case's `outcome`; else ""."""
    if contact := result_of_visit(fact.name, fact.id, fact.at, fact.data):
        return contact.code
    return str(fact.data.get("result") or fact.data.get("outcome") or "")[:LONGEST_KEPT]


def _kept(value: Any) -> Any:
    if isinstance(value, str):
        return value[:LONGEST_KEPT]
    return value if isinstance(value, int | float) else None
