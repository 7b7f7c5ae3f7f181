"""Pages: login, assets, and errors that a person can read."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from limits import RateLimitItemPerMinute

from shared.auth import Principal, Role, require
from shared.clock import ManualClock
from shared.errors import Conflict
from shared.runtime import Service
from shared.service import build_app
from shared.settings import ServiceSettings
from shared.testing import Served, serve
from shared.testing.signing_in import sign_in
from shared.web import render
from shared.web.assets import VENDOR
from shared.web.login import local

HTML = {"Accept": "text/html"}
router = APIRouter()


@router.get("/page")
async def page(request: Request, _who: Annotated[Principal, Depends(require(Role.SUPERVISOR))]) -> Response:
    return render(request, "problem.html", title="一页", detail="<b>内容</b>")


@router.get("/broken")
async def broken() -> Response:
    raise Conflict("此刻不行")


def create_app(settings: ServiceSettings, clock: ManualClock, broker: object) -> FastAPI:
    return build_app(Service(name="pages", title="页面", settings=settings, routers=[router]), clock, broker)  # type: ignore[arg-type]


@pytest.fixture
async def served(clock, tmp_path, core_dsn):
    for path in VENDOR.values():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("// theirs")
    (tmp_path / "secret.txt").write_text("not for the web")
    async with serve(create_app, ServiceSettings, core_dsn, clock=clock, page_assets=tmp_path) as served:
        yield served


async def get(served: Served, path: str, role: str | None = None, **headers: str) -> httpx.Response:
    async with served.client(role, **headers) as client:
        return await client.get(path)


async def test_a_key_opens_the_page_the_user_wanted(served):
    async with served.client(None, **HTML) as client:
        sent = await client.get("/page?a=1")
        assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fpage%3Fa%3D1")
        form = await client.get(sent.headers["location"])
        assert 'name="next" value="/page?a=1"' in form.text
        answer = await sign_in(client, " test-supervisor ", next="/page?a=1")
        assert (answer.status_code, answer.headers["location"]) == (303, "/page?a=1")
        assert (await client.get("/page?a=1")).status_code == 200


async def test_the_cookie_can_be_read_by_no_script_and_sent_by_no_other_site(served):
    async with served.client(None) as client:
        answer = await sign_in(client, "test-supervisor")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("huifang_session=")
    assert "test-supervisor" not in cookie
    for attribute in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age="):
        assert attribute in cookie


async def test_over_https_the_cookie_is_sent_over_https_only(served):
    transport = httpx.ASGITransport(app=served.app)
    async with httpx.AsyncClient(transport=transport, base_url="https://test") as client:
        answer = await sign_in(client, "test-supervisor")
    assert "Secure" in answer.headers["set-cookie"]


async def test_a_wrong_key_gives_the_form_again_and_no_cookie(served):
    async with served.client(None) as client:
        answer = await sign_in(client, "wrong", next="/page")
    assert answer.status_code == 401
    assert 'role="alert"' in answer.text
    assert "wrong" not in answer.text
    assert "huifang_session" not in answer.headers["set-cookie"]


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\r\nSet-Cookie: b"]
)
async def test_nobody_is_sent_to_another_site_after_login(target):
    assert local(target) == "/"


async def test_a_program_gets_problems_and_a_person_a_page(served):
    person, program = await get(served, "/broken", **HTML), await get(served, "/broken")
    assert (person.status_code, program.status_code) == (409, 409)
    assert "此刻不行" in person.text
    assert person.headers["content-type"].startswith("text/html")
    assert program.headers["content-type"] == "application/problem+json"
    assert (await get(served, "/page")).status_code == 401


async def test_templates_escape_what_they_are_given(served):
    answer = await get(served, "/page", "supervisor", **HTML)
    assert "&lt;b&gt;内容&lt;/b&gt;" in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", VENDOR)
async def test_the_files_that_pages_load_are_served_from_here(served, name):
    answer = await get(served, f"/static/vendor/{name}")
    assert (answer.status_code, answer.text) == (200, "// theirs")
    assert answer.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["vendor/secret.txt", "vendor/..%2Fsecret.txt", "%2e%2e/login.py", "../render.py"])
async def test_nothing_else_of_the_disk_is_served(served, path):
    assert (await get(served, f"/static/{path}")).status_code == 404


async def test_a_missing_component_is_said_to_be_missing(served, tmp_path):
    (tmp_path / VENDOR["echarts.js"]).unlink()
    answer = await get(served, "/static/vendor/echarts.js")
    assert answer.status_code == 404
    assert "make setup" in answer.json()["detail"]


async def test_our_own_assets_need_no_key(served):
    assert (await get(served, "/static/base.css")).status_code == 200


async def test_an_address_that_guesses_keys_is_told_to_wait_at_every_door(served):
    served.runtime.authenticator._most = RateLimitItemPerMinute(3)
    async with served.client(None) as client:
        answers = [await sign_in(client, "wrong") for _ in range(3)]
        answers += [await client.get("/page", headers={"X-API-Key": "wrong"}) for _ in range(2)]
        right = await client.get("/page", headers={"X-API-Key": "test-supervisor"})
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert right.status_code == 200
