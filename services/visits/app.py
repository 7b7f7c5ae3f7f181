"""How visits is assembled."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from services.visits import api, handlers, jobs, pages
from services.visits.domain.live import PARTS, Looker, concerns
from services.visits.settings import VisitsSettings
from services.visits.store.work_rules import KeptRules
from shared.clock import Clock
from shared.live import LivePages
from shared.messaging.broker import Broker
from shared.official import KeptCalendar
from shared.principal import Principal
from shared.runtime import Runtime, Service
from shared.service import build_app


def create_app(
    settings: VisitsSettings | None = None, clock: Clock | None = None, broker: Broker | None = None
) -> FastAPI:
    """The ASGI app of the visits service."""
    settings = settings or VisitsSettings()
    service = Service(
        name="visits",
        title="回访作业",
        settings=settings,
        routers=[*api.ROUTERS, *pages.ROUTERS],
        consumers=[handlers.consumer],
        jobs=jobs.JOBS,
        lifespan=_lifespan,
        pages=Path(__file__).parent,
        live=LivePages(PARTS, _concerns),
        erases=jobs.erase,
    )
    return build_app(service, clock, broker)


def _concerns(who: Principal, changed: Any) -> set[str]:
    return concerns(Looker(who.id, who.teams, who.scope.units), changed)


@asynccontextmanager
async def _lifespan(runtime: Runtime) -> AsyncIterator[None]:
    """What this process keeps of its database: the calendar, and the work rules in force."""
    runtime.state["work_rules"] = KeptRules(runtime.settings_as(VisitsSettings).work_rules)
    async with KeptCalendar().lifespan(runtime):
        yield
