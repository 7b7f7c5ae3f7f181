"""How the gateway is assembled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from services.gateway import handlers, jobs, pages
from services.gateway.adapters.passwords import Passwords
from services.gateway.api import ROUTERS
from services.gateway.pages import account
from services.gateway.settings import GatewaySettings
from shared.clock import Clock
from shared.messaging.broker import Broker
from shared.service import Runtime, Service, build_app


def create_app(
    settings: GatewaySettings | None = None, clock: Clock | None = None, broker: Broker | None = None
) -> FastAPI:
    """The gateway's ASGI app."""
    service = Service(
        name="gateway",
        title="接入",
        settings=settings or GatewaySettings(),
        routers=[*ROUTERS, *pages.ROUTERS],
        consumers=[handlers.consumer],
        jobs=jobs.JOBS,
        lifespan=with_passwords,
        pages=Path(__file__).parent,
        sign_in=account.sign_in,
    )
    return build_app(service, clock, broker)


@asynccontextmanager
async def with_passwords(runtime: Runtime) -> AsyncIterator[None]:
    """What hashes passwords, one of each process."""
    runtime.state["passwords"] = Passwords()
    yield
