"""How visits is assembled."""

from pathlib import Path

from fastapi import FastAPI

from services.visits import api, handlers, jobs, pages
from services.visits.settings import VisitsSettings
from shared.clock import Clock
from shared.messaging.broker import Broker
from shared.official import KeptCalendar
from shared.runtime import Service
from shared.service import build_app


def create_app(
    settings: VisitsSettings | None = None, clock: Clock | None = None, broker: Broker | None = None
) -> FastAPI:
    """The ASGI app of the visits service."""
    service = Service(
        name="visits",
        title="回访作业",
        settings=settings or VisitsSettings(),
        routers=[*api.ROUTERS, *pages.ROUTERS],
        consumers=[handlers.consumer],
        jobs=jobs.JOBS,
        lifespan=KeptCalendar().lifespan,
        pages=Path(__file__).parent,
    )
    return build_app(service, clock, broker)
