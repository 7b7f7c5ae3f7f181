"""「作业规则」 as a supervisor meets it: read, changed by keyboard, refused at the field, changed by somebody else."""

from playwright.async_api import Page, expect

from shared.auth import Role
from tests.browser.kit import faults_of
from tests.browser.workbench import REFUSED, Workbench
from tests.visits.test_work_rules import change, shown


async def at_rules(workbench: Workbench, path: str = "", role: Role = Role.SUPERVISOR) -> Page:
    return await workbench.page("boss", f"/work-rules{path}", role)


async def fits(page: Page) -> bool:
    """Whether nothing stands beyond the right edge, neither of the page nor of its tables."""
    answer: bool = await page.evaluate(
        "[document.scrollingElement, ...document.querySelectorAll('.scroll')].every(e => e.scrollWidth <= e.clientWidth)"
    )
    return answer


async def test_rules_are_read_and_changed_without_a_mouse(workbench: Workbench) -> None:
    page = await at_rules(workbench)
    await expect(page.get_by_text("还没有人修改过")).to_be_visible()
    await expect(page.get_by_role("link", name="作业规则", exact=True)).to_have_attribute("aria-current", "page")
    assert await faults_of(page) == []
    assert await fits(page)

    await page.get_by_role("link", name="修改作业规则").focus()
    await page.keyboard.press("Enter")
    attempts = page.get_by_label("一张单最多联系几次")
    await expect(attempts).to_have_value("3")
    assert await faults_of(page) == []
    assert await fits(page)
    await attempts.fill("5")
    await page.keyboard.press("Enter")  # tells first what it would change
    await expect(page.get_by_role("status", name="将要改动")).to_contain_text("一张单最多联系几次：3 → 5")
    assert (await shown(workbench.desk))[0]["version"] == 1

    await page.get_by_label("为什么修改").fill("旺季")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="保存")).to_be_focused()
    await page.keyboard.press("Enter")
    version = page.locator("#version-2")
    await expect(version).to_contain_text("旺季")
    await expect(version).to_contain_text("一张单最多联系几次：3 → 5")
    assert await faults_of(page) == []
    assert (await shown(workbench.desk))[0]["rules"]["most_attempts"] == 5


async def test_what_is_refused_is_told_at_its_field_and_nothing_typed_is_lost(workbench: Workbench) -> None:
    workbench.watch.tolerated.append(REFUSED)
    page = await at_rules(workbench, "/edit")
    await page.get_by_label("每天可以拨打的时段").fill("20:00-09:00")
    await page.get_by_label("占线：快捷键").fill("C")
    await page.get_by_label("为什么修改").fill("试行")
    await page.get_by_role("button", name="保存").click()
    trouble = page.get_by_role("alert", name="填写有误")
    await trouble.get_by_role("link", name="09:00-12:00").click()
    await expect(page.get_by_label("每天可以拨打的时段")).to_have_attribute("aria-invalid", "true")
    assert await faults_of(page) == []
    await page.get_by_label("每天可以拨打的时段").fill("09:00-20:00")
    await page.get_by_role("button", name="保存").click()
    await expect(trouble).to_contain_text("「C」与 completed 重复")
    await expect(page.get_by_label("占线：快捷键")).to_have_value("C")
    await page.get_by_label("占线：快捷键").fill("Z")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#version-2")).to_contain_text("「占线」快捷键：Y → Z")


async def test_of_two_at_the_form_the_second_is_told_what_the_first_has_changed(workbench: Workbench) -> None:
    workbench.watch.tolerated.append(REFUSED)
    page = await at_rules(workbench, "/edit")
    await page.get_by_label("一张单最多联系几次").fill("6")
    await page.get_by_label("为什么修改").fill("旺季")
    await change(workbench.desk, most_held=9)
    await page.get_by_role("button", name="保存").click()
    theirs = page.get_by_role("alert", name="别人的修改")
    await expect(theirs).to_contain_text("坐席同时最多持有几张：50 → 9")
    assert await faults_of(page) == []
    await page.get_by_label("坐席同时最多持有几张").fill("9")
    await page.get_by_role("button", name="保存").click()
    await expect(page.locator("#version-3")).to_contain_text("一张单最多联系几次：3 → 6")
    assert (await shown(workbench.desk))[0]["rules"]["most_held"] == 9


async def test_an_auditor_reads_and_finds_no_form(workbench: Workbench) -> None:
    page = await at_rules(workbench, role=Role.AUDITOR)
    await expect(page.get_by_role("heading", name="呼叫结果代码")).to_be_visible()
    await expect(page.get_by_role("link", name="修改作业规则")).to_have_count(0)
