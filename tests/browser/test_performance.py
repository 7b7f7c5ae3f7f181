"""「我的业绩」 as an agent meets it: empty in the morning, figures after a call, by keyboard, at a desk and on a phone."""

import asyncio
import re
from typing import Any

import httpx
from playwright.async_api import Page, expect

from shared.ids import new_id
from tests.browser.kit import PHONE, SECONDS, People, faults_of, focused
from tests.browser.test_agent_front_door import arrived, repair
from tests.local_platform import Local


async def called(platform: Local, role: str) -> None:
    """Somebody with the role's key claims a visit of their own customer's, calls and reaches nobody; a remark follows."""
    customer = f"performance-{new_id().hex[-6:]}"
    await arrived(platform, repair(customer, "钱女士", f"WX-{customer}"))
    keys, visits = platform.run["keys"], platform.run["services"]["visits"]

    async def ask(role: str, method: str, path: str, **options: Any) -> Any:
        key = {"Authorization": f"Bearer {keys[role]}"}
        async with httpx.AsyncClient(base_url=visits, headers=key, timeout=SECONDS) as client:
            answer = await client.request(method, f"/api/v1/visits{path}", **options)
        assert answer.is_success, answer.text
        return answer.json()

    [visit] = (await ask(role, "GET", "", params={"customer_id": customer}))["items"]
    await ask(role, "POST", f"/{visit['id']}/claim", json={})
    await ask(role, "POST", f"/{visit['id']}/attempts", json={"result": "invalid_number", "wrap_up_seconds": 20})
    await ask("supervisor", "POST", f"/{visit['id']}/review", json={"remark": "已核实是空号"})


async def counted(page: Page) -> None:
    """Figures follow the events by a second or two; the page says what there was when it was opened."""
    async with asyncio.timeout(2 * SECONDS):
        while not await page.locator("#own-calls").count():
            await page.wait_for_timeout(500)
            await page.reload()


async def test_an_agent_finds_the_own_figures_with_their_formulas_and_remarks(page_as: People, platform: Local) -> None:
    page = await page_as(person="agent")
    await page.goto("/")
    await page.get_by_role("link", name="我的业绩").click()
    await page.goto("/analytics/performance?from=2026-01-05&to=2026-01-05")  # other tests have called today
    await expect(page.get_by_role("heading", name="这段时间还没有拨打")).to_be_visible()
    await expect(page.locator(".fragment")).to_contain_text("还没有收到复核意见")
    assert await faults_of(page) == []

    await called(platform, "agent")
    page = await page_as("agent")
    await page.goto("/analytics/performance")
    await counted(page)
    await expect(page.locator(".fragment")).to_contain_text("已核实是空号")
    assert await faults_of(page) == []

    await page.get_by_role("link", name="本周").focus()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(r"/analytics/performance\?span=week$"))
    await page.locator("#own-calls summary").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("拨打次数，接通与否都计")).to_be_visible()
    assert await focused(page) == "i"


async def test_the_page_fits_a_phone(page_as: People, platform: Local) -> None:
    await called(platform, "agent")
    page = await page_as("agent", viewport=PHONE)
    await page.goto("/analytics/performance?span=month")
    await counted(page)
    await expect(page.locator("#own-calls .value")).to_be_visible()
    wide = await page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
    assert wide <= 0
    assert await faults_of(page) == []
