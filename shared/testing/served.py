"""A service served in the test's own process: real database, chosen clock and broker, loops off unless asked for."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from shared.auth import Role, hash_key
from shared.clock import Clock
from shared.messaging.arrived import arrive
from shared.messaging.broker import Broker
from shared.messaging.event import Event, decode
from shared.messaging.memory import MemoryBroker
from shared.messaging.outbox import unpack_headers
from shared.runtime import Runtime
from shared.settings import ServiceSettings
from shared.testing.events import record

DATA_KEY = base64.b64encode(hashlib.sha512(b"data key of tests").digest()).decode()
MOST_RUNS = 1000


@dataclass
class Served:
    """A running app and what tests do with it."""

    app: FastAPI
    runtime: Runtime
    stack: AsyncExitStack

    def client(self, role: str | Role | None = "admin", **headers: str) -> httpx.AsyncClient:
        """An HTTP client with that role's key; None = no key."""
        if role is not None:
            headers = {"Authorization": f"Bearer test-{role}", **headers}
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)

    async def deliver(self, *events: Event, consumer: str | None = None, topic: str | None = None) -> None:
        """Let the service's consumer(s) take effect of events as one batch, as if polled from `topic`, else from their own."""
        for runner in self.runtime.consumers:
            if consumer in (None, runner.consumer.id):
                records = [record(sent, topic, index) for index, sent in enumerate(events)]
                mine = [item for item in records if item.topic in runner.consumer.topics]
                await runner.processor.process([arrive(item) for item in mine])

    async def published(self, name: str | None = None) -> list[Event]:
        """Events the service has committed to its outbox (published or not), oldest first; of one name when given."""
        query = (
            "SELECT id, headers, value FROM outbox UNION ALL SELECT id, headers, value FROM outbox_archive ORDER BY id"
        )
        async with self.runtime.db.read() as session:
            rows = (await session.execute(text(query))).all()
        events = [decode(unpack_headers(row.headers), bytes(row.value)) for row in rows]
        return [sent for sent in events if name in (None, sent.name)]

    async def dead_letters(self) -> list[str]:
        """Reasons of open dead letters."""
        async with self.runtime.db.read() as session:
            rows = await session.execute(text("SELECT error FROM dead_letter WHERE state = 'open' ORDER BY created_at"))
        return list(rows.scalars())

    async def run_job(self, name: str) -> int:
        """Run a job until it has nothing more to do; returns how many things it did. Raises KeyError for no such job."""
        jobs = {job.name: job for job in self.runtime.service.jobs}
        total = 0
        for _ in range(MOST_RUNS):
            done = await jobs[name].run(self.runtime)
            if not done:
                return total
            total += done
        raise AssertionError(f"job {name} never comes to an end")


@asynccontextmanager
async def serve(
    create_app: Callable[..., FastAPI],
    settings_class: type[ServiceSettings],
    dsn: str,
    *,
    clock: Clock,
    broker: Broker | None = None,
    loops: Sequence[str] = (),
    **settings: Any,
) -> AsyncIterator[Served]:
    """Run an app's life span; `loops` of relay, consumer, jobs are on only when named. `dsn` from `service_dsn(name)`."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        options: dict[str, Any] = {
            "postgres_dsn": dsn,
            "keys_file": keys_in(folder),
            "data_key": DATA_KEY,
            "failed_sign_ins": 1_000_000,
            "hosts": "*",
            "jwt_secret": "a-secret-of-tests-that-is-long-enough-for-hs256",
            "relay_enabled": "relay" in loops,
            "consumer_enabled": "consumer" in loops,
            "jobs_enabled": "jobs" in loops,
            "db_pool_size": 4,
        }
        app = create_app(settings_class(**(options | settings)), clock, broker or MemoryBroker())
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield Served(app, app.state.runtime, stack)


def keys_in(folder: Path) -> Path:
    """A file of keys in the folder: `test-<role>` for every role."""
    path = folder / "keys.json"
    rows = [{"id": f"test-{r}", "role": r, "name": r, "sha256": hash_key(f"test-{r}")} for r in map(str, Role)]
    path.write_text(json.dumps(rows))
    return path
