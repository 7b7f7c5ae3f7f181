"""How analytics is assembled."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI

from services.analytics import api, handlers, jobs, pages
from services.analytics.domain.live import PARTS, concerns
from services.analytics.settings import AnalyticsSettings
from shared.clock import Clock
from shared.live import LivePages
from shared.messaging.broker import Broker
from shared.principal import Principal
from shared.runtime import Service
from shared.service import build_app


def create_app(
    settings: AnalyticsSettings | None = None, clock: Clock | None = None, broker: Broker | None = None
) -> FastAPI:
    settings = settings or AnalyticsSettings()
    return build_app(
        Service(
            name="analytics",
            title="统计分析",
            settings=settings,
            routers=[api.router, *pages.ROUTERS],
            consumers=[handlers.consumer],
            jobs=jobs.jobs(settings),
            pages=Path(__file__).parent,
            live=LivePages(PARTS, _concerns),
            erases=jobs.erase,
        ),
        clock,
        broker,
    )


def _concerns(who: Principal, branches: Any) -> frozenset[str]:
    return concerns(who.scope.units, branches)
