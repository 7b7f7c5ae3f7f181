"""Signing in at an identity provider of another site, as a browser lets it: it keeps strict cookies from what others send."""

import re
from collections.abc import Awaitable, Callable

from playwright.async_api import Browser, expect

from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings
from shared.clock import SystemClock
from shared.testing import serve
from tests.browser.kit import AGENT_DESK, TIMEOUT, Watch, faults_of
from tests.gateway.provider import SETTINGS, running_provider
from tests.hostile.wire import listening


async def test_somebody_signs_in_there_works_here_and_signs_out_of_both(
    browser: Browser, service_dsn: Callable[[str], Awaitable[str]]
) -> None:
    dsn = await service_dsn("gateway")
    with running_provider("localhost") as provider:
        settings = SETTINGS | {"oidc_issuer": provider}
        async with (
            serve(create_app, GatewaySettings, dsn, clock=SystemClock(), **settings) as served,
            listening(served.app) as port,
        ):
            watch = Watch(f"127.0.0.1:{port}", [re.escape(provider), "cdn.jsdelivr.net", "Failed to load resource"])
            context = await browser.new_context(
                base_url=f"http://127.0.0.1:{port}", viewport=AGENT_DESK, locale="zh-CN"
            )
            context.set_default_timeout(TIMEOUT)
            watch.over(context)
            await context.route(
                "https://**", lambda route: route.abort()
            )  # the provider's own page wants a style sheet
            page = await context.new_page()
            await page.goto("/login?next=/overview")
            assert await faults_of(page) == []
            await page.get_by_role("link", name="用统一身份认证登录").click()
            await page.get_by_role("button", name="ann@corp.example").click()
            await expect(page).to_have_url(f"http://127.0.0.1:{port}/overview")
            await expect(page.locator(".who .name")).to_contain_text("安然")
            await page.get_by_role("button", name="退出").click()
            await expect(page).to_have_url(re.compile(f"^{provider}/oauth2/end_session"))
            await page.goto("/overview")
            await expect(page.locator(".who")).to_have_count(0)
            await context.close()
            watch.require_nothing_unexpected()
