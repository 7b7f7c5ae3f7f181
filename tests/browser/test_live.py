"""Pages that are told what has changed: they show it without asking every few seconds, and where nobody tells them they ask."""

from collections.abc import Awaitable, Callable

from playwright.async_api import Browser, Page, expect

from shared.clock import ManualClock
from shared.embedded.processes import free_port
from tests.browser.workbench import Workbench, claimed, opened
from tests.hostile.wire import listening
from tests.visits.conftest import cancelled, released

LIVE = "**/agent/live"
# the page's timer of every 4 s never comes: what changes is told, or not seen
NEVER_ASKS = """
    const every = window.setInterval;
    window.setInterval = (act, pause, ...more) => every(act, pause === 4000 ? 1e9 : pause, ...more);
"""


async def told(workbench: Workbench, at: str = "/agent", agent: str = "1001", only_told: bool = True) -> Page:
    """The agent's page with its stream open."""
    page = await workbench.page(agent, at="/login")
    if only_told:
        await page.add_init_script(NEVER_ASKS)
    async with page.expect_response(LIVE) as stream, page.expect_response("**/queue?**"):
        await page.goto(at)
    assert (await stream.value).status == 200
    return page


async def test_what_is_released_and_what_a_colleague_takes_shows_by_itself(workbench: Workbench) -> None:
    page = await told(workbench)
    await expect(page.locator("#tab-open")).to_contain_text("3")
    await workbench.desk.served.deliver(released("T9", customer="C9", questionnaire="gas-repair"))
    await expect(page.locator("#tab-open")).to_contain_text("4")
    async with workbench.desk.agent("1002") as colleague:
        assert (await colleague.post("/api/v1/visits/claim", json={"limit": 1})).is_success
    await expect(page.locator("#tab-open")).to_contain_text("3")


async def test_the_list_on_site_shows_what_is_released_and_keeps_the_focus(workbench: Workbench) -> None:
    await workbench.desk.served.deliver(released("S1", customer="CS1", channel="on_site", questionnaire="gas-repair"))
    page = await workbench.page(at="/login")
    await page.add_init_script(NEVER_ASKS)
    async with page.expect_response(LIVE), page.expect_response("**/on-site/list"):
        await page.goto("/on-site")
    stops = page.locator("#queue-rows li")
    await expect(stops).to_have_count(1)
    await stops.get_by_role("button").focus()
    first = await page.evaluate("document.activeElement.id")
    await workbench.desk.served.deliver(released("S2", customer="CS2", channel="on_site", questionnaire="gas-repair"))
    await expect(stops).to_have_count(2)
    await page.wait_for_function("id => document.activeElement.id === id", arg=first)


async def test_a_visit_that_is_taken_away_is_told_to_its_agent(workbench: Workbench) -> None:
    page = await told(workbench)
    await claimed(page)
    await workbench.desk.served.deliver(cancelled("T1"))
    await expect(page.locator(".notices p[role=alert] b")).to_be_visible()


async def test_the_page_is_told_again_after_its_service_was_restarted(
    browser: Browser, service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock
) -> None:
    async with opened(browser, await service_dsn("visits"), clock) as world:
        port = free_port()
        world.address, world.watch.host = f"http://127.0.0.1:{port}", f"127.0.0.1:{port}"
        async with listening(world.desk.served.app, port):
            page = await told(world)
        await world.desk.served.deliver(released("T9", customer="C9", questionnaire="gas-repair"))
        async with listening(world.desk.served.app, port):
            await expect(page.locator("#tab-open")).to_contain_text("4")
            await world.desk.served.deliver(released("T10", customer="C10", questionnaire="gas-repair"))
            await expect(page.locator("#tab-open")).to_contain_text("5")
            await page.context.close()


async def test_a_page_without_a_stream_asks(silent: Workbench) -> None:
    page = await silent.page(at="/login")
    async with page.expect_response(LIVE) as refused:
        await page.goto("/agent")
    assert (await refused.value).status == 503
    await silent.desk.served.deliver(released("T9", customer="C9", questionnaire="gas-repair"))
    await expect(page.locator("#tab-open")).to_contain_text("4")
