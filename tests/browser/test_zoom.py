"""The workbench at 200 %: a window of 1366×768 has 683×384 pixels then, and a whole call goes by keyboard as at any size."""

from playwright.async_api import Page, expect

from tests.browser.kit import faults_of
from tests.browser.workbench import Workbench, claimed, press

ENLARGED = {"viewport": {"width": 683, "height": 384}, "device_scale_factor": 2}
# what of the page can't be seen without a second scrollbar, or by scrolling sideways
HIDDEN = """() => {
    const page = document.scrollingElement;
    const shown = [...document.querySelectorAll("body *")].filter((one) => one.offsetHeight && !one.closest("dialog"));
    const scrolls = (one) => one.scrollHeight > one.clientHeight + 1
        && ["auto", "scroll"].includes(getComputedStyle(one).overflowY);
    const cut = (one) => one.matches("button, a, select, input, textarea") && !one.closest(".skip, .unseen")
        && (one.getBoundingClientRect().right > page.clientWidth + 1 || one.getBoundingClientRect().left < -1);
    return [
        ...(page.scrollWidth > page.clientWidth ? ["the page, sideways"] : []),
        ...shown.filter((one) => scrolls(one) || cut(one)).map((one) => one.outerHTML.slice(0, 80)),
    ];
}"""
# whether all of these stand above the bar of the call, inside the window
SEEN = """(selector) => {
    const bar = document.querySelector(".call").getBoundingClientRect();
    const shown = [...document.querySelectorAll(selector)].filter((one) => one.offsetHeight);
    const places = shown.map((one) => one.getBoundingClientRect());
    return bar.bottom <= innerHeight + 1 && places.length > 0
        && places.every((one) => one.top >= -1 && one.bottom <= bar.top + 1);
}"""


async def seen(page: Page, *selectors: str) -> None:
    for selector in selectors:
        await page.wait_for_function(SEEN, arg=selector)
    assert await page.evaluate(HIDDEN) == []


async def asked(page: Page, number: int) -> None:
    """The question is focused, and stands on the screen with its answers."""
    await expect(page.locator(".said:visible")).to_have_count(number)
    step = "[data-together]:has(.say:focus) .answers button"
    await seen(page, ".say:focus", step)


async def test_a_whole_call_goes_by_keyboard_with_all_that_is_asked_in_sight(workbench: Workbench) -> None:
    page = await workbench.page(**ENLARGED)
    await expect(page.get_by_role("button", name="领取下一单 Enter")).to_be_focused()
    await seen(page, ".claim button", "#queue .tabs button")
    await claimed(page)
    await asked(page, 0)
    await press(page, "F2", "1")
    for number in range(1, 7):
        await asked(page, number)
        await page.keyboard.press("1")
    await asked(page, 7)
    await page.keyboard.press("4")
    await expect(page.get_by_text("追问（必答，可多选）")).to_be_visible()
    await asked(page, 7)
    assert await faults_of(page) == []
    await press(page, "1", "F4")
    await expect(page.get_by_role("heading", name="通话小结")).to_be_focused()
    await seen(page, ".wrap-up h2", ".wrap-up [aria-pressed=true]")
    await page.keyboard.press("b")
    await seen(page, ".wrap-up fieldset:has(input[type=datetime-local]) button")
    await press(page, "r", "Control+Enter")  # a refusal needs a note
    await expect(page.locator("[data-field=note]")).to_be_focused()
    await seen(page, "[data-field=note]", ".wrap-up .error")
    assert await faults_of(page) == []
    await page.keyboard.type("不想再接电话")
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("1")
    await asked(page, 0)  # the next customer's opening
    assert (await workbench.states())["T1"] == "failed"


async def test_what_is_not_the_call_is_reached_by_the_page_s_own_scrollbar(workbench: Workbench) -> None:
    page = await workbench.page(**ENLARGED)
    await claimed(page)
    await expect(page.get_by_text("来源单 WX202603030017")).to_be_visible()
    for part in (page.get_by_text("来源单 WX202603030017"), page.locator("#queue .tabs button").last):
        await part.scroll_into_view_if_needed()
        assert await page.evaluate(HIDDEN) == []
    await page.keyboard.press("?")
    close = page.locator("#keys").get_by_role("button", name="关闭")
    await expect(close).to_be_focused()
    box = await close.bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= box["y"] + box["height"] <= 384
    await page.keyboard.press("Escape")
