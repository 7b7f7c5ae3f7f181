"""Spans of what a process does in the matters that are sampled (OpenTelemetry).

A matter has one trace (`trace_of_lineage`). In it stand a span for every event that a service tells, linked with the request in
which it did; for its publication; and for its taking effect in each consumer. A batch has a span of its own, which is linked
with those of its sampled events. Requests have traces of their own. Times are machine times, on a simulated clock too.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import msgspec
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.messaging.arrived import Arrived
from shared.messaging.event import Event
from shared.observability.spans import NoTracing
from shared.observability.tracing import trace_of_lineage

SAMPLED, UNSAMPLED = "-01", "-00"
MOST_LINKS = 128  # that a span holds
CLOSE_SECONDS = 5.0  # of the half minute that a process is given to stop
NOTHING = Context()  # what the running task does has no part in a matter's trace
_chosen: ContextVar[tuple[int, int] | None] = ContextVar("chosen", default=None)


class LineageIds(RandomIdGenerator):
    """A matter's first span has the ids that follow from its lineage; all other spans have random ones."""

    def generate_trace_id(self) -> int:
        ids = _chosen.get()
        return ids[0] if ids else super().generate_trace_id()

    def generate_span_id(self) -> int:
        ids = _chosen.get()
        return ids[1] if ids else super().generate_span_id()


class LinkedOrRatio(Sampler):
    """Samples a part of all traces, and a trace that begins with a span linked with a sampled one: a batch's."""

    def __init__(self, ratio: float) -> None:
        self.ratio = TraceIdRatioBased(ratio)

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Any = None,
        links: Sequence[Link] | None = None,
        trace_state: Any = None,
    ) -> SamplingResult:
        linked = any(link.context.trace_flags.sampled for link in links or ())
        sampler = ALWAYS_ON if linked and name.startswith("batch ") else self.ratio
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links)

    def get_description(self) -> str:
        return f"batches, or {self.ratio.get_description()}"


class FileOfSpans(ConsoleSpanExporter):
    """A line for each span; the file is closed when the process stops tracing."""

    def shutdown(self) -> None:
        self.out.close()


class Tracing(NoTracing):
    """Records `ratio` (0 to 1) of all matters, and of all requests that begin a trace."""

    def __init__(self, service: str, ratio: float, exporter: SpanExporter) -> None:
        sampler = LinkedOrRatio(ratio)
        self.provider: TracerProvider = TracerProvider(
            resource=Resource.create({SERVICE_NAME: f"huifang-{service}"}),
            sampler=ParentBased(sampler),
            id_generator=LineageIds(),
            shutdown_on_exit=False,
        )
        self._exporter = exporter
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self.provider.get_tracer("huifang")
        self._bound = sampler.ratio.bound

    def tell(self, event: Event) -> Event:
        """What another event caused continues that one's taking effect; all else is told in the matter's trace, linked with
        the request, or the sender's trace, that its `traceparent` named.
        """
        if event.cause and event.traceparent:
            return event
        trace_id, first = trace_of_lineage(event.lineage)
        if not self._samples(trace_id):
            return msgspec.structs.replace(event, traceparent=_written(trace_id, first, UNSAMPLED))
        begins = event.lineage in (event.id, str(event.event_key))
        token = _chosen.set((trace_id, first) if begins else None)
        span = self._tracer.start_span(
            f"tell {event.name}",
            NOTHING if begins else _continued(_written(trace_id, first)),
            SpanKind.PRODUCER,
            _attributes(event),
            _links([event.traceparent]),
        )
        _chosen.reset(token)
        span.end()
        return msgspec.structs.replace(event, traceparent=_written(trace_id, span.get_span_context().span_id))

    def _samples(self, trace_id: int) -> bool:
        return trace_id & TraceIdRatioBased.TRACE_ID_LIMIT < self._bound

    @contextmanager
    def take(self, consumer: str, batch: Sequence[Arrived]) -> Iterator[Sequence[Arrived]]:
        sampled = [item.event for item in batch if item.event.traceparent.endswith(SAMPLED)]
        if not sampled:
            yield batch
            return
        about: dict[str, str | int] = {"huifang.consumer": consumer, "messaging.batch.message_count": len(batch)}
        links = _links([event.traceparent for event in sampled[:MOST_LINKS]])
        with self._tracer.start_as_current_span(f"batch {consumer}", NOTHING, SpanKind.CONSUMER, about, links) as whole:
            of_batch = [Link(whole.get_span_context())]
            spans = {
                id(event): self._tracer.start_span(
                    f"take {event.name}",
                    _continued(event.traceparent),
                    SpanKind.CONSUMER,
                    {**_attributes(event), **about},
                    of_batch,
                )
                for event in sampled
            }
            try:
                yield [_within(item, spans.get(id(item.event))) for item in batch]
            except BaseException as error:
                for span in spans.values():
                    span.record_exception(error)
                raise
            finally:
                for span in spans.values():
                    span.end()

    @contextmanager
    def publish(self, sent: Sequence[tuple[str, str]]) -> Iterator[None]:
        spans = [
            self._tracer.start_span(
                f"publish {topic}",
                _continued(traceparent),
                SpanKind.PRODUCER,
                {"messaging.system": "kafka", "messaging.destination.name": topic},
            )
            for traceparent, topic in sent
            if traceparent.endswith(SAMPLED)
        ]
        try:
            yield
        finally:
            for span in spans:
                span.end()

    def close(self) -> None:
        """Sends what is left, for `CLOSE_SECONDS` at most: a collector that is down holds no process back."""
        sending = threading.Thread(target=self.provider.shutdown, daemon=True)
        sending.start()
        sending.join(CLOSE_SECONDS)
        if sending.is_alive():
            self._exporter.shutdown()


def exporter_of(endpoint: str, file: Path | None) -> SpanExporter:
    """OTLP over HTTP to `endpoint`; without one, a JSON object a line, added to `file`."""
    if endpoint or file is None:
        return OTLPSpanExporter(endpoint)
    file.parent.mkdir(parents=True, exist_ok=True)
    return FileOfSpans(out=file.open("a"), formatter=lambda span: span.to_json(indent=None) + "\n")


def _attributes(event: Event) -> Mapping[str, str]:
    """What the event is; nothing of what it says."""
    return {
        "messaging.message.id": event.id,
        "huifang.event": event.name,
        "huifang.lineage": event.lineage,
        "huifang.cause": event.cause,
    }


def _within(item: Arrived, span: Span | None) -> Arrived:
    """The record, its event in the context of this span."""
    if span is None:
        return item
    context = span.get_span_context()
    event = msgspec.structs.replace(item.event, traceparent=_written(context.trace_id, context.span_id))
    return msgspec.structs.replace(item, event=event.taken(item.event.taken_ms))


def _written(trace_id: int, span_id: int, flag: str = SAMPLED) -> str:
    return f"00-{trace_id:032x}-{span_id:016x}{flag}"


def _continued(traceparent: str) -> Context:
    return TraceContextTextMapPropagator().extract({"traceparent": traceparent}, NOTHING)


def _links(traceparents: Sequence[str]) -> list[Link]:
    contexts: list[SpanContext] = [get_current_span(_continued(one)).get_span_context() for one in traceparents if one]
    return [Link(context) for context in contexts if context.is_valid]
