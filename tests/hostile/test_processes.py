"""Services as processes of their own, as in production: what once ended, froze or filled one is thrown at each over HTTP.

The other tests have the service in their own process, where a death ends the run without a name; here the same process answers
all the while and lives on, no larger than before.
"""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from deploy.local.settings import ROOT
from shared.clock import SystemClock
from shared.embedded.processes import free_port
from shared.testing.served import DATA_KEY, keys_in
from tests.architecture.parts import SETTINGS
from tests.hostile.test_uploads import corner, packed, workbook
from tests.hostile.test_worst_inputs import BATCH, BODIES
from tests.hostile.test_yaml_bombs import BOMBS
from tests.hostile.unharmed import GROWTH
from tests.hostile.wire import connected

CLOCK = SystemClock()
ROUNDS = 2
PATIENCE = 300.0  # seconds that a start, an answer or an end may take on a machine that is shared
YAML_ROUTES = {
    "visits": ["/api/v1/questionnaires"],
    "notifications": ["/api/v1/templates", "/api/v1/rules"],
    "scheduler": ["/api/v1/packs", "/api/v1/drafts"],
}
JSON_ROUTES = YAML_ROUTES | {"gateway": ["/api/v1/sources", "/api/v1/people"], "complaints": ["/api/v1/cases"]}
DIGITS = "9" * 400
BODIES_OF = {
    "digits": f'{{"name": "a", "id": "a", "kind": "generic", "options": {{"type": "x.y", "n": {DIGITS}}}, "at": {DIGITS}}}',
    "NUL": '{"name": "a\\u0000b", "id": "\\u0000", "files": {"\\u0000": ""}}',
    "half a character": '{"name": "\\ud83d", "id": "\\ud83d"}',
    "depth": "[" * 500_000,
    "depth of objects": '{"a":' * 900 + "1" + "}" * 900,
    "years": '{"name": "a", "id": "a", "valid_hours": 1e300, "at": "9999-12-31T23:59:59-14:00"}',
}


@asynccontextmanager
async def running(service: str, dsn: str, folder: Path) -> AsyncIterator[tuple[Process, int]]:
    """The service's process, its jobs at work, and its port."""
    port = free_port()
    settings = {name.upper(): value for name, value in SETTINGS.get(service, {}).items()}
    given = {
        "POSTGRES_DSN": dsn,
        "KEYS_FILE": str(keys_in(folder)),
        "DATA_KEY": DATA_KEY,
        "FAILED_SIGN_INS": "1000000",
        "CONSUMER_ENABLED": "false",
        "RELAY_ENABLED": "false",
    }
    environment = {f"HUIFANG_{name}": str(value) for name, value in (given | settings).items()}
    with (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "deploy.local.serve", service, str(port)]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=os.environ | environment, stdout=log, stderr=log
        )
    try:
        await _answers(port, process)
        yield process, port
        assert process.returncode is None, (folder / "log").read_text()[-2_000:]
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _answers(port: int, process: Process) -> None:
    async with asyncio.timeout(PATIENCE), httpx.AsyncClient() as client:
        while process.returncode is None:
            with suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{port}/livez")).status_code == 200:
                    return
            await CLOCK.sleep(0.1)
    raise AssertionError(f"the process ended with {process.returncode}")


@pytest.mark.parametrize("service", JSON_ROUTES)
async def test_a_service_lives_through_what_once_ended_it(
    service_dsn: Callable[[str], Awaitable[str]], tmp_path: Path, service: str
) -> None:
    async with running(service, await service_dsn(service), tmp_path) as (process, port):
        headers = {"Authorization": "Bearer test-admin"}
        base = f"http://127.0.0.1:{port}"
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=PATIENCE) as client:
            asking = asyncio.create_task(neighbour(port))
            try:
                await attack(client, port, service, 0)  # loads what a first request loads
                before = psutil.Process(process.pid).memory_info().rss
                for number in range(1, ROUNDS + 1):
                    await attack(client, port, service, number)
                await settles(process, before * (1 + GROWTH))
            finally:
                asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            for path in ("/livez", "/api/v1/audit-log", "/api/v1/dead-letters"):
                assert (await client.get(path)).status_code == 200


async def neighbour(port: int) -> None:
    """Asks /livez and reads the audit log all the while."""
    headers = {"Authorization": "Bearer test-auditor"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE) as client:
        while True:
            for path in ("/livez", "/api/v1/audit-log?limit=5"):
                assert (await client.get(path)).status_code == 200
            await CLOCK.sleep(0.05)


async def settles(process: Process, most: float) -> None:
    """Its memory is, or soon is, at most so many bytes."""
    found = 0
    for _ in range(100):
        found = psutil.Process(process.pid).memory_info().rss
        if found <= most:
            return
        await CLOCK.sleep(0.1)
    raise AssertionError(f"{found >> 20} MiB, where {int(most) >> 20} MiB would be a fifth more than before")


# --- the attacks


async def attack(client: httpx.AsyncClient, port: int, service: str, number: int) -> None:
    """Everything at once that this service takes, beside slow bodies and half-sent heads."""
    async with AsyncExitStack() as slow:
        for start in (b"GET /livez HTTP/1.1\r\nX-A: " + b"a" * 20_000, SLOW_BODY):
            for _ in range(30):
                sender = await slow.enter_async_context(connected(port))
                await sender.send(start)
        for path in YAML_ROUTES.get(service, ()):
            for bomb in BOMBS.values():
                await refused(client, path, bomb.encode(), "application/yaml")
        for path in JSON_ROUTES[service]:
            for body in BODIES_OF.values():
                await refused(client, path, body.encode(), "application/json")
        if service == "gateway":
            await attack_gateway(client, number)


SLOW_BODY = (
    b"POST /api/v1/dead-letters/0197a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b/discard HTTP/1.1\r\nHost: localhost\r\n"
    b"Authorization: Bearer test-admin\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"
)


async def refused(client: httpx.AsyncClient, path: str, body: bytes, media: str) -> None:
    answer = await client.post(path, content=body, headers={"Content-Type": media})
    assert 400 <= answer.status_code < 500, (path, body[:40], answer.status_code, answer.text[:300])


async def attack_gateway(client: httpx.AsyncClient, number: int) -> None:
    """Batches that backtrack, and the workbook that asked for 512 GiB; the sound one after it is imported."""
    for body in BODIES.values():
        answer = await client.post("/api/v1/events", content=body, headers=BATCH)
        assert answer.status_code in (202, 400, 413, 422), answer.text[:300]
    for name, content, state in (
        ("corner", corner() + f"{number}".encode(), "failed"),
        ("sound", packed(workbook()) + f"{number}".encode(), "done"),
    ):
        sent = await client.post("/api/v1/imports", files={"file": (f"{name}.xlsx", content)})
        assert sent.status_code == 202, sent.text
        assert (await ended(client, sent.headers["location"]))["state"] == state


async def ended(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    """What became of an import; the job takes it up by itself."""
    async with asyncio.timeout(PATIENCE):
        while True:
            told: dict[str, Any] = (await client.get(path)).json()
            if told["state"] in ("done", "failed"):
                return told
            await CLOCK.sleep(0.2)
