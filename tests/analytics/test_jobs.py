"""Gauges say what the API says."""

import math

from prometheus_client import REGISTRY

from shared.testing.figures import figure
from tests.analytics.builders import Followup


def gauge(name: str, kpi: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"kpi": kpi})


async def test_gauges_show_this_months_figures_of_the_api(seen):
    assert await seen.run_job("kpi-gauges") == 0
    async with seen.client("ops") as client:
        rows = (await client.get("/api/v1/kpis")).json()
    for row in rows:
        shown = gauge("huifang_analytics_kpi_ratio", row["kpi"])
        assert shown == row["value"] or (row["value"] is None and math.isnan(shown)), row["kpi"]
        assert gauge("huifang_analytics_kpi_sample_size", row["kpi"]) == row["sample_size"]


async def test_gauges_show_numerators_denominators_and_stages_by_branch(seen):
    """What a dashboard divides is what the API divides; branches add up to the whole but for people of two branches."""
    await seen.run_job("kpi-gauges")
    async with seen.client("ops") as client:
        rows = (await client.get("/api/v1/kpis", params={"by": "branch"})).json()
    assert {row["branch"] for row in rows}
    for row in rows:
        labels = {"kpi": row["kpi"], "branch": row["branch"]}
        assert REGISTRY.get_sample_value("huifang_analytics_kpi_numerator", labels) == row["numerator"], labels
        assert REGISTRY.get_sample_value("huifang_analytics_kpi_denominator", labels) == row["denominator"], labels
    assert REGISTRY.get_sample_value("huifang_analytics_kpi_target_ratio", {"kpi": "hotline_resolution"}) == 0.9
    stages = [s for f in REGISTRY.collect() if f.name == "huifang_analytics_funnel_stage" for s in f.samples]
    assert {sample.labels["stage"] for sample in stages} >= {"facts", "visits.completed"}


async def test_what_is_counted_is_told_by_its_producer_and_how_new_it_is(analytics):
    planned = Followup("F1").planned()
    events, rows = (
        figure("huifang_analytics_events_total", producer="scheduler"),
        figure("huifang_analytics_figure_rows_total"),
    )
    await analytics.deliver(planned)
    await analytics.deliver(planned)  # heard twice, counted once
    assert figure("huifang_analytics_events_total", producer="scheduler") == events + 1
    assert figure("huifang_analytics_figure_rows_total") > rows
    assert figure("huifang_analytics_newest_event_timestamp_seconds") == planned.time.timestamp()


async def test_a_kpi_without_a_denominator_is_not_a_number(analytics):
    await analytics.run_job("kpi-gauges")
    assert math.isnan(gauge("huifang_analytics_kpi_ratio", "completion"))
