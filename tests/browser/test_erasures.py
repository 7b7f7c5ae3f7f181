"""An administrator erases a customer on the whole platform, by keyboard, and sees every service do it."""

from playwright.async_api import expect

from shared.ids import new_id
from shared.web.navigation import SITES
from tests.browser.kit import PHONE, People, crowded, faults_of


async def test_a_customer_is_erased_by_keyboard_and_every_service_says_when_it_has(page_as: People) -> None:
    customer = f"gone-{new_id()}"
    page = await page_as("admin")
    await page.goto("/gateway/erasures")
    await expect(page.get_by_role("heading", name="个人信息删除")).to_be_visible()
    assert await faults_of(page) == []

    await page.get_by_label("客户编号").focus()
    await page.keyboard.type(customer)
    await page.keyboard.press("Enter")  # nobody has said yet that it was the customer who asked
    await expect(page.locator("tbody").get_by_text(customer)).to_have_count(0)
    await page.get_by_label("已核实是客户本人的要求").focus()
    await page.keyboard.press("Space")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="删除")).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("rowheader", name=customer)).to_be_visible()
    for site in [one for one in SITES.values() if one.is_service]:
        panel = page.locator(f'[data-panel="{site.title}"]')
        await expect(panel.get_by_text("✓ 都已清理")).to_be_visible()
    assert await faults_of(page) == []
    assert await crowded(page) == []

    await page.set_viewport_size(PHONE)
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert await faults_of(page) == []
