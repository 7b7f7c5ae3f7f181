"""How the gateway is assembled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from services.gateway import handlers, jobs, pages
from services.gateway.adapters.passwords import Passwords
from services.gateway.api import ROUTERS
from services.gateway.pages import account, oidc
from services.gateway.settings import GatewaySettings
from shared.clock import Clock
from shared.messaging.broker import Broker
from shared.runtime import Runtime, Service, SignInElsewhere
from shared.service import build_app


def create_app(
    settings: GatewaySettings | None = None, clock: Clock | None = None, broker: Broker | None = None
) -> FastAPI:
    """The gateway's ASGI app."""
    settings = settings or GatewaySettings()
    service = Service(
        name="gateway",
        title="接入",
        settings=settings,
        routers=[*ROUTERS, *pages.ROUTERS],
        consumers=[handlers.consumer],
        jobs=jobs.JOBS,
        lifespan=with_sign_in,
        pages=Path(__file__).parent,
        erases=jobs.erase,
        sign_in=account.sign_in,
        sign_in_elsewhere=SignInElsewhere(settings.oidc_title, oidc.BEGIN, oidc.after_sign_out)
        if settings.oidc_issuer
        else None,
    )
    return build_app(service, clock, broker)


@asynccontextmanager
async def with_sign_in(runtime: Runtime) -> AsyncIterator[None]:
    """What hashes passwords, and what asks the identity provider: one each of a process."""
    settings = runtime.settings_as(GatewaySettings)
    runtime.state["passwords"] = Passwords(timedelta(days=settings.issued_password_days))
    runtime.state["identity_provider"] = oidc.provider_for(settings, runtime.clock.machine)
    yield
