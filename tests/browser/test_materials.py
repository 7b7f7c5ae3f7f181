"""「回访资料」 as a supervisor meets it: nothing yet, pictures one by one by keyboard, recordings, replies that wait."""

import pytest
from playwright.async_api import Page, expect

from shared.auth import Role
from tests.browser.kit import PHONE, faults_of, heights, scrolls
from tests.browser.workbench import REFUSED, Workbench
from tests.visits.asked_by_message import invited
from tests.visits.test_digit_replies import ASK, invitation_of, replied
from tests.visits.test_materials import audited, recorded, visited

TABS = ("照片与签名", "录音", "待处理的回复")


@pytest.fixture
async def desk(workbench: Workbench) -> Workbench:
    async with workbench.desk.served.client("policy_owner") as author:
        body = {"content": ASK.encode(), "headers": {"Content-Type": "application/yaml"}}
        assert (await author.post("/api/v1/questionnaires", **body)).is_success
    return workbench


async def overseen(desk: Workbench, show: str = "pictures", **options: object) -> Page:
    return await desk.page("boss", f"/materials?show={show}", Role.SUPERVISOR, **options)


async def test_where_there_is_nothing_each_tab_says_what_would_come(desk: Workbench) -> None:
    page = await overseen(desk)
    for tab, title in zip(TABS, ("这段时间没有照片和签名", "这段时间没有录音", "没有待处理的回复"), strict=True):
        await page.get_by_role("link", name=tab).click()
        await expect(page.get_by_role("heading", name=title)).to_be_visible()
        assert await faults_of(page) == []
        assert not await scrolls(page)
        assert len(await heights(page)) == 1


async def test_pictures_are_opened_one_by_one_by_keyboard_and_each_is_audited(desk: Workbench) -> None:
    _, _, signature = await visited(desk.desk, "T7", customer="C7")
    page = await overseen(desk)
    tiles = page.locator(".tile")
    await expect(tiles).to_have_count(2)
    assert await faults_of(page) == []
    assert await audited(desk.desk, "attachment.opened") == []

    await tiles.first.focus()
    await page.keyboard.press("Enter")
    picture = page.get_by_role("dialog").get_by_role("img")
    await expect(picture).to_have_js_property("complete", True)
    await expect(page.get_by_role("heading", name="客户签名 · 张三")).to_be_visible()
    assert await faults_of(page) == []
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_role("heading", name="照片 · 张三")).to_be_visible()
    await expect(page.get_by_role("button", name="下一张")).to_be_disabled()
    await expect(picture).to_have_js_property("naturalWidth", 640)
    await page.keyboard.press("Escape")
    await expect(tiles.nth(1)).to_be_focused()
    opened = [detail["attachment"] for _, _, detail in await audited(desk.desk, "attachment.opened")]
    assert (opened[0], len(opened)) == (signature, 2)


async def test_a_recording_is_given_to_who_asks_for_it(desk: Workbench) -> None:
    await recorded(desk.desk, "T7", "https://line.example/r/7", customer="C7")
    page = await overseen(desk, "recordings")
    listen = page.get_by_role("button", name="收听")
    await listen.focus()
    await page.keyboard.press("Enter")
    link = page.get_by_role("link", name="在新窗口打开录音")
    await expect(link).to_be_focused()
    await expect(link).to_have_attribute("href", "https://line.example/r/7")
    assert await faults_of(page) == []
    assert len(await audited(desk.desk, "recording.opened")) == 1


async def test_a_reply_is_given_to_a_visit_and_another_one_taken_for_a_refusal(desk: Workbench) -> None:
    desk.watch.tolerated.append(REFUSED)
    for n, customer in enumerate(("C7", "C8")):
        tasks = [f"T{n}1", f"T{n}2"]
        for task in tasks:
            await invited(desk.desk, task, customer=customer, questionnaire="ask")
        await desk.desk.served.deliver(
            replied(3, *[await invitation_of(desk.desk, task) for task in tasks], id=f"r{n}")
        )
    page = await overseen(desk, "replies")
    waiting = page.locator(".replies > li")
    await expect(waiting).to_have_count(2)
    assert await faults_of(page) == []
    assert not await scrolls(page)

    first = waiting.first
    await first.get_by_role("button", name="处理").click()
    await expect(first.get_by_role("alert")).to_have_text("请先选一项。")
    await first.get_by_label("的回答：不满意").first.check()
    await first.get_by_label("备注").fill("已致电核实")
    await page.keyboard.press("Enter")
    await expect(waiting).to_have_count(1)

    await waiting.get_by_label("客户拒访").check()
    await waiting.get_by_role("button", name="处理").click()
    await expect(waiting.get_by_role("alert")).to_contain_text(
        "请从统一入口"
    )  # this service alone has no notifications
    await waiting.get_by_label("同时登记：不再向该客户发短信").uncheck()
    await waiting.get_by_role("button", name="处理").click()
    await expect(page.get_by_role("heading", name="没有待处理的回复")).to_be_visible()

    await page.get_by_label("处理状态").select_option("1")
    await page.get_by_role("button", name="查询").click()
    await expect(waiting).to_have_count(2)
    await expect(page.get_by_text("已致电核实")).to_be_visible()
    await expect(page.get_by_text("客户拒访")).to_be_visible()


async def test_it_is_usable_on_a_phone(desk: Workbench) -> None:
    await visited(desk.desk, "T7", customer="C7")
    page = await overseen(desk, viewport=PHONE)
    await expect(page.locator(".tile")).to_have_count(2)
    assert await page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert await faults_of(page) == []
