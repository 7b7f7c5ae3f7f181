"""What is done as time passes: the main KPIs of the current month as Prometheus gauges; old timelines are forgotten."""

from datetime import timedelta

from prometheus_client import Gauge

from services.analytics import queries
from services.analytics.domain.cells import org_day
from services.analytics.domain.kpis import definitions
from services.analytics.domain.selection import Selection
from services.analytics.settings import AnalyticsSettings
from shared.jobs import Job
from shared.service import Runtime

VALUE = Gauge("huifang_analytics_kpi_ratio", "KPI of the current month, by the definition of the API", ["kpi"])
SAMPLE = Gauge("huifang_analytics_kpi_sample_size", "Sample size behind a KPI of the current month", ["kpi"])


async def refresh_gauges(runtime: Runtime) -> int:
    """Set the gauges; a KPI without anything to divide by is NaN. Never asks to be run again at once."""
    settings = runtime.settings
    assert isinstance(settings, AnalyticsSettings)
    today = org_day(runtime.clock.now())
    kpis = list(definitions(settings.kpi_options()).values())
    async with runtime.db.work(background=True) as work:
        rows = await queries.kpi_rows(work.session, Selection(today.replace(day=1), today), kpis)
    for row in rows:
        VALUE.labels(row.kpi.id).set(float("nan") if row.figure.value is None else row.figure.value)
        SAMPLE.labels(row.kpi.id).set(row.figure.sample_size)
    return 0


async def forget_timelines(runtime: Runtime) -> int:
    """Drop the days of the timeline that are kept no longer. Never asks to be run again at once."""
    settings = runtime.settings
    assert isinstance(settings, AnalyticsSettings)
    oldest = runtime.clock.now() - timedelta(days=settings.timeline_days)
    await runtime.db.partitions.drop_before("timeline_entry", oldest.date())
    return 0


def jobs(settings: AnalyticsSettings) -> list[Job]:
    return [
        Job("kpi-gauges", every=settings.gauges_every, run=refresh_gauges),
        Job("forget_timelines", every=3600, run=forget_timelines),
    ]
