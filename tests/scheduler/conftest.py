"""A running scheduler with the gas company's pack, its loops off."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import uvicorn

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.testing import Served, serve

R01 = Path(__file__).parents[2] / "deploy" / "packs" / "r01-gas"


def pack_files(folder: Path = R01) -> dict[str, str]:
    """A pack's files as the command line sends them."""
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*.yaml"))}


async def apply(served: Served, files: dict[str, str], name: str = "test") -> dict[str, str]:
    """Apply a pack; gives policy id → result."""
    async with served.client("policy_owner") as client:
        answer = await client.post("/api/v1/packs", json={"name": name, "files": files})
    assert answer.status_code == 200, answer.text
    return {policy["id"]: policy["result"] for policy in answer.json()["policies"]}


@pytest.fixture
async def empty(service_dsn: Callable[[str], Awaitable[str]], clock: ManualClock) -> AsyncIterator[Served]:
    """A scheduler without policies."""
    async with serve(create_app, SchedulerSettings, await service_dsn("scheduler"), clock=clock) as running:
        yield running


@pytest.fixture
async def served(empty: Served) -> Served:
    """A scheduler with the pack r01-gas."""
    await apply(empty, pack_files(), "r01-gas")
    return empty


@pytest.fixture
async def platform(empty: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """Commands find the scheduler `empty`, which really listens."""
    listening = socket.create_server(("127.0.0.1", 0))  # connections wait here until the server takes them
    port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(empty.app, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    keys = {role: f"test-{role}" for role in ("policy_owner", "auditor")}
    (tmp_path / "run.json").write_text(
        json.dumps({"services": {"scheduler": f"http://127.0.0.1:{port}"}, "keys": keys})
    )
    monkeypatch.setenv("HUIFANG_VAR", str(tmp_path))
    yield
    server.should_exit = True
    await serving
