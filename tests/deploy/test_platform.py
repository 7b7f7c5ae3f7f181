"""The whole platform, up and down, as `make run` and `make stop` do it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from deploy.local.settings import ROLES, ROOT, SERVICES
from tests.local_platform import Local, local_platform

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("platform")]
CLOCK = "2026-03-01T00:00+08:00@60"
SUPERVISE = """
import time
from deploy.local.runfiles import supervising
from deploy.local.settings import LocalSettings
with supervising(LocalSettings.from_environment()):
    print("ready", flush=True)
    time.sleep(600)
"""
RUN_TESTS = """
import os, time
from pathlib import Path
from tests.local_platform import Local
with Local(Path(os.environ["HUIFANG_VAR"]), dict(os.environ)).stopped_after_us():
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def local(tmp_path: Path) -> Local:
    return local_platform(tmp_path, CLOCK)


def reached_by_others(folder: Path) -> Iterator[Path]:
    """What others than its owner can read below a folder, which they may walk through where it says so."""
    for path in folder.iterdir():
        if path.is_symlink():
            continue
        mode = path.stat().st_mode
        if not path.is_dir() and mode & 0o044:
            yield path
        if path.is_dir() and mode & 0o011:
            yield from reached_by_others(path)


def test_up_tells_everything_in_the_run_file_and_stop_ends_everything(local: Local) -> None:
    with local.up() as run:
        assert set(run["services"]) == set(run["postgres"]) == set(SERVICES)
        assert set(run["keys"]) == set(ROLES)
        assert set(run["pids"]) >= {"supervisor", "postgres", "kafka", "front", *SERVICES}
        assert run["clock"]["spec"] == CLOCK
        assert [str(path) for path in reached_by_others(local.var)] == []
        assert local("status").returncode == 0
        assert "already runs" in local("up").stderr
        assert "Stop it first" in local("reset").stderr
        log = (local.var / "log" / "supervisor.log").read_text()
        passwords = json.loads((local.var / "people.json").read_text())
        assert not [secret for secret in (*passwords.values(), *run["keys"].values()) if secret in log]
        assert local("key", "agent").stdout.strip() == run["keys"]["agent"]
        killed = run["pids"].pop("visits")
        psutil.Process(killed).kill()
        run["pids"]["visits"] = local.ready_again("visits", other_than=killed)
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


def test_a_platform_is_stopped_when_the_tests_that_started_it_are_killed(local: Local) -> None:
    def start(code: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", code]
        process = subprocess.Popen(command, cwd=ROOT, env=local.environment, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    with start(SUPERVISE) as supervisor, start(RUN_TESTS) as tests:
        tests.kill()
        try:
            assert supervisor.wait(30) == -signal.SIGTERM
        finally:
            supervisor.kill()
