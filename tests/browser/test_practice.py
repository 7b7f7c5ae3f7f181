"""A new agent's first five minutes: a practice call from beginning to end, by keyboard, led by what stands beside each area."""

import re

from playwright.async_api import Page, expect

from tests.browser.kit import faults_of, scrolls
from tests.browser.workbench import Workbench, press


async def started(page: Page) -> None:
    await expect(page.get_by_text("第一次用工作台")).to_be_visible()
    await page.get_by_role("button", name="练习一单").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-step=opening]")).to_be_focused()


async def step(page: Page, number: int) -> None:
    await expect(page.locator(".script > .coach")).to_contain_text(f"第 {number} 步")


async def test_a_first_call_is_practised_by_keyboard_from_start_to_end(workbench: Workbench) -> None:
    page = await workbench.page("newcomer")
    before = await page.locator("#queue .tabs").inner_text()
    await started(page)
    await step(page, 1)
    await expect(page.locator(".coach:visible")).to_have_count(4)  # beside queue, script, documents and call
    assert await faults_of(page) == []
    assert not await scrolls(page)
    await press(page, "F2")
    await step(page, 2)
    await press(page, "1")
    await step(page, 3)
    await press(page, "1", "4")  # not satisfied: the follow-up question opens
    await expect(page.locator("[data-step=reasons]")).to_be_focused()
    await expect(page.get_by_text("练习不会")).to_be_visible()
    await press(page, "1", "Enter")
    await page.keyboard.press("Enter")
    await step(page, 4)
    await press(page, "F4")
    await step(page, 5)
    assert await faults_of(page) == []
    await expect(page.get_by_role("button", name="完成练习 Ctrl Enter")).to_be_enabled()
    await press(page, "Control+Enter")
    await expect(page.get_by_role("heading", name="练习完成")).to_be_visible()
    assert await page.locator("#queue .tabs").inner_text() == before
    assert set((await workbench.states()).values()) == {"open", "completed"}
    assert await workbench.desk.served.published() == []


async def test_it_can_be_repeated_left_and_taken_up_after_a_reload(workbench: Workbench) -> None:
    page = await workbench.page("newcomer")
    await started(page)
    await press(page, "F2", "1")
    await step(page, 3)
    await page.reload()
    await step(page, 3)
    await page.get_by_role("button", name="退回此单").click()
    await expect(page.get_by_role("heading", name="练习完成")).to_be_visible()
    await page.get_by_role("button", name="再练一单").click()
    await step(page, 1)
    states = await workbench.states()
    assert sorted(state for task, state in states.items() if task.startswith("practice:")) == ["cancelled", "claimed"]


async def test_the_help_leads_to_it_and_nothing_of_it_is_registered_elsewhere(workbench: Workbench) -> None:
    page = await workbench.page("newcomer")
    await page.keyboard.press("?")
    dialog = page.locator("#keys")
    await dialog.get_by_role("button", name="练习一单").focus()
    await page.keyboard.press("Enter")
    await expect(dialog).to_be_hidden()
    await step(page, 1)
    for key, button in (("F7", None), (None, "登记免打扰")):
        await (page.keyboard.press(key) if key else page.get_by_role("button", name=button).click())
        await expect(page.get_by_text("练习中不会真的登记")).to_be_visible()
        await page.get_by_role("button", name="知道了").click()
        assert await page.locator("dialog[open]").count() == 0


async def test_a_second_agent_never_sees_it_and_real_calls_go_on(workbench: Workbench) -> None:
    page, colleague = await workbench.page("newcomer"), await workbench.page("1002")
    await started(page)
    await colleague.keyboard.press("Enter")
    await expect(colleague.locator("[data-step=opening]")).to_be_focused()
    await expect(colleague.locator("#aside")).not_to_contain_text("练习客户")
    await expect(colleague.locator(".coach:visible")).to_have_count(0)
    await press(page, "F2", "1", "1", "2", "Enter", "F4", "Control+Enter")
    await expect(page.get_by_role("heading", name="练习完成")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-step=opening]")).to_be_focused()
    await expect(page.locator("#aside")).to_contain_text(re.compile("张三"))
