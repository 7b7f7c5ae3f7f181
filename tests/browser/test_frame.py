"""The frame that all pages have, as people meet it: sign-in, navigation, status, keys, and a service that is down."""

import asyncio

import psutil
import pytest
from playwright.async_api import expect

from deploy.local.settings import SERVICES
from tests.browser.kit import PHONE, People, faults_of, focused
from tests.local_platform import Local

DOWN = "status of 502"
STARTING = "status of 503"


async def test_somebody_signs_in_comes_to_their_page_and_leaves(page_as: People) -> None:
    page = await page_as()
    await page.goto("/analytics/kpi")
    assert await faults_of(page) == []
    await page.get_by_text("使用访问密钥登录").click()
    await page.locator("#key").fill(page_as.platform.run["keys"]["supervisor"])
    await page.locator("#key").press("Enter")
    await expect(page.get_by_role("heading", name="服务指标")).to_be_visible()
    await page.get_by_role("link", name="回访平台").click()
    await expect(page).to_have_url(f"{page_as.front}/analytics/kpi")  # where supervisors begin
    await page.get_by_role("button", name="退出").click()
    await page.goto("/analytics/kpi")
    await expect(page.get_by_role("heading", name="登录")).to_be_visible()


async def test_the_pages_of_the_frame_keep_nobody_out(page_as: People) -> None:
    page = await page_as("supervisor")
    for path in ("/overview", "/gateway/overview", "/analytics/kpi", "/gateway/nowhere"):
        page_as.watch.tolerated.append("status of 404")
        await page.goto(path)
        assert await faults_of(page) == [], path


async def test_the_header_says_who_i_am_where_i_am_and_how_the_services_are(page_as: People) -> None:
    page = await page_as("supervisor")
    await page.goto("/analytics/kpi")
    await expect(page.locator("header [aria-current=page]")).to_have_text("指标")
    await expect(page.locator(".who .name")).to_contain_text("主管")
    await expect(page.locator("#clock")).to_contain_text("03-02 10:")
    await expect(page.locator("#status-word")).to_have_text("服务正常")
    await page.locator("#status summary").click()
    assert await page.locator("#status li[data-state=ready]").count() == len(SERVICES)


async def test_an_agent_says_on_any_page_whether_they_are_there(page_as: People) -> None:
    page = await page_as("agent")
    presence = page.locator("#presence")
    await page.goto("/analytics/performance")
    await expect(presence).to_be_enabled()
    assert await faults_of(page) == []
    async with page.expect_response("**/visits/api/v1/presence") as said:
        await presence.select_option("busy")
    assert (await said.value).ok
    await page.goto("/visits/agent")
    await expect(presence).to_be_enabled()
    await expect(presence).to_have_value("busy")
    async with page.expect_response("**/visits/api/v1/presence"):
        await presence.select_option("ready")  # others call with this key after us
    supervisor = await page_as("supervisor")
    await supervisor.goto("/analytics/kpi")
    await expect(supervisor.locator("#presence")).to_have_count(0)


async def test_keys_alone_lead_through_header_and_map(page_as: People) -> None:
    page = await page_as("supervisor")
    await page.goto("/gateway/overview")
    await page.keyboard.press("Tab")
    assert await focused(page) == "跳到正文"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "content"
    await page.reload()
    reached = []
    for _ in range(4):
        await page.keyboard.press("Tab")
        reached.append(await focused(page))
    assert reached == ["跳到正文", "回访平台", *await page.locator("header nav a").all_inner_texts()][:4]
    await page.keyboard.press("?")
    await expect(page.locator("#keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#keys")).to_be_hidden()
    assert await focused(page) == reached[3], "a dialog gives the focus back"


async def test_a_question_mark_in_a_field_is_a_question_mark(page_as: People) -> None:
    page = await page_as()
    await page.goto("/login")
    await page.locator("#login").focus()
    await page.keyboard.press("?")
    assert await page.locator("#login").input_value() == "?"
    await expect(page.locator("#keys")).to_be_hidden()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_description_of_each_api_can_be_read(page_as: People, service: str) -> None:
    page = await page_as("admin")
    await page.goto(f"/{service}/docs")
    await expect(page.locator(".opblock").first).to_be_visible()


async def test_an_api_can_be_tried_at_its_description(page_as: People) -> None:
    page = await page_as("admin")
    await page.goto("/complaints/docs")
    block = page.locator(".opblock-get", has_text="/api/v1/dead-letters").first
    await block.locator(".opblock-summary-control").click()
    await block.get_by_role("button", name="Try it out").click()
    await block.get_by_role("button", name="Execute").click()
    await expect(block.locator(".live-responses-table .response-col_status").nth(1)).to_contain_text("200")
    await expect(block.locator(".request-url")).to_contain_text("/complaints/api/v1/dead-letters")


async def test_a_service_that_was_killed_is_said_to_be_down_and_the_rest_works(
    page_as: People, platform: Local, tolerated: list[str]
) -> None:
    tolerated += [DOWN, STARTING]
    page = await page_as("supervisor")
    await page.goto("/gateway/overview")
    pid = int(platform.run["pids"]["analytics"])
    with platform.stopped("analytics"):
        await page.goto("/analytics/kpi")
        await expect(page.get_by_role("heading", name="「统计分析」暂时没有运行")).to_be_visible()
        assert await faults_of(page) == []
        await page.goto("/gateway/overview")
        await expect(page.locator("#status-word")).to_have_text("统计分析异常")
        await page.go_back()
        await expect(page.get_by_role("link", name="重试")).to_be_visible()
    await asyncio.to_thread(platform.ready_again, "analytics", other_than=pid)
    await page.get_by_role("link", name="重试").click()
    await expect(page.get_by_role("heading", name="服务指标")).to_be_visible()


async def test_a_front_door_that_was_killed_opens_again(page_as: People, platform: Local) -> None:
    page = await page_as("supervisor")
    pid = int(platform.run["pids"]["front"])
    psutil.Process(pid).kill()
    await asyncio.to_thread(platform.opens_again, other_than=pid)
    await page.goto("/gateway/overview")
    await expect(page.get_by_role("heading", name="服务与接口")).to_be_visible()


async def test_the_frame_fits_a_phone_and_twice_the_size(page_as: People) -> None:
    for size in (PHONE, {"width": 683, "height": 384}):  # 1366 × 768 at 200 %
        page = await page_as("supervisor", viewport=size)
        for path in ("/gateway/overview", "/analytics/kpi"):
            await page.goto(path)
            wide = await page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
            assert wide <= 0, (path, size)


async def test_a_panel_of_another_service_that_can_not_be_had_turns_grey_and_can_be_tried_again(
    page_as: People, tolerated: list[str]
) -> None:
    tolerated += ["status of 404", "Response Status Error Code 404"]
    page = await page_as("supervisor")
    await page.goto("/gateway/overview")
    await page.evaluate(
        """() => {
            const panel = document.createElement("section");
            panel.dataset.panel = "投诉";
            panel.setAttribute("hx-get", "/complaints/fragments/nowhere");
            panel.setAttribute("hx-trigger", "load");
            document.getElementById("content").append(panel);
            htmx.process(panel);
        }"""
    )
    panel = page.locator("[data-panel]")
    await expect(panel).to_contain_text("「投诉」暂时打不开，其余部分可照常使用。")
    await page.route("**/complaints/fragments/nowhere", lambda route: route.fulfill(body="<p>两件未结</p>"))
    await panel.get_by_role("button", name="重试").click()
    await expect(panel).to_have_text("两件未结")
    await expect(panel).not_to_have_class("missing")
