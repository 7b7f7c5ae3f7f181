"""A running scheduler with the gas company's pack, its loops off."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from services.scheduler.app import create_app
from services.scheduler.settings import SchedulerSettings
from shared.clock import ManualClock
from shared.testing import Served, serve
from shared.testing.listening import listening

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
    monkeypatch.setenv("HUIFANG_VAR", str(tmp_path))
    async with listening(empty, tmp_path, ("policy_owner", "auditor")):
        yield
