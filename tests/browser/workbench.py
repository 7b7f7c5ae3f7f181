"""The agent's workbench by itself: real service, real database, real browser; the other services are not needed for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, expect

from shared.clock import ManualClock
from shared.principal import Principal, Role
from shared.sessions import COOKIE, open_session
from tests.browser.kit import AGENT_DESK, TIMEOUT, Watch
from tests.hostile.wire import listening
from tests.visits.conftest import Desk, open_desk, released

DROPPED = "ERR_INTERNET_DISCONNECTED|Failed to load resource|scheme does not have a registered handler|tel:"
REFUSED = "status of 4(09|12|22)"


@dataclass
class Workbench:
    """The visits service at a port, and agents with a browser each."""

    desk: Desk
    browser: Browser
    address: str
    watch: Watch
    contexts: list[BrowserContext]

    async def page(self, agent: str = "1001", at: str = "/agent", role: Role = Role.AGENT, **options: Any) -> Page:
        """The workbench, or the page `at` another path, as this agent (or somebody of that `role`) has it open."""
        known = {"viewport": AGENT_DESK, "locale": "zh-CN", "timezone_id": "Asia/Shanghai", "base_url": self.address}
        context = await self.browser.new_context(**(known | options))
        context.set_default_timeout(TIMEOUT)
        self.contexts.append(context)
        self.watch.over(context)
        runtime = self.desk.served.runtime
        token = runtime.signer.sign(open_session(Principal(agent, (role,), agent), "", runtime.clock.machine()))
        await context.add_cookies([{"name": COOKIE, "value": token, "url": self.address}])
        page = await context.new_page()
        await page.goto(at)
        return page

    async def states(self) -> dict[str, str]:
        async with self.desk.served.client("supervisor") as client:
            found = (await client.get("/api/v1/visits")).json()["items"]
        return {one["task_id"]: one["state"] for one in found}


@asynccontextmanager
async def opened(browser: Browser, dsn: str, clock: ManualClock, **settings: Any) -> AsyncIterator[Workbench]:
    """A workbench with three customers to call."""
    async with open_desk(dsn, clock, **settings) as desk, listening(desk.served.app) as port:
        await desk.publish("gas-repair")
        address = f"http://127.0.0.1:{port}"
        world = Workbench(desk, browser, address, Watch(f"127.0.0.1:{port}", [DROPPED]), [])
        await desk.served.deliver(
            *(released(f"T{n}", customer=f"C{n}", questionnaire="gas-repair", priority=n) for n in (1, 2, 3))
        )
        yield world
        for context in world.contexts:
            await context.close()
        world.watch.require_nothing_unexpected()


async def press(page: Page, *keys: str) -> None:
    for key in keys:
        await page.keyboard.press(key)


async def dialled(page: Page) -> None:
    """Dial, and wait for the platform's answer: the page shows the call before it."""
    async with page.expect_response("**/dial"):
        await page.keyboard.press("F2")


async def claimed(page: Page) -> None:
    """Claim the next visit and wait for its opening."""
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-step=opening]")).to_be_focused()
