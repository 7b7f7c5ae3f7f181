"""The first follow-up of somebody who has never been here, with a customer who is dissatisfied.

Nothing is known beforehand but what the pages say: which button begins, and the keys that stand on the answers.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Page, expect

from tests.browser.workbench import dialled

Seen = Callable[[str], Awaitable[None]]
DISSATISFIED = "不满意"
SAID = "换了阀门还是打不着火，等了两天没人来"
MOST_STEPS = 40
# the part of the script that has the focus, and its answers with their keys
_NOW = """() => {
  const at = document.activeElement;
  const box = at.closest('.answers')?.parentElement ?? at.parentElement;
  const answers = [...box.querySelectorAll('.answers .answer')].filter((each) => each.offsetParent !== null);
  return {
    step: at.dataset.step ?? '',
    field: at.dataset.field ?? '',
    given: answers.some((each) => each.getAttribute('aria-pressed') === 'true'),
    keys: Object.fromEntries(answers.map((each) => [each.querySelector('span')?.textContent ?? each.textContent,
                                                    each.querySelector('kbd')?.textContent ?? ''])),
  };
}"""


async def first_call(page: Page, login: str, password: str, seen: Seen) -> None:
    """From the sign-in to the next customer; `seen` is told the name of each moment worth a picture."""
    await page.goto("/")
    if not await page.get_by_label("登录名").is_visible():
        await page.get_by_role("link", name="登录").click()
    await page.get_by_label("登录名").fill(login)
    await seen("sign-in")
    await page.get_by_label("密码", exact=True).fill(password)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="领取下一单 Enter")).to_be_focused()
    await page.wait_for_load_state("networkidle")
    await seen("workbench")

    await page.keyboard.press("Enter")
    await expect(page.locator("[data-step=opening]")).to_be_focused()
    await expect(page.locator("#aside h2").first).to_be_visible()
    await expect(page.locator("#aside .loading")).to_have_count(0)
    await dialled(page)
    await expect(page.get_by_role("button", name="挂断 F4")).to_be_enabled()
    await seen("opening")

    await _ask_all(page, seen)
    await page.keyboard.press("F4")
    await expect(page.get_by_role("heading", name="通话小结")).to_be_visible()
    await page.keyboard.press("c")
    await seen("wrap-up")
    before = await page.locator("#tab-done b").inner_text()
    await page.keyboard.press("Control+Enter")
    await expect(page.locator("#tab-done b")).not_to_have_text(before)
    await page.wait_for_load_state("networkidle")


async def _ask_all(page: Page, seen: Seen) -> None:
    """Press the key of an answer to each question, that of the dissatisfied one where there is one."""
    is_dissatisfied = False
    for _ in range(MOST_STEPS):
        now = await page.evaluate(_NOW)
        if now["step"] == "closing":
            assert is_dissatisfied, "nobody was asked whether they are satisfied"
            return
        if now["field"]:
            await page.keyboard.type(SAID)
            if is_dissatisfied:
                await seen("dissatisfied")
            await page.keyboard.press("Enter")
        elif now["keys"] and not now["given"]:
            is_dissatisfied = is_dissatisfied or DISSATISFIED in now["keys"]
            await page.keyboard.press(now["keys"].get(DISSATISFIED) or next(iter(now["keys"].values())))
        else:
            await page.keyboard.press("Enter")
        await _moved(page, now)
    raise AssertionError("the script has no end")


async def _moved(page: Page, before: dict[str, Any]) -> None:
    """Wait until the page has taken the key."""
    await page.wait_for_function(f"before => JSON.stringify(({_NOW})()) !== JSON.stringify(before)", arg=before)
