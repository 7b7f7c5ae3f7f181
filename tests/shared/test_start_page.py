"""An address opened in a browser leads somewhere; programs get what they always got."""

import re
from typing import Any

import httpx
import pytest

from deploy.local.settings import SERVICES, LocalSettings
from deploy.standins import mail, sms
from services.analytics.app import create_app as create_analytics
from services.analytics.settings import AnalyticsSettings
from services.gateway.app import create_app as create_gateway
from services.gateway.settings import GatewaySettings
from services.visits.app import create_app as create_visits
from services.visits.settings import VisitsSettings
from shared.clock import SystemClock
from shared.testing import Served, serve
from shared.testing.signing_in import session_cookie

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SITES = {name: f"http://127.0.0.1:{port}" for port, name in enumerate((*SERVICES, "mail", "sms"), 8100)}
APPS: dict[str, Any] = {
    "gateway": (create_gateway, GatewaySettings),
    "visits": (create_visits, VisitsSettings),
    "analytics": (create_analytics, AnalyticsSettings),
}


@pytest.fixture
def assets(tmp_path):
    (tmp_path / "swagger-ui-dist").mkdir()
    return tmp_path


def running(name, clock, assets, sites=SITES, dsn="postgresql://nowhere/x"):
    create_app, kind = APPS[name]
    return serve(create_app, kind, dsn, clock=clock, page_assets=assets, sites=sites)


async def opened(served: Served, path: str = "/", host: str = "127.0.0.1:8100", **headers: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=served.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers=BROWSER | headers) as client:
        return await client.get(path)


def links(answer: httpx.Response) -> list[str]:
    return re.findall(r'href="([^"]+)"', answer.text)


async def test_the_gateway_leads_a_newcomer_to_everything_there_is(clock, assets):
    async with running("gateway", clock, assets) as served:
        page = await opened(served)
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (200, "text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    expected = {f"{SITES[name]}/docs" for name in SERVICES} | {f"{SITES[name]}/readyz" for name in SERVICES}
    expected |= {f"{SITES['sms']}/", f"{SITES['mail']}/", "/login?next=/"}
    assert expected <= set(links(page))
    assert "登录名和密码" in page.text


async def test_links_keep_the_host_that_the_browser_came_by(clock, assets):
    async with running("gateway", clock, assets) as served:
        page = await opened(served, host="localhost:8100")
        far = await opened(served, host="huifang.example")
    assert "http://localhost:8105/docs" in links(page)
    assert not [link for link in links(page) if "127.0.0.1" in link]
    assert "http://127.0.0.1:8105/docs" in links(far), "an address that was given is not bent to another machine's"


async def test_who_is_signed_in_is_greeted_and_not_asked_again(clock, assets, service_dsn):
    async with running("gateway", clock, assets, dsn=await service_dsn("gateway")) as served:
        page = await opened(served, "/overview", Cookie=await session_cookie(served, "supervisor"))
        stale = await opened(served, Cookie="huifang_session=gone")
    assert "supervisor" in page.text
    assert "/login?next=/" not in links(page)
    assert (stale.status_code, "/login?next=/" in links(stale)) == (200, True)


async def test_who_signed_in_begins_where_their_role_begins(clock, assets, service_dsn):
    async with running("gateway", clock, assets, dsn=await service_dsn("gateway")) as served:
        supervisor = await opened(served, Cookie=await session_cookie(served, "supervisor"))
        auditor = await opened(served, Cookie=await session_cookie(served, "auditor"))
    assert (supervisor.status_code, supervisor.headers["location"]) == (303, f"{SITES['analytics']}/kpi")
    assert (auditor.status_code, f"{SITES['analytics']}/kpi" in links(auditor)) == (200, True)


async def test_another_service_leads_to_its_api_and_to_the_start_page(clock, assets):
    async with running("visits", clock, assets) as served:
        page = await opened(served)
    assert {f"{SITES['gateway']}/", "/docs", "/readyz", "/login?next=/"} <= set(links(page))
    assert "回访作业" in page.text


async def test_analytics_keeps_its_own_first_page(clock, assets):
    async with running("analytics", clock, assets) as served:
        page = await opened(served)
    assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2F")


@pytest.mark.parametrize("name", ["gateway", "visits"])
async def test_a_program_still_gets_a_problem(clock, assets, name):
    async with running(name, clock, assets) as served:
        for path in ("/", "/nowhere"):
            answer = await opened(served, path, Accept="*/*")
            assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json"), path
            assert answer.json()["status"] == 404


async def test_a_wrong_address_says_so_in_a_browser_and_leads_back(clock, assets):
    async with running("visits", clock, assets) as served:
        page = await opened(served, "/nowhere")
    assert (page.status_code, page.headers["content-type"].partition(";")[0]) == (404, "text/html")
    assert "没有这个页面" in page.text
    assert f"{SITES['gateway']}/" in links(page)


async def test_the_api_description_asks_a_browser_to_sign_in_first(clock, assets, service_dsn):
    async with running("visits", clock, assets, dsn=await service_dsn("visits")) as served:
        sent = await opened(served, "/docs")
        assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fdocs")
        page = await opened(served, "/docs", Cookie=await session_cookie(served, "agent"))
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script>" not in page.text


async def test_without_addresses_only_what_is_here_is_linked(clock, assets):
    async with running("gateway", clock, assets, sites={}) as served:
        page = await opened(served)
    assert {"/docs", "/readyz"} <= set(links(page))
    assert not [link for link in links(page) if link.startswith("http")]
    assert "HUIFANG_SITES" in page.text


async def test_the_sign_in_form_lets_password_managers_tell_keys_apart(clock, assets):
    async with running("visits", clock, assets) as served:
        form = await opened(served, "/login")
    assert 'autocomplete="username"' in form.text
    assert form.text.index('autocomplete="username"') < form.text.index('autocomplete="current-password"')


async def test_every_address_has_the_icon(clock, assets, tmp_path):
    standins = [
        mail.create_app(mail.Mailbox(tmp_path / "mail", SystemClock())),
        sms.create_app(tmp_path / "sms", posting=False),
    ]
    async with running("visits", clock, assets) as served:
        for app in (served.app, *standins):
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
                icon = await client.get("/favicon.ico")
            assert (icon.status_code, icon.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")


async def test_the_stand_ins_lead_back_to_the_start_page(tmp_path, monkeypatch):
    monkeypatch.setenv("HUIFANG_SITES", '{"gateway": "http://127.0.0.1:8100"}')
    app = mail.create_app(mail.Mailbox(tmp_path / "mail", SystemClock()))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost:8112") as client:
        page = await client.get("/", headers=BROWSER)
    assert "http://localhost:8100/" in links(page)
    assert 'rel="icon"' in page.text


def test_the_local_runner_tells_every_process_where_the_others_are(monkeypatch):
    from deploy.local.processes import _common_environment as environment_of

    monkeypatch.setenv("HUIFANG_PORT_BASE", "9800")
    settings = LocalSettings.from_environment()
    for name, value in environment_of(settings, None).items():
        monkeypatch.setenv(name, value) if name == "HUIFANG_SITES" else None
    assert GatewaySettings().sites == {name: settings.url(name) for name in (*SERVICES, "mail", "sms", "front")}
