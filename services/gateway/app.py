"""How the gateway is assembled."""

from fastapi import FastAPI

from services.gateway import handlers, jobs
from services.gateway.api import ROUTERS
from services.gateway.settings import GatewaySettings
from shared.clock import Clock
from shared.messaging.broker import Broker
from shared.service import Service, build_app


def create_app(
    settings: GatewaySettings | None = None, clock: Clock | None = None, broker: Broker | None = None
) -> FastAPI:
    """The gateway's ASGI app."""
    service = Service(
        name="gateway",
        title="接入",
        settings=settings or GatewaySettings(),
        routers=ROUTERS,
        consumers=[handlers.consumer],
        jobs=jobs.JOBS,
    )
    return build_app(service, clock, broker)
