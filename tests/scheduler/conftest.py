"""A running scheduler with the gas company's pack, its loops off."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import pytest

from services.scheduler.app import create_app
from services.scheduler.domain.detail import BecauseOf, CapReached, Days, DetailOf, Failed, Outcome, QuotaReached, Times
from services.scheduler.settings import SchedulerSettings
from services.scheduler.store import decisions
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


PARTS = {
    "because": BecauseOf,
    "blackout": Days,
    "cap": CapReached,
    "failed": Failed,
    "quota": QuotaReached,
    "was": Times,
}
RESULTS = {*get_args(Outcome), "condition", "pauses"}


def undeclared(detail: Mapping[str, Any]) -> set[str]:
    """The keys of a decision's detail that nothing says it may have."""
    found = detail.keys() - DetailOf.__annotations__.keys()
    for name, declared in PARTS.items():
        found |= {f"{name}.{key}" for key in detail.get(name, {}).keys() - declared.__annotations__.keys()}
    return found


@pytest.fixture(autouse=True)
def details_are_as_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept in a decision's record that is not declared."""
    keep = decisions.details_json

    def kept(details: Sequence[Any]) -> bytes:
        for detail in details:
            assert not undeclared(detail)
            assert detail["result"] in RESULTS
        return keep(details)

    monkeypatch.setattr(decisions, "details_json", kept)


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
