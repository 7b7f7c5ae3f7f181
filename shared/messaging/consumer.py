"""What a service does when something happened elsewhere: its consumer id, topics and handlers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from shared.contracts.registry import wire_type
from shared.messaging.event import Event
from shared.messaging.work import Work

Handler = Callable[[Work, Sequence[Event]], Awaitable[None]]
ANY = "*"


@dataclass
class Consumer:
    """A consumer group of its own; `id` is literal and never changes: inbox rows and offsets carry it.

    Handlers take a list of events, in order per key, and may do no I/O but SQL: they are run again after a failure.
    `daily` are the service's tables with a partition per UTC day of an event: those of a batch are made before its
    transaction begins, for what one handler has written would keep the next one waiting for a partition for ever.
    """

    id: str
    topics: Sequence[str]
    handlers: dict[str, Handler] = field(default_factory=dict)
    daily: Sequence[str] = ()

    def on(self, *names: str) -> Callable[[Handler], Handler]:
        """Register a handler for event names (`visit.completed`), or for every event of a topic (`intake-v1`) or `*`."""

        def register(handler: Handler) -> Handler:
            for name in names:
                self.handlers[wire_type(name)] = handler
            return handler

        return register

    def handler_for(self, topic: str, event: Event) -> Handler | None:
        """The handler of this event's type, else of its topic, else of everything."""
        return self.handlers.get(event.type) or self.handlers.get(topic) or self.handlers.get(ANY)


def grouped(consumer: Consumer, arrived: Sequence[tuple[str, Event]]) -> list[tuple[Handler, list[Event]]]:
    """Cut (topic, event) pairs into few handler calls such that each key's events stay in order.

    An event joins its handler's last group unless a later group already holds an event of the same key.
    """
    groups: list[tuple[Handler, list[Event]]] = []
    newest_of_handler: dict[Handler, int] = {}
    newest_of_key: dict[str, int] = {}
    for topic, event in arrived:
        handler = consumer.handler_for(topic, event)
        if handler is None:
            continue
        index = newest_of_handler.get(handler, -1)
        if index < newest_of_key.get(event.key, 0):
            groups.append((handler, []))
            index = newest_of_handler[handler] = len(groups) - 1
        groups[index][1].append(event)
        newest_of_key[event.key] = index
    return groups
