"""Gauges say what the API says."""

import math

from prometheus_client import REGISTRY


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


async def test_a_kpi_without_a_denominator_is_not_a_number(analytics):
    await analytics.run_job("kpi-gauges")
    assert math.isnan(gauge("huifang_analytics_kpi_ratio", "completion"))
