"""What the front door says is believed of nobody else, and addresses are right by either way."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from pydantic import BaseModel, Field

from shared.auth import Principal, Role, require
from shared.clock import ManualClock
from shared.errors import Conflict
from shared.http import OnceDep
from shared.ids import new_id
from shared.runtime import Service
from shared.service import build_app
from shared.settings import ServiceSettings
from shared.testing import Served, serve
from shared.testing.signing_in import session_cookie
from shared.web import render
from shared.web.assets import VENDOR
from shared.web.navigation import PAGES

KEY = "the key of the front door"
DOOR = {
    "X-Front-Door": KEY,
    "X-Forwarded-For": "203.0.113.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/visits",
}
HTML = {"Accept": "text/html"}
router = APIRouter()


class Made(BaseModel):
    id: str = Field(description="编号")


@router.get("/page")
async def page(request: Request, _who: Annotated[Principal, Depends(require(Role.SUPERVISOR))]) -> Response:
    return render(request, "service.html", service=request.app.state.service, about={}, docs=True)


@router.get("/whence")
async def whence(request: Request) -> dict[str, str]:
    return {"client": request.client.host if request.client else "", "scheme": request.url.scheme}


@router.post("/api/v1/things", status_code=201, response_model=Made)
async def make(response: Response, once: OnceDep, _who: Annotated[Principal, Depends(require(Role.ADMIN))]) -> Made:
    async def made() -> Made:
        return Made(id=new_id().hex)

    thing = await once(Made, made)
    response.headers["Location"] = f"/api/v1/things/{thing.id}"
    return thing


@router.post("/form")
async def form() -> None:
    raise Conflict("已被别人改动")


def create_app(settings: ServiceSettings, clock: ManualClock, broker: object) -> FastAPI:
    return build_app(Service(name="visits", title="作业", settings=settings, routers=[router]), clock, broker)  # type: ignore[arg-type]


@pytest.fixture
async def served(clock, tmp_path, core_dsn):
    for path in VENDOR.values():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("// theirs")
    async with serve(
        create_app, ServiceSettings, core_dsn, clock=clock, page_assets=tmp_path, front_door_key=KEY
    ) as served:
        yield served


async def get(served: Served, path: str, role: str | None = None, **headers: str) -> httpx.Response:
    async with served.client(role, **headers) as client:
        return await client.get(path)


async def test_what_the_door_says_is_believed(served):
    assert (await get(served, "/whence", **DOOR)).json() == {"client": "203.0.113.7", "scheme": "https"}


@pytest.mark.parametrize("key", [{}, {"X-Front-Door": ""}, {"X-Front-Door": "the key of another door"}])
async def test_whoever_calls_the_service_itself_can_not_say_to_be_somebody_else(served, key):
    forged = {name: value for name, value in DOOR.items() if name != "X-Front-Door"} | key
    assert (await get(served, "/whence", **forged)).json() == {"client": "127.0.0.1", "scheme": "http"}
    assert (await get(served, "/page", **HTML, **forged)).headers["location"] == "/login?next=%2Fpage"


async def test_without_a_key_set_no_header_opens_the_door(clock, core_dsn):
    async with serve(create_app, ServiceSettings, core_dsn, clock=clock) as served:
        answer = await get(served, "/whence", **(DOOR | {"X-Front-Door": ""}))
    assert answer.json() == {"client": "127.0.0.1", "scheme": "http"}


async def test_a_short_key_is_refused():
    assert any("HUIFANG_FRONT_DOOR_KEY" in reason for reason in ServiceSettings(front_door_key="short").refusals())


async def test_the_nearest_address_of_several_counts(served):
    answer = await get(served, "/whence", **(DOOR | {"X-Forwarded-For": "10.0.0.1, 203.0.113.9"}))
    assert answer.json()["client"] == "203.0.113.9"


async def test_the_way_back_after_signing_in_has_the_prefix(served):
    sent = await get(served, "/page?a=1", **HTML, **DOOR)
    assert (sent.status_code, sent.headers["location"]) == (303, "/login?next=%2Fvisits%2Fpage%3Fa%3D1")


async def test_links_and_assets_are_right_by_either_way(served):
    cookie = await session_cookie(served, "supervisor")
    behind, direct = [await get(served, "/page", Cookie=cookie, **HTML, **door) for door in (DOOR, {})]
    assert 'href="/visits/docs"' in behind.text
    assert 'href="/analytics/kpi"' in behind.text
    assert 'data-readyz="/complaints/readyz"' in behind.text
    assert 'href="/docs"' in direct.text
    assert "/analytics/kpi" not in direct.text, "nobody said where analytics is"
    for text in (behind.text, direct.text):
        assert 'src="/static/vendor/htmx.js?v=' in text


async def test_the_cookie_of_a_door_with_tls_is_secure(served):
    async with served.client(None) as client:
        form = (await client.get("/login")).text.partition('name="form" value="')[2].partition('"')[0]
        data = {"key": "test-supervisor", "form": form}
        answer = await client.post("/login", data=data, headers={"Origin": "https://test", **DOOR})
    assert "Secure" in answer.headers["set-cookie"]
    assert "Path=/;" in answer.headers["set-cookie"]


async def test_what_was_made_is_told_where_the_caller_finds_it(served):
    async with served.client() as client:
        behind = await client.post("/api/v1/things", headers=DOOR | {"Idempotency-Key": "k"}, json={})
        direct = await client.post("/api/v1/things", headers={"Idempotency-Key": "k"}, json={})
    assert behind.headers["location"] == f"/visits/api/v1/things/{behind.json()['id']}"
    assert direct.headers["location"] == f"/api/v1/things/{behind.json()['id']}", (
        "the same request by another way is the same"
    )


async def test_the_description_of_the_api_says_where_it_is_called(served):
    behind, direct = [(await get(served, "/openapi.json", "admin", **door)).json() for door in (DOOR, {})]
    assert behind["servers"] == [{"url": "/visits"}]
    assert "servers" not in direct


async def test_the_world_is_not_told_why_a_service_is_not_ready(served):
    behind, direct = [(await get(served, "/readyz", **door)).json() for door in (DOOR, {})]
    assert behind == {"status": "ready"}
    assert direct.keys() == {"status", "reasons", "warnings"}


async def test_a_form_that_failed_leads_back_to_its_page(served):
    headers = {**HTML, **DOOR, "Host": "huifang.example", "Referer": "https://huifang.example/visits/page?a=1"}
    async with served.client(None, **headers) as client:
        answer = await client.post("/form")
        foreign = await client.post("/form", headers={"Referer": "https://evil.example/x"})
    assert answer.status_code == 409
    assert "已被别人改动" in answer.text
    assert 'href="/visits/page?a=1"' in answer.text
    assert "evil" not in foreign.text


async def test_who_may_not_is_told_who_they_are_and_what_to_do(served):
    answer = await get(served, "/page", Cookie=await session_cookie(served, "agent"), **HTML)
    assert answer.status_code == 403
    assert "（坐席）" in answer.text
    assert "需要以下角色之一：主管" in answer.text
    assert "联系系统管理员" in answer.text


async def test_assets_are_kept_for_ever_by_version_and_asked_again_without(served):
    page = await get(served, "/page", Cookie=await session_cookie(served, "supervisor"), **HTML)
    address = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    kept, asked, stale = [await get(served, path) for path in (address, "/static/base.css", "/static/base.css?v=0")]
    assert "immutable" in kept.headers["cache-control"]
    assert (asked.headers["cache-control"], stale.headers["cache-control"]) == ("no-cache", "no-cache")
    again = await get(served, "/static/base.css", **{"If-None-Match": asked.headers["etag"]})
    assert again.status_code == 304


async def test_no_page_begins_the_day_of_somebody_who_may_not_open_it():
    for page in PAGES:
        assert not page.roles or set(page.home) <= set(page.roles), page.title
