"""Spans are sent by OTLP to where the settings say, and a collector that is down holds no process back."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.observability import recording
from shared.observability.recording import Tracing
from shared.observability.spans import tracing_of
from shared.observability.tracing import trace_of_lineage
from shared.settings import ServiceSettings
from shared.testing import event, example


@contextmanager
def collector(posted: list[tuple[str, str, bytes]]) -> Iterator[str]:
    """Takes what is posted (path, content type, body) and answers as an OpenTelemetry collector does; its address."""

    class Takes(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            posted.append((self.path, self.headers["content-type"], body))
            self.send_response(200)
            self.send_header("content-type", "application/x-protobuf")
            self.end_headers()
            self.wfile.write(ExportTraceServiceResponse().SerializeToString())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Takes)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_spans_go_by_otlp_to_the_endpoint_and_tell_nothing_of_what_an_event_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recording, "CLOSE_SECONDS", 120)
    told = event("repair.closed", example("repair.closed"))
    posted: list[tuple[str, str, bytes]] = []
    with collector(posted) as address:
        tracing = tracing_of("visits", ServiceSettings(trace_ratio=1, trace_endpoint=f"{address}/v1/traces"))
        tracing.tell(told)
        tracing.close()
    ((path, kind, body),) = posted
    assert (path, kind) == ("/v1/traces", "application/x-protobuf")
    (sent,) = ExportTraceServiceRequest.FromString(body).resource_spans
    assert {one.key: one.value.string_value for one in sent.resource.attributes}["service.name"] == "huifang-visits"
    (span,) = [span for scope in sent.scope_spans for span in scope.spans]
    assert (span.name, int.from_bytes(span.trace_id)) == ("tell repair.closed", trace_of_lineage(told.lineage)[0])
    assert {one.key: one.value.string_value for one in span.attributes}["huifang.lineage"] == told.lineage
    for said in (told.data["customer"]["name"], told.data["customer"]["phone"]):
        assert said
        assert said.encode() not in body


async def test_a_collector_that_does_not_answer_holds_no_process_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """To send what is left takes OpenTelemetry half a minute then: longer than a process is given to stop."""
    tracing, answered = Tracing("visits", 1, InMemorySpanExporter()), threading.Event()
    monkeypatch.setattr(tracing.provider, "shutdown", lambda: answered.wait(300))
    monkeypatch.setattr(recording, "CLOSE_SECONDS", 0.1, raising=False)
    try:
        async with asyncio.timeout(60):
            await asyncio.to_thread(tracing.close)
    finally:
        answered.set()
