"""What of a customer's past is remembered, for conditions that look back (R03.6).

Only events that some active policy's history names, and of them only the values it compares: from the day that the policy
is applied, and the newest `MOST` of a customer.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.contact_result import COMPLETED, CORRECTED, FAILED, REOPENED, result_of_visit
from shared.paths import value_at

MOST = 50
LONGEST_KEPT = 200
TASK = "task_id"  # by which a correction finds what it corrects
SAID_BESIDE = {"visit.dissatisfied": "dissatisfied", "visit.problem_found": "problems"}  # of a contact that went badly
OF_CONTACTS = (COMPLETED, FAILED, *SAID_BESIDE)
Memory = tuple["Remembered", ...]


class Remembered(NamedTuple):
    """An event of the past: its short `name`, its identity, its `result`, and its values by path."""

    name: str
    at: datetime
    key: UUID
    result: str
    values: Mapping[str, Any]


def remembered(fact: Fact, paths: Iterable[str]) -> Remembered:
    """What is kept of a fact: its result, and the values at `paths` that are no structures; of a contact also its task."""
    if fact.name in OF_CONTACTS:
        paths = (*paths, TASK)
    values = {path: kept for path in paths if (kept := _kept(value_at(fact.data, path.split(".")))) is not None}
    return Remembered(fact.name, fact.at, fact.key, result_of(fact), values)


def with_newest(memory: Memory, new: Remembered) -> Memory:
    """The memory with one more, by when things happened; an event that is known already is not kept twice."""
    if any(one.key == new.key for one in memory):
        return memory
    return tuple(sorted((*memory, new), key=_happened)[-MOST:])


def corrected(memory: Memory, fact: Fact, paths: Iterable[str]) -> Memory:
    """The memory after this correction of a contact, if it is one: a record says something else, `paths` of it are kept; a
    contact that was opened again has not failed."""
    if fact.name not in (CORRECTED, REOPENED):
        return memory
    after = tuple(now for one in memory if (now := _corrected(one, fact, paths)))
    return memory if after == memory else after


def _corrected(one: Remembered, fact: Fact, paths: Iterable[str]) -> Remembered | None:
    """What is remembered of a contact's event from now on; None = nothing."""
    if one.values.get(TASK) != fact.data.get(TASK) or TASK not in one.values:
        return one
    if fact.name == REOPENED:
        return None if one.name == FAILED else one
    if one.name == COMPLETED:
        now = remembered(fact._replace(name=COMPLETED), paths)
        return one._replace(result=now.result, values=now.values)
    said = SAID_BESIDE.get(one.name)
    return one if said is None or fact.data.get(said) else None


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
