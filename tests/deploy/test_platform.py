"""The whole platform, up and down, as `make run` and `make stop` do it."""

import json
import os
import random
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import psutil
import pytest
import stamina

from deploy.local.settings import ROLES, ROOT, SERVICES
from shared.embedded.processes import port_is_taken

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("platform")]
CLOCK = "2026-03-01T00:00+08:00@60"


@dataclass
class Local:
    """A platform of the test's own: other ports, other data."""

    var: Path
    environment: dict[str, str] = field(repr=False)

    def __call__(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.local", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    @property
    def run(self) -> dict[str, Any]:
        run: dict[str, Any] = json.loads((self.var / "run.json").read_text())
        return run

    @contextmanager
    def up(self) -> Iterator[dict[str, Any]]:
        started = self("up", "--detach")
        assert started.returncode == 0, started.stdout + started.stderr
        try:
            yield self.run
        finally:
            self("down")


@pytest.fixture
def local(tmp_path: Path) -> Local:
    base = next(base for base in random.sample(range(20000, 30000, 50), 200) if not _taken(base))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUIFANG_")}
    kept["HUIFANG_STRICT_EVENTS"] = "1"
    ours = {"HUIFANG_VAR": str(tmp_path), "HUIFANG_PORT_BASE": str(base), "HUIFANG_CLOCK": CLOCK}
    return Local(tmp_path, kept | ours)


def _taken(base: int) -> bool:
    return any(port_is_taken(port) for port in range(base, base + 25))


@stamina.retry(on=(AssertionError, httpx.HTTPError), timeout=60, wait_initial=0.2, wait_max=0.5, attempts=None)
def _eventually_ready(local: Local, name: str, other_than: int) -> int:
    pid = int(local.run["pids"][name])
    assert pid != other_than
    assert httpx.get(f"{local.run['services'][name]}/readyz").is_success
    return pid


def test_up_tells_everything_in_the_run_file_and_stop_ends_everything(local: Local) -> None:
    with local.up() as run:
        assert set(run["services"]) == set(run["postgres"]) == set(SERVICES)
        assert set(run["keys"]) == set(ROLES)
        assert set(run["pids"]) >= {"supervisor", "postgres", "kafka", "front", *SERVICES}
        assert run["clock"]["spec"] == CLOCK
        assert stat.S_IMODE((local.var / "run.json").stat().st_mode) == 0o600
        assert local("status").returncode == 0
        assert "already runs" in local("up").stderr
        assert "Stop it first" in local("reset").stderr
        assert local("key", "agent").stdout.strip() == run["keys"]["agent"]
        killed = run["pids"].pop("visits")
        psutil.Process(killed).kill()
        run["pids"]["visits"] = _eventually_ready(local, "visits", other_than=killed)
    assert not any(psutil.pid_exists(pid) for pid in run["pids"].values())
    assert not (local.var / "run.json").exists()
    assert local("status").returncode == 3


async def test_the_next_run_goes_on_with_data_keys_and_clock_even_after_the_supervisor_was_killed(local: Local) -> None:
    with local.up() as first:
        connection = await asyncpg.connect(first["postgres"]["visits"])
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        await connection.close()
        psutil.Process(first["pids"]["supervisor"]).kill()
        assert "The supervisor died" in local("status").stdout
        with local.up() as second:
            assert not set(first["pids"].values()) & set(second["pids"].values())
            assert not any(psutil.pid_exists(pid) for pid in first["pids"].values())
            assert second["keys"] == first["keys"]
            assert second["clock"]["anchor"] > first["clock"]["anchor"], "time lying still does not pass"
            connection = await asyncpg.connect(second["postgres"]["visits"])
            assert await connection.fetchval("SELECT answer FROM kept") == 42
            await connection.close()
