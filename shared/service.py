"""A service's skeleton: build_app() gives every service the same health, metrics, errors, security and life span."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import Depends, FastAPI
from fastapi.telemetry import TelemetryConfig

from shared.api_description import NOT_FASTAPIS_OWN, complete_description
from shared.clock import Clock
from shared.front_door import QUIET, own_path
from shared.heap import give_large_blocks_back, rare_collections
from shared.messaging.broker import Broker
from shared.observability import logs
from shared.observability.spans import NoTracing, tracing_of
from shared.runtime import Runtime, Service
from shared.unstorable import refuse_unstorable

STREAM = "/live"  # a span of minutes would say nothing


def _telemetry(tracing: NoTracing) -> TelemetryConfig:
    """A span for each request that is sampled, where this process makes spans; metrics and logs are our own."""
    return {
        "tracing": tracing.provider is not None,
        "tracer_provider": tracing.provider,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "exclude": lambda scope: own_path(scope) in QUIET or own_path(scope).endswith(STREAM),
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
        runtime.give_up = app.state.give_up or runtime.give_up
        async with AsyncExitStack() as stack:
            if service.lifespan is not None:
                await stack.enter_async_context(service.lifespan(runtime))
            give_large_blocks_back()
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
    app.state.give_up = None
    install(app, service)
    install_pages(app, service.settings, service.pages)
    for router in service.routers:
        app.include_router(router)
    complete_description(app, service.name)
    install_start(app, service)  # last: a service with a first page of its own keeps it
    return app
