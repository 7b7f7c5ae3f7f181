"""How the scheduler is assembled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from fastapi import FastAPI

from services.scheduler import api, handlers, jobs
from services.scheduler.operations import calendar_lines
from services.scheduler.procedures.policies import PolicyCache
from services.scheduler.settings import SchedulerSettings
from shared.clock import Clock
from shared.messaging.broker import Broker
from shared.runtime import Runtime, Service
from shared.service import build_app


def create_app(
    settings: SchedulerSettings | None = None, clock: Clock | None = None, broker: Broker | None = None
) -> FastAPI:
    """The ASGI app of the scheduler."""
    settings = settings or SchedulerSettings()
    policies = PolicyCache(grace=timedelta(minutes=settings.draw_grace_minutes))

    @asynccontextmanager
    async def keep_policies(runtime: Runtime) -> AsyncIterator[None]:
        runtime.state["policies"] = policies
        yield

    service = Service(
        name="scheduler",
        title="回访调度",
        settings=settings,
        routers=api.ROUTERS,
        consumers=[handlers.consumer_for(policies)],
        jobs=jobs.jobs_for(settings),
        lifespan=keep_policies,
        ops=[calendar_lines],
        erases=jobs.erase,
    )
    return build_app(service, clock, broker)
