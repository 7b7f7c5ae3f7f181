"""A service's skeleton: build_app() gives every service the same health, metrics, errors, security and life span."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import structlog
from fastapi import APIRouter, Depends, FastAPI
from fastapi.telemetry import TelemetryConfig
from sqlalchemy.ext.asyncio import AsyncSession

from shared.api_description import NOT_FASTAPIS_OWN, complete_description
from shared.audit import SEAL
from shared.audit_check import CHECK
from shared.auth import Authenticator
from shared.clock import Clock
from shared.db import Database
from shared.front_door import QUIET, own_path
from shared.heap import rare_collections
from shared.housekeeping import HOUSEKEEPING
from shared.jobs import Job, run_job
from shared.kept_keys import TELL_OF_USE, KeptKeys
from shared.messaging.broker import Broker
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.messaging.runner import ConsumerRunner
from shared.observability import logs
from shared.observability.build import show_build
from shared.observability.loop_delay import LoopWatch
from shared.observability.spans import NoTracing, tracing_of
from shared.observability.storage import MEASURE_STORAGE
from shared.privacy import Sealer
from shared.safety import read_data_key
from shared.sessions import EndedSessions, Session, Signer
from shared.settings import ServiceSettings
from shared.units import KeptUnits
from shared.unstorable import refuse_unstorable

log = structlog.get_logger(__name__)
STOP_SECONDS = 12
T = TypeVar("T")


@dataclass(frozen=True)
class SignInElsewhere:
    """Where people may sign in besides: its name, the path that begins it, and where they go who have signed out here."""

    title: str
    path: str
    after_sign_out: Callable[["Runtime", Session], Awaitable[str]]


@dataclass(frozen=True)
class Line:
    """What a service tells operators of itself; `mark` is good, warn or bad, and "" where nothing is to be judged."""

    name: str
    text: str
    mark: str = ""


@dataclass(frozen=True)
class Service:
    """What makes one service: its names, what HTTP may ask, what it consumes, and what it does as time passes."""

    name: str
    title: str
    settings: ServiceSettings
    routers: Sequence[APIRouter] = ()
    consumers: Sequence[Consumer] = ()
    jobs: Sequence[Job] = ()
    lifespan: Callable[["Runtime"], Any] | None = None
    pages: Path | None = None  # folder with `templates/` and `static/` of its own
    checks: Mapping[str, Callable[["Runtime"], Awaitable[None]]] = field(default_factory=dict)
    # what the operators' page shows beside what it shows of every service
    ops: Sequence[Callable[["Runtime", AsyncSession], Awaitable[Sequence[Line]]]] = ()
    # (runtime, login, password, address) → a session of that person; None = people sign in elsewhere
    sign_in: Callable[["Runtime", str, str, str], Awaitable[Session]] | None = None
    sign_in_elsewhere: SignInElsewhere | None = None


class Runtime:
    """Everything a running service holds; reachable as `app.state.runtime`."""

    def __init__(
        self,
        service: Service,
        clock: Clock | None = None,
        broker: Broker | None = None,
        tracing: NoTracing | None = None,
    ) -> None:
        settings = service.settings
        self.service = service
        self.settings = settings
        self.sealer = _sealer_of(service)
        self.clock: Clock = clock or settings.make_clock()
        self.tracing = tracing or NoTracing()
        self.db = Database(service.name, settings.postgres_dsn, self.clock, settings.db_pool_size, self.tracing)
        self.broker: Broker = broker or settings.make_broker()
        self.keys = KeptKeys(self.db)
        self.authenticator = Authenticator(settings, self.clock, self.keys)
        key = settings.data_key
        assert key is not None  # refused above
        self.signer = Signer(read_data_key(key.get_secret_value()))
        self.ended_sessions = EndedSessions(self.db)
        self.units = KeptUnits(self.db)
        self.relay = Relay(service.name, self.db, self.broker, settings.topic_prefix)
        self.consumers = [ConsumerRunner(consumer, self.db, self.broker, settings) for consumer in service.consumers]
        self.state: dict[str, Any] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._aside: set[asyncio.Task[Any]] = set()
        self.started_at = self.clock.machine()
        self.jobs_running: list[str] = []
        self._loop_watch = LoopWatch(service.name)

    async def start(self) -> None:
        """Start the loops this process is set to run."""
        for sentence in self.settings.warnings():
            log.warning("weak_setting", warning=sentence)
        show_build(self.service.name, self.settings.build_commit)
        self._loop_watch.start()
        self.db.on_published = self.relay.wake
        if self.settings.relay_enabled:
            self._spawn(self.relay.run(), "relay")
        if self.settings.consumer_enabled:
            for runner in self.consumers:
                self._spawn(runner.run(), f"consumer-{runner.consumer.id}")
        if self.settings.jobs_enabled:
            for job in (*self.service.jobs, HOUSEKEEPING, SEAL, CHECK, TELL_OF_USE, MEASURE_STORAGE):
                self._spawn(run_job(job, self), f"job-{job.name}")
                self.jobs_running.append(job.name)

    def _spawn(self, loop: Awaitable[None], name: str) -> None:
        async def guarded() -> None:
            try:
                await loop
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("loop_failed", loop=name)
                raise

        self._tasks.append(asyncio.create_task(guarded(), name=name))

    def run_aside(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Starts work that a job does not wait for; it is cancelled when the service stops."""
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)
        return task

    async def stop(self) -> None:
        """Finish what is in hand, then let go: consumers first, the relay last so that their events still leave."""
        self._loop_watch.stop()
        for runner in self.consumers:
            runner.stop()
        jobs = [task for task in self._tasks if task.get_name().startswith("job-")]
        for task in (*jobs, *self._aside):
            task.cancel()
        await asyncio.gather(*self._aside, return_exceptions=True)
        others = [task for task in self._tasks if task not in jobs and task.get_name() != "relay"]
        await asyncio.wait([*others, *jobs], timeout=STOP_SECONDS) if others or jobs else None
        self.relay.stop()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=3)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.db.close()
        await asyncio.to_thread(self.tracing.close)

    def dead_loops(self) -> list[str]:
        """Names of loops that ended though the service runs."""
        return [task.get_name() for task in self._tasks if task.done()]


def _sealer_of(service: Service) -> Sealer:
    """What seals with the deployment's key. Raises UnsafeSettings before anything is opened or sealed."""
    service.settings.require_safe(service.name)
    key = service.settings.data_key
    assert key is not None  # refused above
    return Sealer.from_text(key.get_secret_value())


def _telemetry(tracing: NoTracing) -> TelemetryConfig:
    """A span for each request that is sampled, where this process makes spans; metrics and logs are our own."""
    return {
        "tracing": tracing.provider is not None,
        "tracer_provider": tracing.provider,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "exclude": lambda scope: own_path(scope) in QUIET,
    }


def build_app(service: Service, clock: Clock | None = None, broker: Broker | None = None) -> FastAPI:
    """The ASGI app of a service. Tests may pass a clock and the in-memory broker."""
    from shared.edge import install
    from shared.web import install_pages
    from shared.web.start import install_start

    logs.configure(service.name, service.settings.log)
    tracing = tracing_of(service.name, service.settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        runtime = Runtime(service, clock, broker, tracing)
        app.state.runtime = runtime
        async with AsyncExitStack() as stack:
            if service.lifespan is not None:
                await stack.enter_async_context(service.lifespan(runtime))
            stack.enter_context(rare_collections())
            await runtime.start()
            stack.push_async_callback(runtime.stop)
            yield

    app = FastAPI(
        title=f"回访平台 · {service.title}",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        responses=NOT_FASTAPIS_OWN,
        telemetry=_telemetry(tracing),
        dependencies=[Depends(refuse_unstorable)],
    )
    app.state.service = service
    install(app, service)
    install_pages(app, service.settings, service.pages)
    for router in service.routers:
        app.include_router(router)
    complete_description(app, service.name)
    install_start(app, service)  # last: a service with a first page of its own keeps it
    return app
