"""「我的业绩」: an agent's own figures of today and this week, with their parts and formulas, beside the team's median.

Today is Tuesday 31 March 2026. What the page says was worked out by hand from the calls below.
"""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from services.analytics.app import create_app
from services.analytics.domain.agent_kpis import agent_kpis
from services.analytics.domain.kpis import Options
from services.analytics.settings import AnalyticsSettings
from shared.clock import ManualClock
from shared.testing import Served, serve
from tests.analytics.builders import Followup, day

HTML = {"Accept": "text/html"}
ME = "key:test-agent"
MONDAY, TODAY = day(28), day(29)


def call(name: str, agent: str = ME, at: Any = TODAY, team: str = "hotline") -> Followup:
    one = Followup(name, f"C-{name}", at, deadline_at=(TODAY + timedelta(hours=4)).isoformat())
    one.visit |= {"agent": agent, "team": team}
    return one


async def a_tuesday(served: Served) -> None:
    """Mine: five calls, four of them today; three colleagues, and one of another team who does not count."""
    happy, bad, silent, missed, early = (call(name) for name in ("happy", "bad", "silent", "missed", "early"))
    late = TODAY + timedelta(hours=5)
    await served.deliver(
        happy.attempted(talk_seconds=120, wrap_up_seconds=30, callback_kept=True), happy.outcome(rating=5),
        bad.attempted(talk_seconds=180, wrap_up_seconds=30, callback_kept=False),
        bad.outcome(rating=2, at=late, on_time=False),
        silent.attempted(talk_seconds=60, wrap_up_seconds=30), silent.outcome(rating=None),
        missed.attempted(False, at=late, wrap_up_seconds=50), missed.failed(at=late),
        early.attempted(False, at=MONDAY, wrap_up_seconds=30),
    )  # fmt: skip
    for agent, answered, unanswered in (("anna", 2, 0), ("bo", 3, 3), ("chen", 1, 3)):
        for number in range(answered + unanswered):
            one = call(f"{agent}-{number}", agent)
            await served.deliver(one.attempted(number < answered))
    other = call("other", "dana", team="shop")
    await served.deliver(*(other.attempted(nth=number) for number in range(9)))


async def page(served: Served, query: str = "", role: str | None = "agent") -> Any:
    async with served.client(role, **HTML) as client:
        return await client.get(f"/performance{query}")


def cards(text: str) -> dict[str, list[str]]:
    """The texts of each figure, by its id."""
    found = re.findall(r'<article class="card[^"]*" id="own-([a-z_]+)">(.*?)</article>', text, re.S)
    return {id_: [part.strip() for part in re.split(r"<[^>]+>", body) if part.strip()] for id_, body in found}


@pytest.fixture
async def worked(analytics: Served) -> Served:
    await a_tuesday(analytics)
    return analytics


async def test_todays_figures_are_those_worked_out_by_hand(worked: Served) -> None:
    shown = cards((await page(worked)).text)
    assert {id_: texts[1] for id_, texts in shown.items()} == {
        "calls": "4", "contact": "75.0%", "completed": "3", "talk": "2:00", "wrap_up": "0:35",
        "satisfaction": "50.0%", "late": "2", "callbacks_kept": "50.0%",
    }  # fmt: skip
    parts = {id_: texts[2] for id_, texts in shown.items()}
    assert parts["contact"] == "3 / 4"
    assert parts["talk"] == "360 秒 / 3"
    assert parts["wrap_up"] == "140 秒 / 4"
    assert parts["satisfaction"] == "1 / 2"
    assert parts["callbacks_kept"] == "1 / 2"


async def test_this_week_begins_on_monday(worked: Served) -> None:
    shown = cards((await page(worked, "?span=week")).text)
    assert [shown[id_][1] for id_ in ("calls", "contact", "wrap_up")] == ["5", "60.0%", "0:34"]


async def test_the_median_of_the_team_stands_beside_and_nobodys_name(worked: Served) -> None:
    text = (await page(worked)).text
    shown = cards(text)
    assert "同班组中位数 4" in shown["calls"]
    assert "同班组中位数 50.0%" in shown["contact"]
    assert not {"anna", "bo", "chen", "dana"} & set(re.findall(r"\w+", text))


async def test_of_two_colleagues_no_median_is_told(analytics: Served) -> None:
    for agent in (ME, "anna", "bo"):
        await analytics.deliver(call(agent, agent).attempted())
    assert "同班组中位数" not in " ".join(cards((await page(analytics)).text)["calls"])


async def test_every_figure_tells_its_formula_and_version(worked: Served) -> None:
    shown = cards((await page(worked)).text)
    for id_, kpi in agent_kpis(Options(), 50).items():
        if id_ in shown:
            assert any(kpi.formula in text and f"公式版本 {kpi.version}。" in text for text in shown[id_]), id_


async def test_a_rating_of_few_is_marked_and_only_for_reference(worked: Served) -> None:
    text = (await page(worked)).text
    satisfaction = cards(text)["satisfaction"]
    assert satisfaction[0] == "满意率（仅供参考）"
    assert "n = 2，样本不足" in satisfaction
    assert re.search(r'class="card few" id="own-satisfaction"', text)
    assert re.search(r'class="card few" id="own-calls"', text) is None


async def test_the_range_stands_in_the_address(worked: Served) -> None:
    answer = await page(worked, "?from=2026-03-30&to=2026-03-30")
    assert cards(answer.text)["calls"][1] == "1"
    assert 'value="2026-03-30"' in answer.text
    week = (await page(worked, "?span=week")).text
    assert re.search(r'<a href="/performance\?span=week" aria-current="true">本周</a>', week)
    assert (await page(worked, "?from=2026-03-31&to=2026-03-01")).status_code == 422
    assert (await page(worked, "?from=&to=&span=week")).status_code == 200


async def test_who_has_not_called_yet_is_told_where_to_begin(analytics: Served) -> None:
    text = (await page(analytics)).text
    assert "这段时间还没有拨打" in text
    assert cards(text) == {}


async def test_remarks_received_are_a_fragment_of_visits_over_the_same_days(
    service_dsn: Callable[[str], Awaitable[str]],
) -> None:
    key = "the key of the front door"
    door = {"X-Front-Door": key, "X-Forwarded-Prefix": "/analytics", "X-Forwarded-Proto": "http"}
    clock, dsn = ManualClock(day(29)), await service_dsn("analytics")
    served = serve(create_app, AnalyticsSettings, dsn, clock=clock, front_door_key=key)
    async with served as analytics, analytics.client("agent", **HTML, **door) as client:
        text = (await client.get("/performance?span=week")).text
    assert 'hx-get="/visits/fragments/reviews?first=2026-03-30&amp;last=2026-03-31"' in text
    assert '<a href="/visits/agent">工作台</a>' in text


async def test_the_page_is_for_those_who_call(worked: Served) -> None:
    assert (await page(worked, role="auditor")).status_code == 403
    assert (await page(worked, role=None)).status_code == 303


async def test_the_answer_for_programs_has_the_same_figures(worked: Served) -> None:
    async with worked.client("agent") as client:
        told = (await client.get("/api/v1/agents/me", params={"from": "2026-03-31", "to": "2026-03-31"})).json()
    figures = {one["kpi"]: one for one in told["figures"]}
    contact = figures["contact"]
    assert (contact["value"], contact["numerator"], contact["denominator"]) == (0.75, 3, 4)
    assert (contact["peer_median"], contact["formula_version"]) == (0.5, "contact@1")
    assert figures["late"]["value"] == 2
    assert figures["satisfaction"]["small_sample"] is True
