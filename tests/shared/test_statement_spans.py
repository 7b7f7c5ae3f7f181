"""SQL has spans where something is recorded, and nowhere else; they tell the statement and none of its values."""

from collections.abc import AsyncIterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.clock import ManualClock
from shared.db import Database
from shared.observability.recording import Tracing
from shared.observability.statements import name_of


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("SELECT * FROM dead_letter WHERE id = $1 FOR UPDATE SKIP LOCKED", "SELECT dead_letter"),
        ("select 1 from visit where id = $1 for no key update", "SELECT visit"),
        ("INSERT INTO inbox (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET a = $1", "INSERT inbox"),
        ("WITH n AS (INSERT INTO task (a) SELECT 1 RETURNING a)\n INSERT INTO outbox SELECT a FROM n", "INSERT task, outbox"),
        ("WITH gone AS (DELETE FROM due WHERE a = $1 RETURNING a) UPDATE task SET b = 1 FROM gone", "DELETE due UPDATE task"),
        ('UPDATE "Case" SET a = 1', "UPDATE case"),
        ("SET LOCAL lock_timeout = '1s'", "SET"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_statement_is_named_by_what_it_does_to_which_tables(statement: str, name: str) -> None:
    assert name_of(statement) == name


class Traced:
    """A database of a process that records everything, and what it has recorded."""

    def __init__(self, dsn: str, clock: ManualClock) -> None:
        self.spans = InMemorySpanExporter()
        self.tracing = Tracing("test", 1, self.spans)
        self.tracer = self.tracing.provider.get_tracer("test")
        self.db = Database("test", dsn, clock, 2, self.tracing)

    def recorded(self) -> list[ReadableSpan]:
        self.tracing.provider.force_flush()
        return list(self.spans.get_finished_spans())


@pytest.fixture
async def traced(core_dsn: str, clock: ManualClock) -> AsyncIterator[Traced]:
    traced = Traced(core_dsn, clock)
    yield traced
    await traced.db.close()
    traced.tracing.close()


NOTE = text("INSERT INTO ended_session (id, ended_at) SELECT :id, now()")


async def test_a_statement_within_a_recorded_span_is_its_child_and_tells_no_value(traced: Traced) -> None:
    async with traced.db.work(background=True) as work:
        await work.session.execute(NOTE, {"id": "before"})  # nothing is recorded here
    with traced.tracer.start_as_current_span("batch x") as batch:
        async with traced.db.work(background=True) as work:
            await work.session.execute(NOTE, {"id": "secret-value"})
        async with traced.db.read() as session:
            await session.execute(text("SELECT id FROM ended_session"))
    *statements, whole = traced.recorded()
    assert whole.name == "batch x"
    assert [span.name for span in statements] == ["INSERT ended_session", "SELECT ended_session"]
    for span in statements:
        assert span.parent is not None
        assert span.parent.span_id == batch.get_span_context().span_id
        assert span.start_time < span.end_time  # type: ignore[operator]
        assert "secret-value" not in span.to_json()
    assert statements[0].attributes is not None
    assert str(statements[0].attributes["db.query.text"]).startswith(
        "INSERT INTO ended_session (id, ended_at) SELECT $1"
    )


async def test_a_statement_that_fails_ends_its_span_with_the_error(traced: Traced) -> None:
    with traced.tracer.start_as_current_span("batch x"), pytest.raises(DBAPIError):
        async with traced.db.work() as work:
            await work.session.execute(text("SELECT 1 / 0 FROM ended_session RIGHT JOIN (VALUES (1)) AS one ON true"))
    statement, _ = traced.recorded()
    assert statement.status.is_ok is False
    assert "error.type" in (statement.attributes or {})


async def test_a_process_that_makes_no_spans_listens_to_no_statement(core_dsn: str, clock: ManualClock) -> None:
    def listeners(db: Database) -> int:
        return sum(len(engine.sync_engine.dispatch.after_cursor_execute) for engine in (db.engine, db.background))

    plain, recording = Database("test", core_dsn, clock, 2), Traced(core_dsn, clock)
    assert (listeners(plain), listeners(recording.db)) == (0, 2)
    await plain.close()
    await recording.db.close()
    recording.tracing.close()
