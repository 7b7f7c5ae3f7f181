"""The audit page in a real browser: every service's log beside the others', its chain, and the filters."""

from playwright.async_api import expect

from shared.web.navigation import SITES
from tests.browser.kit import People, faults_of


async def test_an_auditor_finds_who_did_what_in_every_service(page_as: People) -> None:
    page = await page_as("auditor")
    await page.goto("/")
    await page.get_by_role("link", name="审计", exact=True).first.click()
    await expect(page.get_by_role("heading", name="审计记录")).to_be_visible()
    services = [site.title for site in SITES.values() if site.is_service]
    for title in services:
        await expect(page.locator(f'[data-panel="{title}"]').get_by_text("✓ 审计链完整")).to_be_visible()
    assert await faults_of(page) == []
    await page.get_by_label("操作", exact=True).select_option(label="登录")
    await page.get_by_role("button", name="查询").click()
    assert "action=login" in page.url
    gateway = page.locator('[data-panel="接入"]')
    await expect(gateway.get_by_role("cell", name="登录", exact=True).first).to_be_visible()
    async with page.expect_download() as started:
        await gateway.get_by_role("link", name="导出 CSV").click()
    download = await started.value
    assert download.suggested_filename.endswith(".csv")
