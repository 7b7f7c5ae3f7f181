"""Services as processes of their own, as in production: what once ended, froze or filled one is thrown at each over HTTP.

The other tests have the service in their own process, where a death ends the run without a name; here the same process answers
all the while and lives on, no larger than before.
"""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from tests.hostile.own_process import running
from tests.hostile.test_uploads import corner, ended, packed, workbook
from tests.hostile.test_worst_inputs import BATCH, BODIES
from tests.hostile.test_yaml_bombs import BOMBS
from tests.hostile.unharmed import unharmed_process
from tests.hostile.wire import connected

ROUNDS = 2
SLOW = 200  # senders of each kind, at once
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


@pytest.mark.parametrize("service", JSON_ROUTES)
async def test_a_service_lives_through_what_once_ended_it(
    service_dsn: Callable[[str], Awaitable[str]], tmp_path: Path, service: str
) -> None:
    async with running(service, await service_dsn(service), tmp_path) as own, own.client() as client:
        await attack(client, own.port, service, 0)  # loads what a first request loads
        async with unharmed_process(own):
            for number in range(1, ROUNDS + 1):
                await attack(client, own.port, service, number)
        for path in ("/livez", "/api/v1/audit-log", "/api/v1/dead-letters"):
            assert (await client.get(path)).status_code == 200


# --- the attacks


async def attack(client: httpx.AsyncClient, port: int, service: str, number: int) -> None:
    """Everything at once that this service takes, beside slow bodies and half-sent heads."""
    async with AsyncExitStack() as slow:
        for start in (b"GET /livez HTTP/1.1\r\nX-A: " + b"a" * 20_000, SLOW_BODY):
            for _ in range(SLOW):
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
