"""Assembles the service."""

from pathlib import Path

from fastapi import FastAPI

from services.notifications import handlers, pages
from services.notifications.api import routers
from services.notifications.jobs import JOBS
from services.notifications.jobs.erase import erase
from services.notifications.office import open_office
from services.notifications.operations import provider_lines
from services.notifications.settings import NotificationsSettings
from shared.clock import Clock
from shared.messaging.broker import Broker
from shared.runtime import Service
from shared.service import build_app


def create_app(
    settings: NotificationsSettings | None = None, clock: Clock | None = None, broker: Broker | None = None
) -> FastAPI:
    """The ASGI app of notifications."""
    service = Service(
        name="notifications",
        title="通知",
        settings=settings or NotificationsSettings(),
        routers=[*routers, pages.router],
        consumers=[handlers.consumer],
        jobs=JOBS,
        lifespan=open_office,
        pages=Path(__file__).parent,
        ops=[provider_lines],
        erases=erase,
    )
    return build_app(service, clock, broker)
