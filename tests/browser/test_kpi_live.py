"""The KPI page as a supervisor leaves it open: new figures come by themselves, and nothing that somebody is at is disturbed."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from services.analytics.app import create_app
from services.analytics.settings import AnalyticsSettings
from shared.clock import ManualClock
from shared.principal import Principal, Role
from shared.sessions import COOKIE, open_session
from shared.testing import Served, serve
from tests.analytics.builders import Followup
from tests.analytics.conftest import TODAY
from tests.analytics.world import everything
from tests.browser.kit import AGENT_DESK, TIMEOUT, Watch, faults_of
from tests.browser.test_live import NEVER_ASKS
from tests.hostile.wire import listening

GONE = "Failed to load resource|ERR_|htmx:sendError"  # what the rest of the page may ask for meanwhile


class Board:
    """Analytics at a port, and its page in a browser."""

    def __init__(self, served: Served, browser: Browser, port: int) -> None:
        self.served = served
        self.browser = browser
        self.address = f"http://127.0.0.1:{port}"
        self.watch = Watch(f"127.0.0.1:{port}")
        self.contexts: list[BrowserContext] = []

    async def page(self, at: str = "/kpi", only_told: bool = True, **claims: tuple[str, ...]) -> Page:
        """The page of a supervisor, which shows what it is told of; it would ask by itself without `only_told`."""
        context = await self.browser.new_context(viewport=AGENT_DESK, locale="zh-CN", base_url=self.address)
        context.set_default_timeout(TIMEOUT)
        self.contexts.append(context)
        self.watch.over(context)
        runtime = self.served.runtime
        who = Principal("boss", (Role.SUPERVISOR,), "主管", **claims)
        token = runtime.signer.sign(open_session(who, "", runtime.clock.machine()))
        await context.add_cookies([{"name": COOKIE, "value": token, "url": self.address}])
        page = await context.new_page()
        if only_told:
            await page.add_init_script(NEVER_ASKS)
        await page.goto(at)
        return page

    async def count(self, number: str, branch: str = "B1") -> None:
        """One more visit that somebody completed."""
        more = Followup(number, f"C{number}", branch=branch)
        await self.served.deliver(more.planned(), more.task("released"), more.attempted(), more.outcome(rating=5))


@pytest.fixture
async def board(browser: Browser, service_dsn: Callable[[str], Awaitable[str]]) -> AsyncIterator[Board]:
    dsn = await service_dsn("analytics")
    async with (
        serve(create_app, AnalyticsSettings, dsn, clock=ManualClock(TODAY)) as served,
        listening(served.app) as port,
    ):
        board = Board(served, browser, port)
        yield board
        for context in board.contexts:
            await context.close()
        board.watch.require_nothing_unexpected()


async def test_new_figures_show_by_themselves_and_disturb_nothing(board: Board) -> None:
    await board.served.deliver(*everything())
    page = await board.page()
    await expect(page.locator("#kpi-completion .parts")).to_have_text("8 / 13")
    opened = page.locator("#kpi-completion details")
    await opened.locator("summary").click()
    await page.get_by_label("起始日期").fill("2026-02-03")
    await page.get_by_label("业务类型").focus()
    await page.evaluate("window.chart = document.querySelector('#funnel canvas')")
    await board.count("71")
    await expect(page.locator("#kpi-completion .parts")).to_have_text("9 / 14")
    assert await opened.get_attribute("open") is not None
    assert await page.get_by_label("起始日期").input_value() == "2026-02-03"
    assert await page.evaluate("document.activeElement.id") == "f-kind"
    assert await page.evaluate("window.chart.isConnected")  # the chart took the figures over
    assert "9" in await page.evaluate("document.getElementById('chart-data').textContent")
    assert await faults_of(page) == []


async def test_the_first_figures_take_the_place_of_the_words_that_there_are_none(board: Board) -> None:
    page = await board.page("/kpi?from=2026-03-01&to=2026-03-31")
    await expect(page.get_by_role("heading", name="所选范围内还没有数据")).to_be_visible()
    await board.count("71")
    await expect(page.locator("#kpi-completion .parts")).to_have_text("1 / 1")
    await expect(page.locator("#funnel canvas")).to_be_visible()


async def test_a_page_that_hears_nothing_says_that_its_figures_are_old(board: Board) -> None:
    board.watch.tolerated.append(GONE)
    await board.served.deliver(*everything())
    page = await board.page(only_told=False)
    await page.context.set_offline(True)
    await expect(page.locator("#stale")).to_contain_text("数字没有更新")
    await board.count("71")
    await page.context.set_offline(False)
    await expect(page.locator("#kpi-completion .parts")).to_have_text("9 / 14")
    await expect(page.locator("#stale")).to_be_empty()


async def test_who_looks_chooses_the_columns_and_finds_them_so_again(board: Board) -> None:
    await board.served.deliver(*everything())
    page = await board.page()
    heads = page.locator("#branch-table thead th:visible")
    all_heads = await heads.all_inner_texts()
    await page.get_by_text("选择列").click()
    await page.get_by_role("checkbox", name="闭环率").uncheck()
    left = [head for head in all_heads if head != "闭环率"]
    await expect(heads).to_have_text(left)
    await expect(page.locator("#branch-table tfoot :is(th, td):visible")).to_have_count(len(left))
    await board.count("71", branch="B9")
    await expect(page.locator("#branch-rows tr")).to_have_count(3)  # a branch that came meanwhile has the same columns
    await expect(page.locator("#branch-rows tr:last-child td:visible")).to_have_count(len(left))
    assert await faults_of(page) == []
    await page.reload()
    await expect(heads).to_have_text(left)
    await page.emulate_media(media="print")
    await expect(heads).to_have_text(left)
    await expect(page.get_by_text("选择列")).to_be_hidden()
    await page.evaluate("localStorage.setItem('huifang-columns/boss/branch-table', 'no list')")
    await page.emulate_media(media="screen")
    await page.reload()
    await expect(heads).to_have_text(all_heads)
