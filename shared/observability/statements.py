"""Spans of SQL: one for each statement that is run within a recorded span, so of sampled batches and requests alone.

A statement of a batch stands for all its events. Where this process makes no spans nothing listens.
"""

import re
from functools import lru_cache
from typing import Any

from opentelemetry.trace import Span, SpanKind, StatusCode, get_current_span
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.observability.spans import NoTracing

MOST_TEXT = 2000  # letters of a statement, and of a name
MOST_NAME = 80
_WRITES = re.compile(r"\b(INSERT INTO|DELETE FROM|(?<!FOR )(?<!KEY )(?<!DO )UPDATE)\s+(?:ONLY\s+)?\"?(\w+)", re.I)
_READS = re.compile(r"\bFROM\s+\"?(\w+)", re.I)
_SPACES = re.compile(r"\s+")


@lru_cache(maxsize=2048)
def name_of(statement: str) -> str:
    """What a statement does, to which tables: `INSERT task, outbox`, `SELECT visit`; else its first word."""
    writes = dict.fromkeys((verb.split()[0].upper(), table.lower()) for verb, table in _WRITES.findall(statement))
    if writes:
        tables: dict[str, list[str]] = {}
        for verb, table in writes:
            tables.setdefault(verb, []).append(table)
        return " ".join(f"{verb} {', '.join(each)}" for verb, each in tables.items())[:MOST_NAME]
    if read := _READS.search(statement):
        return f"SELECT {read[1].lower()}"[:MOST_NAME]
    return (statement.split(maxsplit=1) or [""])[0].upper()[:MOST_NAME]


def trace_statements(engine: AsyncEngine, tracing: NoTracing) -> None:
    """Let an engine's statements have spans, where this process makes any (OpenTelemetry's conventions for databases)."""
    if tracing.provider is None:
        return
    tracer = tracing.provider.get_tracer("huifang.sql")

    def begin(_connection: Any, _cursor: Any, statement: str, _given: Any, context: Any, _many: bool) -> None:
        context.huifang_span = None
        if get_current_span().is_recording():
            attributes = {
                "db.system.name": "postgresql",
                "db.query.summary": name_of(statement),
                "db.query.text": _SPACES.sub(" ", statement).strip()[:MOST_TEXT],  # its values are apart from it
            }
            context.huifang_span = tracer.start_span(name_of(statement), kind=SpanKind.CLIENT, attributes=attributes)

    def end(_connection: Any, _cursor: Any, _statement: str, _given: Any, context: Any, _many: bool) -> None:
        _end(context)

    def fail(error: Any) -> None:
        _end(error.execution_context, type(error.original_exception).__name__)

    event.listen(engine.sync_engine, "before_cursor_execute", begin)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", fail)


def _end(context: Any, error: str = "") -> None:
    span: Span | None = getattr(context, "huifang_span", None)
    if span is None:
        return
    if error:
        span.set_attribute("error.type", error)
        span.set_status(StatusCode.ERROR)
    span.end()
    context.huifang_span = None
