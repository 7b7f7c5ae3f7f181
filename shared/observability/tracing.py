"""W3C trace context: one `traceparent` goes from the HTTP request through the outbox and Kafka to every consumer."""

import hashlib
import re
import secrets

from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_PROPAGATOR = TraceContextTextMapPropagator()


def trace_id_of(traceparent: str) -> str:
    """The trace id; "" where there is none."""
    return traceparent.split("-")[1] if _TRACEPARENT.fullmatch(traceparent) else ""


def continue_trace(incoming: str | None) -> str:
    """A `traceparent` for this hop: the sender's trace with a span of ours, or a new trace (W3C Trace Context §3.2)."""
    span = secrets.token_hex(8)
    if incoming and _TRACEPARENT.fullmatch(incoming):
        version, trace_id, _, flags = incoming.split("-")
        return f"{version}-{trace_id}-{span}-{flags}"
    return f"00-{secrets.token_hex(16)}-{span}-01"


def current_trace() -> str:
    """The `traceparent` of the span that the running task is in; "" where there is none."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier.get("traceparent", "")


def trace_of_lineage(lineage: str) -> tuple[int, int]:
    """(trace id, id of its first span) of all that happens in a matter.

    Both follow from the lineage, so that what a job does days later, in another service, belongs to the same trace without
    anybody keeping it, and every service samples the same matters.
    """
    digest = hashlib.blake2b(lineage.encode(), digest_size=24).digest()
    return int.from_bytes(digest[:16]), int.from_bytes(digest[16:])
