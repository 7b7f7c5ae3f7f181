"""Signing in with name and password, and the page of people, in a real browser."""

import asyncio
import json

from playwright.async_api import Page, expect

from tests.browser.kit import PHONE, SECONDS, People, faults_of

OWN = "wet-otter-77-umbrella"


async def enter(page: Page, login: str, password: str) -> None:
    await page.get_by_label("登录名").fill(login)
    await page.get_by_label("密码", exact=True).fill(password)
    await page.keyboard.press("Enter")


async def signed_out(page: Page) -> None:
    """Services look every few seconds for sessions that were ended."""
    async with asyncio.timeout(2 * SECONDS):
        while not await page.get_by_role("heading", name="登录").count():
            await page.wait_for_timeout(500)
            await page.reload()


async def test_an_administrator_adds_somebody_who_chooses_a_password_and_begins(page_as: People) -> None:
    kept = json.loads((page_as.platform.var / "people.json").read_text())
    page_as.watch.tolerated += ["status of 401", "status of 422"]
    admin = await page_as()
    await admin.goto("/gateway/people")
    await enter(admin, "admin", "not the password")
    await expect(admin.get_by_role("alert")).to_contain_text("登录名或密码不对")
    assert await admin.get_by_label("登录名").input_value() == "admin"
    await enter(admin, "admin", kept["admin"])
    await expect(admin.get_by_role("heading", name="人员")).to_be_visible()
    assert await faults_of(admin) == []
    await admin.get_by_role("link", name="添加人员").click()
    await admin.get_by_label("登录名").fill("browser.ann")
    await admin.get_by_label("姓名").fill("安然")
    await admin.get_by_role("button", name="添加").click()
    await expect(admin.get_by_role("alert")).to_contain_text("至少要有一个角色")
    assert await faults_of(admin) == []
    await admin.get_by_label("主管").check()
    await admin.get_by_role("button", name="添加").click()
    password = await admin.locator("code").nth(1).inner_text()
    assert await faults_of(admin) == []

    ann = await page_as(viewport=PHONE)
    await ann.goto("/analytics/kpi")
    await enter(ann, "browser.ann", password)
    await expect(ann.get_by_role("heading", name="请先设置自己的密码")).to_be_visible()
    assert await faults_of(ann) == []
    await ann.get_by_label("新密码", exact=True).fill(OWN)
    await ann.get_by_label("再输入一次新密码").fill(OWN)
    await ann.keyboard.press("Enter")
    await expect(ann.get_by_role("heading", name="服务指标")).to_be_visible()

    await admin.goto("/gateway/people?q=browser.ann")
    await admin.get_by_role("link", name="browser.ann").click()
    await admin.get_by_role("button", name="停用「安然」").click()
    await expect(admin.get_by_text("✕ 已停用")).to_be_visible()
    await signed_out(ann)


async def test_the_pages_of_people_keep_nobody_out(page_as: People) -> None:
    page = await page_as("admin")
    for path in (
        "/login",
        "/gateway/people",
        "/gateway/people?q=nobody",
        "/gateway/people/new",
        "/gateway/people/import",
        "/gateway/people/admin",
    ):
        await page.goto(path)
        assert await faults_of(page) == [], path
