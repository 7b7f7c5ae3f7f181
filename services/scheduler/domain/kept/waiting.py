"""Where a run of a policy's steps stands: what its next steps wait for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.kept.reading import Reading
from shared import paths
from shared.ids import derived_id

CODES = ("code", "id")


class Waiting(NamedTuple):
    """One thing that a run waits for: the result of a contact of `step`, or the event before `step` is planned.

    A run is going as long as it waits for something. `began` is what its first step counts from; `since` and `until`
    (exclusive) when it waits, `due` when the contact is planned for. `task_id` is the task that makes the contact, be it
    the run's own or the one it was merged into. `types` are the wire types of the awaited events, which must agree with
    the run at path `same`; `signals` are what they are recognised by then. `first` is what the rounds of an endless step
    count from; `reading` is what the events brought along so far, where one has to rise. `stopped` are the steps
    of the run that are not made any more.
    """

    id: UUID
    run: UUID
    policy_id: str
    version: int
    step: str
    kind: Literal["result", "event"]
    fact: Fact
    began: datetime
    since: datetime
    until: datetime | None = None
    task_id: UUID | None = None
    due: datetime | None = None
    types: tuple[str, ...] = ()
    same: str = ""
    signals: tuple[str, ...] = ()
    first: datetime | None = None
    reading: Reading | None = None
    stopped: tuple[str, ...] = ()

    @property
    def customer_id(self) -> str:
        return self.fact.customer_id

    @property
    def policy(self) -> tuple[str, int]:
        return (self.policy_id, self.version)


class LedOn(NamedTuple):
    """What a run waited for, and that the result of its contact led it on: kept in case that result is corrected.

    `event` told the result `code` of the contact, which took place `at`; `then` are the waits that the run began by it.
    """

    row: Waiting
    event: str
    code: str
    at: datetime
    then: tuple[UUID, ...] = ()

    @property
    def id(self) -> UUID:
        """That of what was waited for."""
        return self.row.id


def run_id(policy_id: str, fact: Fact) -> UUID:
    """A policy's run for a fact; the same input gives the same id."""
    return derived_id(fact.at, "run", policy_id, fact.source, fact.id)


def waiting_id(policy_id: str, fact: Fact, step: str) -> UUID:
    return derived_id(fact.at, "waiting", policy_id, fact.source, fact.id, step)


def signal(wire: str, path: str, value: str) -> str:
    """A type of event and what it must be about: `weather.rained` in an area, a stage of one project."""
    return f"{wire}|{path}|{value}"


def value_at(path: str, data: Mapping[str, Any], profile: Mapping[str, Any]) -> str:
    """The value of a fact, else of its customer, at `path`; of a coded thing its code; "" when there is none."""
    told = paths.value_at(data, path.split("."))
    return _text(told) or _text(paths.value_at(profile, path.removeprefix("customer.").split(".")))


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        value = next((value[code] for code in CODES if value.get(code)), None)
    return "" if value is None or isinstance(value, bool | list | Mapping) else str(value)
