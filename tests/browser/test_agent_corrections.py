"""A record finished today is corrected at the workbench."""

from playwright.async_api import expect

from tests.browser.kit import faults_of
from tests.browser.test_agent_day import SATISFIED
from tests.browser.workbench import Workbench, claimed, press


async def test_a_finished_call_is_corrected_and_its_versions_are_shown(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "1")
    for number, key in enumerate(SATISFIED):
        await expect(page.locator(".said")).to_have_count(number + 1)
        await page.keyboard.press(key)
    await press(page, "Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("1")
    await page.locator("#tab-done").click()
    await expect(page.locator("#queue-rows")).to_contain_text("满意")
    await page.get_by_role("button", name="更正张三的回访").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", name="更正回访：张三")).to_be_visible()
    assert await faults_of(page) == []
    await dialog.get_by_role("button", name="不满意", exact=True).click()
    await dialog.get_by_role("button", name="没有按约定时间上门").click()
    await dialog.get_by_role("button", name="更正", exact=True).click()
    await expect(dialog.locator("[data-field=why-corrected]")).to_be_focused()  # the browser asks for the reason
    await page.keyboard.type("听录音后发现选错了")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice.good")).to_contain_text("已更正张三的回访")
    await expect(page.locator("#queue-rows")).to_contain_text("不满意")
    [told] = [event.data for event in await workbench.desk.served.published("visit.corrected")]
    assert (told["before"]["rating"], told["rating"], told["reason"]) == (5, 2, "听录音后发现选错了")
    await page.get_by_role("button", name="更正张三的回访").click()
    await dialog.get_by_text("以前的版本").click()
    await expect(dialog.get_by_text("第 1 次更正")).to_be_visible()
