"""Who takes in which event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.base import Contract

ANY = "*"


@dataclass(frozen=True)
class Subscriber:
    """A consumer group of `service`: its topics and what it has handlers for (wire types, topics or `*`)."""

    service: str
    group: str
    topics: Sequence[str]
    handles: frozenset[str]

    def takes(self, declared: Contract) -> bool:
        return declared.topic in self.topics and not self.handles.isdisjoint({declared.type, declared.topic, ANY})


def consumers_of(declared: Contract, subscribers: Sequence[Subscriber]) -> list[str]:
    """Names of the services that handle this event."""
    return sorted({subscriber.service for subscriber in subscribers if subscriber.takes(declared)})


def subscriptions(
    contracts: Sequence[Contract], subscribers: Sequence[Subscriber]
) -> Mapping[tuple[str, str, str], list[Contract]]:
    """What each (service, group, topic) receives."""
    found: dict[tuple[str, str, str], list[Contract]] = {}
    for subscriber in sorted(subscribers, key=lambda subscriber: subscriber.group):
        for declared in contracts:
            if subscriber.takes(declared):
                found.setdefault((subscriber.service, subscriber.group, declared.topic), []).append(declared)
    return found
