"""The whole loop on real Kafka and PostgreSQL: a short demo through the public interfaces, recounted, then replayed."""

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.settings import ROOT
from shared.embedded.processes import port_is_taken

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("platform")]
PORTS = 25
MOVED_BY_EVENTS = ("contact", "effective", "satisfaction", "csat", "hotline")
LOOK_SECONDS, MOST_LOOKS = 3.0, 20
SHORT = ("--customers", "700", "--days", "4", "--speed", "10800", "--seed", "5")


@dataclass
class Platform:
    """A platform of this test's own, driven by the same commands as a user's."""

    var: Path
    environment: dict[str, str]

    def huifang(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.cli", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=400,
            check=False,
        )

    def get(self, service: str, path: str, **params: Any) -> Any:
        run = json.loads((self.var / "run.json").read_text())
        headers = {"Authorization": f"Bearer {run['keys']['supervisor']}"}
        return httpx.get(run["services"][service] + path, params=params, headers=headers, timeout=30).json()

    def funnel(self) -> dict[str, int]:
        return {stage["stage"]: stage["count"] for stage in self.get("analytics", "/api/v1/funnel")["stages"]}

    def figures(self) -> tuple[dict[str, int], list[Any]]:
        """Funnel, and KPIs of closed days, that only events move: the clock goes on, and birthdays with it."""
        funnel = {stage: count for stage, count in self.funnel().items() if not stage.startswith("notices.")}
        rows = self.get("analytics", "/api/v1/kpis", period="total", **{"from": "2026-02-01", "to": "2026-03-06"})
        return funnel, [row for row in rows if row["kpi"].startswith(MOVED_BY_EVENTS)]

    def settled(self) -> tuple[dict[str, int], list[Any]]:
        """The figures once they stand still: what the last answers led to has arrived."""
        last = self.figures()
        for _ in range(MOST_LOOKS):
            time.sleep(LOOK_SECONDS)
            now = self.figures()
            if now == last:
                return now
            last = now
        raise AssertionError("the figures never come to rest")


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    bases = random.sample(range(20000, 30000, 50), 200)
    base = next(base for base in bases if not any(map(port_is_taken, range(base, base + PORTS))))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUIFANG_")}
    ours = {
        "HUIFANG_VAR": str(tmp_path),
        "HUIFANG_PORT_BASE": str(base),
        "COLUMNS": "200",
        "HUIFANG_STRICT_EVENTS": "1",
    }
    platform = Platform(tmp_path, kept | ours)
    yield platform
    platform.huifang("down")


def test_the_loop_closes_reconciles_and_survives_a_replay_of_everything(platform: Platform) -> None:
    played = platform.huifang("demo", *SHORT)
    assert played.returncode == 0, played.stdout + played.stderr
    funnel = platform.funnel()
    assert funnel["visits.dissatisfied"] >= 1, "the seed must let somebody be dissatisfied"
    assert funnel["cases.opened"] >= funnel["visits.dissatisfied"]
    assert funnel["cases.resolved"] == funnel["followups.second"] >= 1
    assert funnel["notices.accepted"] >= 1
    recount = platform.huifang("reconcile")
    assert recount.returncode == 0, recount.stdout + recount.stderr

    funnel, kpis = platform.settled()
    assert len(kpis) >= 5
    republished = platform.huifang("outbox", "republish", "--since", "2026-02-01T00:00")
    assert republished.returncode == 0, republished.stderr
    recount = platform.huifang("reconcile")
    assert recount.returncode == 0, recount.stdout + recount.stderr
    replayed_funnel, replayed_kpis = platform.settled()
    assert replayed_funnel == funnel
    assert replayed_kpis == kpis
    _no_number_in_clear(platform.var)


def _no_number_in_clear(var: Path) -> None:
    """The generated customers' numbers begin with 1700; none may stand in a log."""
    logs = list((var / "log").glob("*.log"))
    assert logs
    for log in logs:
        assert not re.findall(r"(?<!\d)1700\d{7}(?!\d)", log.read_text(errors="replace")), log.name
