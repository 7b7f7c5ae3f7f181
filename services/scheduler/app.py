"""How the scheduler is assembled."""

import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from fastapi import FastAPI

from services.scheduler import api, handlers, jobs
from services.scheduler.commands.desk import Desk
from services.scheduler.settings import SchedulerSettings
from shared.clock import Clock
from shared.messaging.broker import Broker
from shared.service import Runtime, Service, build_app

OBJECTS_OF_A_BATCH = 100_000


@contextmanager
def rare_collections() -> Iterator[None]:
    """Let the hot path alone: what is loaded by now lives as long as the process, and a batch's values die by count.

    Without it, a third of a batch's time goes into collections that find nothing.
    """
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_OF_A_BATCH, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def create_app(
    settings: SchedulerSettings | None = None, clock: Clock | None = None, broker: Broker | None = None
) -> FastAPI:
    """The ASGI app of the scheduler."""
    settings = settings or SchedulerSettings()
    desk = Desk()

    @asynccontextmanager
    async def open_desk(runtime: Runtime) -> AsyncIterator[None]:
        desk.partitions = runtime.db.partitions
        runtime.state["desk"] = desk
        with rare_collections():
            yield

    service = Service(
        name="scheduler",
        title="回访调度",
        settings=settings,
        routers=api.ROUTERS,
        consumers=[handlers.consumer_for(desk)],
        jobs=jobs.jobs_for(settings),
        lifespan=open_desk,
    )
    return build_app(service, clock, broker)
