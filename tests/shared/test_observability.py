"""Logs are JSON with a trace id and no whole phone number; traces continue."""

import contextlib
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from shared.observability import logs
from shared.observability.tracing import continue_trace

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Standard output as the service's log handler has it."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        logs.configure("visits")
    yield written
    root.handlers = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_a_line_is_json_with_service_and_trace(stream: io.StringIO) -> None:
    token = logs.trace.set(TRACEPARENT)
    structlog.get_logger("x").info("visit_claimed", visit="v1", customer="陈静")
    logs.trace.reset(token)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["service"], line["level"]) == ("visit_claimed", "visits", "info")
    assert line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert line["customer"] == "陈静"


def test_nobody_looks_for_who_wrote_a_line(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    def search(*_: object, **__: object) -> object:
        raise AssertionError("the stack was searched")

    log = structlog.get_logger("x").bind()
    monkeypatch.setattr(type(logging.getLogger("x")), "findCaller", search)
    log.info("visit_claimed")
    logging.getLogger("library").warning("late")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["visit_claimed", "late"]


def test_no_phone_number_is_logged_at_any_depth_or_in_a_traceback(stream: io.StringIO) -> None:
    log = structlog.get_logger("x")
    log.info("call 13800000017", people=[{"phone": "+86 138 0000 0017"}], note=("电话13800000017",))
    try:
        raise ValueError("bad number 13800000017")
    except ValueError:
        log.exception("failed")
    logging.getLogger("library").warning("sent to %s", "13800000017")
    written = stream.getvalue()
    assert written.count("\n") == 3
    assert "13800000017" not in written
    assert "138 0000 0017" not in written
    assert written.count("138****0017") >= 4


def test_a_trace_goes_on_with_a_span_of_ours() -> None:
    ours = continue_trace(TRACEPARENT)
    assert ours.split("-")[1] == TRACEPARENT.split("-")[1]
    assert ours.split("-")[2] != TRACEPARENT.split("-")[2]


@pytest.mark.parametrize(
    "incoming",
    [None, "", "00-x-y-01", f"00-{'0' * 32}-00f067aa0ba902b7-01", TRACEPARENT + "-extra", TRACEPARENT.upper()],
)
def test_what_is_no_trace_context_starts_a_new_trace(incoming: str | None) -> None:
    made = continue_trace(incoming)
    assert made != continue_trace(incoming)
    assert continue_trace(made).split("-")[1] == made.split("-")[1]
