"""Figures over HTTP."""

from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from shared.auth import Role, issue_token
from shared.testing import event, example
from tests.analytics.builders import Followup, day

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
READERS = ("supervisor", "auditor", "policy_owner", "ops", "admin")


async def get(analytics, path, role="supervisor", **params):
    async with analytics.client(role) as client:
        return await client.get(f"/api/v1/{path}", params=params)


def limited(analytics, *units):
    """A client that may see these branches only."""
    secret = analytics.runtime.settings.jwt_secret.get_secret_value()
    token = issue_token(secret, "boss", Role.SUPERVISOR, 4102444800, units=list(units))
    return analytics.client(None, Authorization=f"Bearer {token}")


@pytest.mark.parametrize("path", ["kpis", "kpis/definitions", "kpis.xlsx", "funnel", "agents"])
async def test_figures_are_for_those_who_may_read_them(seen, path):
    assert (await get(seen, path, None)).status_code == 401
    for role in Role:
        expected = 200 if role in READERS else 403
        assert (await get(seen, path, role)).status_code == expected, role


async def test_a_figure_carries_everything_it_was_computed_from(seen):
    (row,) = (await get(seen, "kpis", kpi="completion", **MARCH)).json()
    assert row.pop("interval")["low"] == pytest.approx(0.3552, abs=1e-4)
    assert row == {
        "kpi": "completion", "name": "回访完成率", "value": pytest.approx(8 / 13), "shown": "61.5%", "unit": "ratio",
        "period": "合计", "period_start": "2026-03-01", "period_end": "2026-03-31",
        "branch": None, "kind": None, "policy": None,
        "numerator": 8, "denominator": 13, "sample_size": 13, "small_sample": True, "formula_version": "completion@1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("period", "starts"),
    [
        ("day", ["2026-03-02", "2026-03-03", "2026-03-05", "2026-03-06", "2026-03-09", "2026-03-10"]),
        ("week", ["2026-03-02", "2026-03-09"]),
        ("month", ["2026-03-01"]),
        ("quarter", ["2026-01-01"]),
        ("year", ["2026-01-01"]),
        ("total", ["2026-03-01"]),
    ],
)
async def test_any_period_adds_up_to_the_same_whole(seen, period, starts):
    rows = (await get(seen, "kpis", kpi="due", period=period, **MARCH)).json()
    assert [row["period_start"] for row in rows] == starts
    assert sum(row["value"] for row in rows) == 13


@pytest.mark.parametrize("by", ["branch", "kind", "policy", "branch,kind", "policy,branch,kind"])
async def test_any_grouping_adds_up_to_the_same_whole(seen, by):
    rows = (await get(seen, "kpis", kpi="due", by=by, **MARCH)).json()
    assert sum(row["value"] for row in rows) == 13
    assert all(row[dimension] is not None for row in rows for dimension in by.split(","))


async def test_filters_narrow_the_figures(seen):

    async def due(**filters):
        return (await get(seen, "kpis", kpi="due", **MARCH, **filters)).json()[0]["value"]

    assert await due(branch="B2") == 2
    assert await due(branch=["B1", "B2"]) == await due(branch="B1,B2") == 13
    assert await due(kind="hotline.case_closed") == await due(policy="H") == 2


async def test_what_falls_due_tomorrow_is_not_due_yet(analytics):
    await analytics.deliver(Followup("1", at=day(29)).planned(), Followup("2", at=day(40)).planned())
    (row,) = (await get(analytics, "kpis", kpi="due", **{"from": "2026-03-01", "to": "2026-04-30"})).json()
    assert (row["value"], row["period_end"]) == (1, "2026-03-31")


async def test_the_switch_for_basically_satisfied_changes_figure_and_version(seen):
    (strict,) = (await get(seen, "kpis", kpi="satisfaction", **MARCH)).json()
    (mild,) = (await get(seen, "kpis", kpi="satisfaction", basically=True, **MARCH)).json()
    assert (strict["numerator"], mild["numerator"]) == (3, 6)
    assert strict["formula_version"] != mild["formula_version"]


@pytest.mark.parametrize(
    "params",
    [
        {"kpi": "luck"},
        {"by": "weather"},
        {"period": "decade"},
        {"from": "2026-03-09", "to": "2026-03-01"},
        {"from": "1999-01-01", "to": "2026-03-01"},
        {"from": "yesterday"},
    ],
)
async def test_a_question_that_makes_no_sense_is_refused_with_a_reason(seen, params):
    answer = await get(seen, "kpis", **params)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


async def test_somebody_limited_to_a_branch_sees_only_that(seen):
    async with limited(seen, "B2") as client:
        (row,) = (await client.get("/api/v1/kpis", params={"kpi": "due", **MARCH})).json()
        assert row["value"] == 2
        groups = (await client.get("/api/v1/kpis", params={"by": "branch", **MARCH})).json()
        assert {group["branch"] for group in groups} == {"B2"}
        stages = (await client.get("/api/v1/funnel")).json()["stages"]
        assert {stage["stage"]: stage["count"] for stage in stages}["attempts"] == 2
        (agent,) = (await client.get("/api/v1/agents", params=MARCH)).json()
        assert agent["calls"] == 2
        assert (await client.get("/api/v1/kpis", params={"branch": "B1"})).status_code == 403


async def test_definitions_are_the_ones_that_figures_use(analytics):
    rows = (await get(analytics, "kpis/definitions")).json()
    by_id = {row["kpi"]: row for row in rows}
    assert by_id["completion"]["numerator"] == {"due.effective": 1}
    assert by_id["completion"]["formula_version"] == "completion@1"
    assert len(by_id) == len((await get(analytics, "kpis")).json())


async def test_the_funnel_without_dates_is_about_all_there_is(seen):
    found = (await get(seen, "funnel")).json()
    counts = {stage["stage"]: stage["count"] for stage in found["stages"]}
    assert (counts["facts"], counts["followups.planned"], counts["cases.opened"]) == (2, 15, 3)
    assert found["facts_by_kind"] == {"order.completed": 1, "repair.closed": 1}
    assert {"reason": "merged", "lawful": True, "count": 1} in found["cancelled"]


async def test_agents_are_shown_with_calls_times_and_target(seen):
    (agent,) = (await get(seen, "agents", **MARCH)).json()
    assert (agent["agent"], agent["team"], agent["days"]) == ("agent-1", "hotline", 5)
    assert (agent["calls"], agent["connected"], agent["effective"], agent["completed"]) == (12, 9, 8, 9)
    assert (agent["talk_seconds"], agent["wrap_up_seconds"]) == (1080, 360)
    assert agent["handling_seconds"] == pytest.approx(120)
    assert agent["target_rate"] == pytest.approx(12 / 250)


async def test_the_workbook_has_the_same_figures_and_says_how_they_are_computed(seen):
    answer = await get(seen, "kpis.xlsx", by="branch", period="month", kpi="due,completion", **MARCH)
    assert answer.headers["content-disposition"] == 'attachment; filename="kpi-20260301-20260331.xlsx"'
    book = CalamineWorkbook.from_filelike(BytesIO(answer.content))
    assert book.sheet_names == ["指标", "口径说明"]
    head, *rows = book.get_sheet_by_name("指标").to_python()
    assert head[:7] == ["期间", "分公司／网点", "指标", "数值", "分子", "分母", "样本量"]
    assert rows[0][:5] == ["2026 年 3 月", "城东分公司", "应访", 11, 11]
    assert rows[1][2:8] == ["回访完成率", pytest.approx(8 / 11), 8, 11, 11, "样本不足"]
    notes = book.get_sheet_by_name("口径说明").to_python()
    assert notes[2][:3] == ["回访完成率", "completion", "应访中的有效回访数 ÷ 应访数"]
    assert [notes[4][0], notes[4][2]] == ["期间", "2026-03-01 至 2026-03-31（东八区自然日，含首末日）"]


async def test_a_branch_code_that_is_a_formula_stays_a_text_in_the_workbook(analytics):
    fact = example("repair.closed") | {"org": {"code": "=cmd|'/C calc'!A0"}}
    task = Followup("1", branch="=cmd|'/C calc'!A0")
    await analytics.deliver(event("repair.closed", fact), task.planned())
    answer = await get(analytics, "kpis.xlsx", by="branch", kpi="due", **MARCH)
    sheet = CalamineWorkbook.from_filelike(BytesIO(answer.content)).get_sheet_by_name("指标")
    assert sheet.to_python()[1][1] == "'=cmd|'/C calc'!A0"
