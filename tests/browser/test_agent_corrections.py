"""A record finished today is corrected at the workbench."""

from playwright.async_api import Page, expect

from tests.browser.kit import faults_of
from tests.browser.test_agent_day import SATISFIED
from tests.browser.workbench import REFUSED, Workbench, claimed, press


async def test_a_finished_call_is_corrected_and_its_versions_are_shown(workbench: Workbench) -> None:
    page = await workbench.page()
    await finished(page)
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


async def finished(page: Page) -> None:
    """A satisfied call, with the list of finished ones open."""
    await claimed(page)
    await press(page, "F2", "1")
    for number, key in enumerate(SATISFIED):
        await expect(page.locator(".said")).to_have_count(number + 1)
        await page.keyboard.press(key)
    await press(page, "Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("1")
    await page.locator("#tab-done").click()
    await expect(page.locator("#queue-rows")).to_contain_text("满意")


async def test_a_correction_that_was_typed_outlives_a_reload_and_meets_one_that_was_faster(
    workbench: Workbench,
) -> None:
    workbench.watch.tolerated.append(REFUSED)
    page = await workbench.page()
    await finished(page)
    await page.get_by_role("button", name="更正张三的回访").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="不满意", exact=True).click()
    await dialog.locator("[data-field=why-corrected]").fill("听录音后发现选错了")
    await page.reload()
    await page.locator("#tab-done").click()
    await page.get_by_role("button", name="更正张三的回访").click()
    await expect(dialog.get_by_text("已恢复您上次没有提交的填写。")).to_be_visible()
    assert await faults_of(page) == []
    await expect(dialog.locator("[data-field=why-corrected]")).to_have_value("听录音后发现选错了")
    await expect(dialog.locator("[aria-pressed=true]", has_text="不满意")).to_have_count(1)

    [told] = await workbench.desk.served.published("visit.completed")
    async with workbench.desk.served.client("supervisor") as boss:
        [visit] = [one for one in (await boss.get("/api/v1/visits")).json()["items"] if one["state"] == "completed"]
        body = {"answers": told.data["answers"], "note": "客户说师傅很准时", "reason": "补记客户原话"}
        where, seen = f"/api/v1/visits/{visit['id']}/correct", {"If-Match": f'"{visit["version"]}"'}
        assert (await boss.post(where, json=body, headers=seen)).status_code == 200
    await dialog.get_by_role("button", name="没有按约定时间上门").click()
    await dialog.get_by_role("button", name="更正", exact=True).click()
    offer = dialog.get_by_text("test-supervisor 于")
    await expect(offer).to_contain_text("更正了这份记录（补记客户原话）")
    await dialog.get_by_role("button", name="更正", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_contain_text("请先选择保留哪一份。")
    assert len(await workbench.desk.served.published("visit.corrected")) == 1
    await dialog.get_by_role("button", name="用我填写的").click()
    await dialog.get_by_role("button", name="更正", exact=True).click()
    await expect(page.locator(".notice.good")).to_contain_text("已更正张三的回访")
    [first, second] = [event.data for event in await workbench.desk.served.published("visit.corrected")]
    assert (first["rating"], second["rating"], second["reason"]) == (5, 2, "听录音后发现选错了")

    await page.get_by_role("button", name="更正张三的回访").click()
    await expect(dialog.locator("[data-field=why-corrected]")).to_have_value("")
    await dialog.locator("[data-field=why-corrected]").fill("又想改")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="更正张三的回访").click()
    await dialog.get_by_role("button", name="用系统里的").click()
    await expect(dialog.locator("[data-field=why-corrected]")).to_have_value("")


async def test_a_visit_that_failed_by_a_wrong_result_is_completed_afterwards(workbench: Workbench) -> None:
    page = await workbench.page()
    await claimed(page)
    await press(page, "F2", "F4")
    await page.get_by_role("button", name="号码错误").click()
    await press(page, "Control+Enter")
    await expect(page.locator("#tab-done")).to_contain_text("1")
    await page.locator("#tab-done").click()
    await page.get_by_role("button", name="更正张三的回访").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_text("请选真正的结果。")).to_be_visible()
    await expect(dialog.get_by_role("group")).to_have_count(0)
    await dialog.locator("[data-field=right-result]").select_option("refused")
    await expect(dialog.get_by_text("回访按这个结果办结。")).to_be_visible()
    await dialog.locator("[data-field=right-result]").select_option("completed")
    assert await faults_of(page) == []

    for number in range(len(SATISFIED)):
        await dialog.get_by_role("group").nth(number).get_by_role("button").first.click()
    await dialog.locator("[data-field=why-corrected]").fill("客户接听并答完，误选了号码错误")
    await page.keyboard.press("Enter")
    await expect(page.locator(".notice.good")).to_contain_text("已更正张三的回访")
    await expect(page.locator("#queue-rows")).to_contain_text("非常满意")
    [again] = [event.data for event in await workbench.desk.served.published("visit.reopened")]
    assert (again["reason"], again["why"]) == ("invalid_number", "客户接听并答完，误选了号码错误")
