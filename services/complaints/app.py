"""The complaints service, assembled."""

from pathlib import Path

from fastapi import FastAPI

from services.complaints import api, handlers, jobs, pages
from services.complaints.settings import ComplaintsSettings
from shared.clock import Clock
from shared.messaging.broker import Broker
from shared.official import KeptCalendar
from shared.runtime import Service
from shared.service import build_app


def create_app(
    settings: ComplaintsSettings | None = None, clock: Clock | None = None, broker: Broker | None = None
) -> FastAPI:
    settings = settings or ComplaintsSettings()
    calendar = KeptCalendar()
    return build_app(
        Service(
            name="complaints",
            title="投诉闭环",
            settings=settings,
            routers=[api.router, pages.router],
            consumers=[handlers.consumer_for(settings.rules, calendar)],
            jobs=jobs.JOBS,
            lifespan=calendar.lifespan,
            pages=Path(__file__).parent,
            erases=jobs.erase,
        ),
        clock,
        broker,
    )
