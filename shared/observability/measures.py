"""What a service measures when it is scraped; not measured by its loops, for those stand still just when it matters."""

from typing import TYPE_CHECKING

from sqlalchemy import text

from shared.observability.metrics import DATABASE_UP, DEAD_LETTERS, OUTBOX_AGE, OUTBOX_ROWS

if TYPE_CHECKING:
    from shared.runtime import Runtime

_LETTERS = text("SELECT consumer, count(*) FROM dead_letter WHERE state = 'open' GROUP BY consumer")
_OUTBOX = text("SELECT count(*), min(at) FROM outbox")


async def measure(runtime: "Runtime") -> None:
    """Set the gauges of what waits in the database, and of who waits for the database."""
    service = runtime.service.name
    runtime.db.measure_pools()
    try:
        async with runtime.db.read() as session:
            counts = {str(consumer): int(number) for consumer, number in await session.execute(_LETTERS)}
            rows, oldest = (await session.execute(_OUTBOX)).one()
    except Exception:
        DATABASE_UP.labels(service).set(0)
        return  # the metrics page must answer while the database is away
    DATABASE_UP.labels(service).set(1)
    for runner in runtime.consumers:
        DEAD_LETTERS.labels(runner.consumer.id).set(counts.get(runner.consumer.id, 0))
    OUTBOX_ROWS.labels(service).set(rows)
    age = (runtime.clock.machine() - runtime.clock.machine_at(oldest)).total_seconds() if oldest else 0.0
    OUTBOX_AGE.labels(service).set(max(0.0, age))
