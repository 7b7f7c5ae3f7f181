"""What makes a service, and everything that a running one holds."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import structlog
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncSession

from shared.audit import SEAL
from shared.audit_check import CHECK
from shared.auth import Authenticator
from shared.clock import Clock
from shared.db import Database
from shared.deployments import NOTE_DEPLOYMENT
from shared.erasure.job import ERASE, Erases
from shared.housekeeping import HOUSEKEEPING
from shared.jobs import Job, run_job
from shared.kept_keys import TELL_OF_USE, KeptKeys
from shared.live import Live, LivePages
from shared.messaging.broker import Broker
from shared.messaging.consumer import Consumer
from shared.messaging.relay import Relay
from shared.messaging.runner import ConsumerRunner
from shared.observability.build import show_build
from shared.observability.loop_delay import LoopWatch
from shared.observability.spans import NoTracing
from shared.observability.storage import MEASURE_STORAGE
from shared.privacy import Sealer
from shared.safety import read_data_key
from shared.sessions import EndedSessions, Session, Signer
from shared.settings import ServiceSettings
from shared.units import KeptUnits

log = structlog.get_logger(__name__)
STOP_SECONDS = 12
T = TypeVar("T")
S = TypeVar("S", bound=ServiceSettings)


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
    live: LivePages | None = None  # what of its pages is nudged
    checks: Mapping[str, Callable[["Runtime"], Awaitable[None]]] = field(default_factory=dict)
    # what the operators' page shows beside what it shows of every service
    ops: Sequence[Callable[["Runtime", AsyncSession], Awaitable[Sequence[Line]]]] = ()
    # (runtime, login, password, address) → a session of that person; None = people sign in elsewhere
    sign_in: Callable[["Runtime", str, str, str], Awaitable[Session]] | None = None
    sign_in_elsewhere: SignInElsewhere | None = None
    erases: Erases | None = None


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
        self.live = Live(service.name, self.db, settings.live_streams, service.live) if service.live else None
        self.state: dict[str, Any] = {}
        self.give_up: Callable[[], None] = lambda: None  # ends the process, where it is a service's own
        self.lost_loops: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False
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
        if self.live is not None:
            self._spawn(self.live.listener.run(), "live")
        if self.settings.relay_enabled:
            self._spawn(self.relay.run(), "relay")
        if self.settings.consumer_enabled:
            for runner in self.consumers:
                self._spawn(runner.run(), f"consumer-{runner.consumer.id}")
        if self.settings.jobs_enabled:
            core = (HOUSEKEEPING, SEAL, CHECK, TELL_OF_USE, MEASURE_STORAGE, NOTE_DEPLOYMENT, ERASE)
            for job in (*self.service.jobs, *core):
                self._spawn(run_job(job, self), f"job-{job.name}")
                self.jobs_running.append(job.name)

    def _spawn(self, loop: Awaitable[None], name: str) -> None:
        self._tasks.append(asyncio.create_task(self._keep(loop, name), name=name))

    async def _keep(self, loop: Awaitable[None], name: str) -> None:
        """Run a loop, which ends when we stop and at no other time.

        Loops outlive their own failures. One that has ended all the same, cancelled by what it waited for or by a fault in the
        loop itself, is not begun again with whatever state it left: the process ends, and its supervisor starts a sound one.
        """
        error: BaseException | None = None
        try:
            await loop
        except (Exception, asyncio.CancelledError) as raised:
            if self._stopping:
                raise
            error = raised
        if not self._stopping:
            self.lost_loops.append(name)
            log.error("loop_ended", loop=name, exc_info=error)
            self.give_up()

    def settings_as(self, kind: type[S]) -> S:
        """The settings, which are of the service's own kind. Raises TypeError for another's."""
        if not isinstance(self.settings, kind):
            raise TypeError(f"{self.service.name} has no {kind.__name__}")
        return self.settings

    def run_aside(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Starts work that a job does not wait for; it is cancelled when the service stops."""
        task = asyncio.create_task(work)
        self._aside.add(task)
        task.add_done_callback(self._aside.discard)
        return task

    async def stop(self) -> None:
        """Finish what is in hand, then let go: consumers first, the relay last so that their events still leave."""
        self._stopping = True
        self._loop_watch.stop()
        if self.live is not None:
            self.live.listener.stop()
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


def _sealer_of(service: Service) -> Sealer:
    """What seals with the deployment's key. Raises UnsafeSettings before anything is opened or sealed."""
    service.settings.require_safe(service.name)
    key = service.settings.data_key
    assert key is not None  # refused above
    return Sealer.from_text(key.get_secret_value())
