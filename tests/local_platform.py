"""A whole platform of a test's own, brought up and down by the commands that users have."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import stamina

from deploy.local.settings import ROOT
from shared.embedded.processes import port_is_taken

PORTS = 25
SHARED: list["Local"] = []  # platforms of many tests, which are up until the last of these is over
# waits for the end of whoever holds the other end of its input, then stops the platform
STOP_AFTER_US = """
import subprocess, sys
sys.stdin.read()
subprocess.run([sys.executable, "-m", "deploy.local", "down"], check=False)
"""


@dataclass
class Local:
    """Other ports and other data than the checkout's own platform."""

    var: Path
    environment: dict[str, str] = field(repr=False)

    def __call__(self, *command: str, module: str = "deploy.local") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )

    @property
    def run(self) -> dict[str, Any]:
        run: dict[str, Any] = json.loads((self.var / "run.json").read_text())
        return run

    @contextmanager
    def up(self) -> Iterator[dict[str, Any]]:
        with self.stopped_after_us():
            started = self("up", "--detach")
            assert started.returncode == 0, started.stdout + started.stderr
            try:
                yield self.run
            finally:
                self("down")

    @contextmanager
    def stopped_after_us(self) -> Iterator[None]:
        """A detached platform outlives whoever started it: should this process be killed, another one stops the platform."""
        with subprocess.Popen(
            [sys.executable, "-c", STOP_AFTER_US],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            start_new_session=True,
        ) as watcher:
            try:
                yield
            finally:
                watcher.kill()

    @contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """A process is killed, and nobody starts it again before this ends: who would is suspended meanwhile."""
        supervisor = psutil.Process(self.run["pids"]["supervisor"])
        supervisor.suspend()
        try:
            psutil.Process(self.run["pids"][name]).kill()
            yield
        finally:
            supervisor.resume()

    @contextmanager
    def up_for_many(self) -> Iterator[dict[str, Any]]:
        """As `up`, for a fixture of the whole session; `leave` stops it earlier, so that later tests have the machine."""
        with self.up() as run:
            SHARED.append(self)
            yield run

    @stamina.retry(on=(AssertionError, httpx.HTTPError), timeout=180, wait_initial=0.2, wait_max=0.5, attempts=None)
    def ready_again(self, name: str, other_than: int) -> int:
        """Wait until the service runs in another process; gives its id."""
        pid = int(self.run["pids"][name])
        assert pid != other_than
        assert httpx.get(f"{self.run['services'][name]}/readyz", timeout=30).is_success
        return pid

    @stamina.retry(on=(AssertionError, httpx.HTTPError), timeout=180, wait_initial=0.2, wait_max=0.5, attempts=None)
    def opens_again(self, other_than: int) -> None:
        """Wait until the front door is open in another process."""
        assert int(self.run["pids"]["front"]) != other_than
        assert httpx.get(f"{self.run['front']}/front-door/ready", timeout=30).is_success


def leave(folder: Path, nextitem: pytest.Item | None) -> None:
    """Stops the shared platforms of a folder's tests when the next test is none of them."""
    while SHARED and (nextitem is None or folder not in nextitem.path.parents):
        SHARED.pop()("down")


def local_platform(var: Path, clock: str) -> Local:
    """On ports that nobody uses; `clock` as in HUIFANG_CLOCK."""
    base = next(base for base in random.sample(range(20000, 30000, 50), 200) if not _taken(base))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUIFANG_")}
    kept |= {"HUIFANG_STRICT_EVENTS": "1", "HUIFANG_PROMETHEUS": "off", "HUIFANG_ALERTMANAGER": "off"}
    return Local(var, kept | {"HUIFANG_VAR": str(var), "HUIFANG_PORT_BASE": str(base), "HUIFANG_CLOCK": clock})


def _taken(base: int) -> bool:
    return any(port_is_taken(port) for port in range(base, base + PORTS))
