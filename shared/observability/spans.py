"""Whether this process makes spans; what makes none costs nothing, and does not load OpenTelemetry's SDK."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from shared.messaging.arrived import Arrived
    from shared.messaging.event import Event
    from shared.settings import ServiceSettings


class NoTracing:
    """Makes no spans."""

    provider: Any = None  # OpenTelemetry's, for libraries that make spans by themselves

    def tell(self, event: "Event") -> "Event":
        """An outgoing event as it is stored: with the context that what follows from it continues."""
        return event

    def take(self, consumer: str, batch: "Sequence[Arrived]") -> "AbstractContextManager[Sequence[Arrived]]":
        """While a consumer takes effect of a batch: the batch as its handlers get it."""
        return nullcontext(batch)

    def publish(self, sent: Sequence[tuple[str, str]]) -> AbstractContextManager[None]:
        """While events, each (traceparent, topic), are sent to the broker."""
        return nullcontext()

    def close(self) -> None:
        """Sends what is left."""


def tracing_of(service: str, settings: "ServiceSettings") -> NoTracing:
    """What the settings ask for."""
    if not settings.trace_ratio or not (settings.trace_endpoint or settings.trace_file):
        return NoTracing()
    from shared.observability.recording import Tracing, exporter_of

    return Tracing(service, settings.trace_ratio, exporter_of(settings.trace_endpoint, settings.trace_file))
