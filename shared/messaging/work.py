"""A transaction at the edge: session, clock and the events it will publish."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from shared.clock import Clock
from shared.contracts.base import Contract, EventData
from shared.contracts.registry import by_model
from shared.ids import new_id
from shared.messaging.event import Event
from shared.messaging.outbox import Outgoing, append
from shared.messaging.partitions import Partitions
from shared.observability.spans import NoTracing


@dataclass
class Work:
    """Made at an edge (HTTP request, event batch, job run) and committed there; commands never commit.

    `publish` only notes an event; the rows are written just before the commit, while the locks that the commands took
    are still held, so that the outbox's order is the commit order of each key.
    """

    session: AsyncSession
    clock: Clock
    service: str
    partitions: Partitions
    traceparent: str = ""
    tracing: NoTracing = field(default_factory=NoTracing)
    outgoing: list[Outgoing] = field(default_factory=list)

    def now(self) -> datetime:
        """Business time, UTC."""
        return self.clock.now()

    def publish(
        self,
        data: EventData,
        *,
        key: str,
        lineage: str = "",
        cause: Event | None = None,
        subject: str = "",
        at: datetime | None = None,
    ) -> Event:
        """Note an outgoing event; lineage, cause and trace are taken over from `cause` when given.

        `key` is the customer id. Returns the event as it will be published. Raises KeyError when the class is no event.
        """
        return self.publish_as(
            by_model(type(data)),
            data.model_dump(mode="json"),
            key=key,
            lineage=lineage,
            cause=cause,
            subject=subject,
            at=at,
        )

    def publish_as(
        self,
        declared: Contract,
        data: dict[str, Any],
        *,
        key: str,
        lineage: str = "",
        cause: Event | None = None,
        subject: str = "",
        at: datetime | None = None,
    ) -> Event:
        """As `publish`, for hot paths: `data` must be JSON-able and as the contract says."""
        event_id = str(new_id())
        event = Event(
            id=event_id,
            source=f"/huifang/{self.service}",
            type=declared.type,
            time=at or self.now(),
            key=key,
            data=data,
            subject=subject,
            lineage=lineage or (cause.lineage if cause else "") or event_id,
            cause=cause.id if cause else "",
            traceparent=(cause.traceparent if cause else "") or self.traceparent,
        )
        self.outgoing.append(Outgoing(declared.topic, event))
        return event

    async def flush(self, notify: bool = False) -> None:
        """Write the noted events; called by the edge right before it commits."""
        await self.session.flush()
        outgoing, self.outgoing = self.outgoing, []
        rows = (
            [Outgoing(item.topic, self.tracing.tell(item.event)) for item in outgoing]
            if self.tracing.provider
            else outgoing
        )
        await append(self.session, rows, notify)
