"""What a contract is."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

INTAKE = "intake-v1"
TASKS = "tasks-v1"
OCCASIONS = "occasions-v1"  # the scheduler to itself
VISITS = "visits-v1"
COMPLAINTS = "complaints-v1"
NOTIFICATIONS = "notifications-v1"
PEOPLE = "people-v1"
ORGANISATION = "organisation-v1"


class EventData(BaseModel):
    """Base of every event's `data`: immutable, unknown fields ignored; a kind's validator is built when it first comes."""

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


ModelClass = type[EventData]


@dataclass(frozen=True)
class Contract:
    """One kind of event: `name` in policies and docs, `type` on the wire (CloudEvents), `topic` and owning service."""

    name: str
    type: str
    topic: str
    owner: str
    title: str
    model: ModelClass


CONTRACTS: dict[str, Contract] = {}
M = TypeVar("M", bound=EventData)


def contract(name: str, *, topic: str, owner: str, title: str, wire: str | None = None) -> Callable[[type[M]], type[M]]:
    """Declare the decorated model as event `name`; its wire type is `cn.huifang.<name>.v1` unless `wire` says else."""

    def declare(model: type[M]) -> type[M]:
        CONTRACTS[name] = Contract(name, wire or f"cn.huifang.{name}.v1", topic, owner, title, model)
        return model

    return declare
