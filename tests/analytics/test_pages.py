"""The KPI page as a browser without scripts sees it."""

import json
import re

from shared.auth import Role, issue_token
from shared.contracts.organisation import KindEntry, OrganisationPublished
from shared.testing import event
from tests.analytics.builders import Followup

HTML = {"Accept": "text/html"}


async def page(analytics, path="/kpi", role="supervisor"):
    async with analytics.client(role, **HTML) as client:
        return await client.get(path)


def chart_data(text):
    return json.loads(re.search(r'id="chart-data"[^>]*>(.*?)</script>', text, re.S).group(1))


async def test_whoever_is_not_logged_in_is_sent_to_the_login_page_and_back(seen):
    answer = await page(seen, "/kpi?branch=B1", role=None)
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fkpi%3Fbranch%3DB1")


async def test_whoever_may_not_see_figures_is_told_so(seen):
    answer = await page(seen, role="agent")
    assert answer.status_code == 403
    assert "没有权限" in answer.text


async def test_every_figure_is_shown_with_its_parts_and_formula(seen):
    text = (await page(seen)).text
    card = text[text.index('id="kpi-completion"') :]
    card = card[: card.index("</article>")]
    for shown in ("回访完成率", "61.5%", "8 / 13", "样本不足", "应访中的有效回访数 ÷ 应访数", "公式版本 1。"):
        assert shown in card
    assert "城东分公司" in text


async def test_the_table_of_branches_ends_with_the_whole(seen):
    text = (await page(seen)).text
    total = text[text.index("<tfoot") : text.index("</tfoot>")]
    assert re.findall(r"<t[hd][^>]*>([^<]*)<", total)[:3] == ["合计", "13", "61.5%"]  # as the cards say


async def test_charts_get_the_same_figures(seen):
    data = chart_data((await page(seen, "/kpi?period=week")).text)
    assert [(point["name"], point["n"]) for point in data["trend"]] == [("2026 年第 10 周", 5), ("2026 年第 11 周", 1)]
    assert ["有效回访", 8] in data["funnel"]
    assert {point["name"]: point["n"] for point in data["branches"]} == {"城东分公司": 5, "B2": 1}
    assert [1, 10, 8, 5] in data["heat"]  # Mondays at ten: eight calls, five connected


async def test_filters_stay_in_the_address_and_in_every_link(seen):
    text = (await page(seen, "/kpi?branch=B2&kind=repair.closed&from=2026-03-01&to=2026-03-31&period=week")).text
    assert '<option value="B2" selected>' in text
    assert '<option value="week" selected>' in text
    assert 'href="/api/v1/kpis.xlsx?branch=B2&amp;kind=repair.closed&amp;period=week&amp;to=2026-03-31' in text
    assert (
        'href="/kpi?branch=B2&amp;kind=repair.closed&amp;period=week&amp;to=2026-02-28&amp;from=2026-02-01">上月'
        in text
    )


async def test_a_kind_of_event_that_a_pack_declares_is_offered_by_its_title(analytics):
    kinds = (KindEntry(event="meter.sealed", title="表具铅封"),)
    await analytics.deliver(event(OrganisationPublished(pack="gas", version=1, kinds=kinds)))
    await analytics.deliver(Followup("F1", kind="meter.sealed").planned())
    assert '<option value="meter.sealed" >表具铅封</option>' in (await page(analytics)).text
    text = (await page(analytics, "/kpi?kind=meter.sealed&from=2026-03-01&to=2026-03-31")).text
    assert '<option value="meter.sealed" selected>表具铅封</option>' in text


async def test_empty_fields_of_the_form_are_no_filters(seen):
    answer = await page(seen, "/kpi?from=&to=&branch=&kind=&policy=")
    assert answer.status_code == 200
    assert "61.5%" in answer.text


async def test_where_there_is_nothing_the_page_says_what_to_do(analytics):
    text = (await page(analytics)).text
    assert "所选范围内还没有数据" in text
    assert "放宽日期范围" in text


async def test_the_page_allows_no_foreign_and_no_inline_scripts(seen):
    answer = await page(seen)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    scripts = re.findall(r"<script([^>]*)>", answer.text)
    assert all('src="/static/' in script or "application/json" in script for script in scripts)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=", answer.text)


async def test_a_hostile_branch_code_is_shown_and_never_run(analytics):
    evil = "</script><script>alert(1)</script>"
    await analytics.deliver(Followup("1", branch=evil).planned(), Followup("1", branch=evil).outcome())
    text = (await page(analytics)).text
    assert evil not in text
    assert chart_data(text)["branches"][0]["name"] == evil


async def test_somebody_limited_to_a_branch_is_offered_no_other(seen):
    secret = seen.runtime.settings.jwt_secret.get_secret_value()
    token = issue_token(secret, "boss", Role.SUPERVISOR, 4102444800, units=["B2"])
    async with seen.client(None, Authorization=f"Bearer {token}", **HTML) as client:
        text = (await client.get("/kpi")).text
    assert '<option value="B2"' in text
    assert "城东分公司" not in text


async def test_the_start_page_leads_to_the_figures(seen):
    assert (await page(seen, "/")).headers["location"] == "/kpi"
