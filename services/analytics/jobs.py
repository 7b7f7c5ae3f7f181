"""What is done as time passes: the main KPIs of the current month as Prometheus gauges; old timelines are forgotten."""

from collections.abc import Sequence
from datetime import timedelta

from services.analytics import queries, store
from services.analytics.domain.funnel import FUNNEL
from services.analytics.domain.kpis import definitions
from services.analytics.domain.selection import Dimension, Selection
from services.analytics.settings import AnalyticsSettings
from shared.erasure import Erasure
from shared.jobs import Job
from shared.messaging import Work
from shared.observability.catalogue import BRANCHES, gauge
from shared.runtime import Runtime
from shared.zone import local_day

KPI = 60
VALUE = gauge(
    "huifang_analytics_kpi_ratio", "KPI of the current month, by the definition of the API", "本月指标",
    "ratio", labels={"kpi": KPI},
)  # fmt: skip
SAMPLE = gauge(
    "huifang_analytics_kpi_sample_size", "Sample size behind a KPI of the current month", "本月指标样本量",
    labels={"kpi": KPI},
)  # fmt: skip
NUMERATOR = gauge(
    "huifang_analytics_kpi_numerator", "Numerator of a KPI of the current month, by branch", "本月指标的分子",
    labels={"kpi": KPI, "branch": BRANCHES},
)  # fmt: skip
DENOMINATOR = gauge(
    "huifang_analytics_kpi_denominator", "Denominator of a KPI of the current month, by branch; counts have none",
    "本月指标的分母", labels={"kpi": KPI, "branch": BRANCHES},
)  # fmt: skip
STAGES = gauge(
    "huifang_analytics_funnel_stage", "Stages from facts to closed loops in the current month, by branch", "本月漏斗各环节数",
    labels={"stage": tuple(FUNNEL), "branch": BRANCHES},
)  # fmt: skip
TARGET = gauge(
    "huifang_analytics_kpi_target_ratio", "What the organisation wants a KPI to reach", "指标目标", "ratio",
    labels={"kpi": KPI},
)  # fmt: skip


async def refresh_gauges(runtime: Runtime) -> int:
    """Set the gauges; a KPI without anything to divide by is NaN. Never asks to be run again at once."""
    settings = runtime.settings
    assert isinstance(settings, AnalyticsSettings)
    today = local_day(runtime.clock.now())
    kpis = list(definitions(settings.kpi_options()).values())
    async with runtime.db.work(background=True) as work:
        month = Selection(today.replace(day=1), today)
        rows = await queries.kpi_rows(work.session, month, kpis)
        branches = await queries.kpi_rows(work.session, month.cut(by=(Dimension.BRANCH,)), kpis)
        stages = await queries.stages_by_branch(work.session, month)
    for row in rows:
        VALUE.labels(row.kpi.id).set(float("nan") if row.figure.value is None else row.figure.value)
        SAMPLE.labels(row.kpi.id).set(row.figure.sample_size)
    NUMERATOR.show({(row.kpi.id, *row.group): row.figure.numerator for row in branches})
    DENOMINATOR.show(
        {(row.kpi.id, *row.group): row.figure.denominator for row in branches if row.figure.denominator is not None}
    )
    STAGES.show(stages)
    TARGET.show({(kpi,): target for kpi, target in settings.kpi_targets.items()})
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


async def erase(runtime: Runtime, work: Work, due: Sequence[Erasure]) -> None:
    """Of these customers timelines tell only what happened and when; facts and figures know no more than their number."""
    await store.erase_words(work.session, [one.customer for one in due])
