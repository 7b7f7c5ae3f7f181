"""W3C trace context: one `traceparent` goes from the HTTP request through the outbox and Kafka to every consumer."""

import re
import secrets

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


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
