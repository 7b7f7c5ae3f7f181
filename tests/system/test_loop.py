"""The whole loop on real Kafka and PostgreSQL: a short demo through the public interfaces, recounted, then replayed, then
lost with all its servers and restored from a backup.
"""

import asyncio
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.settings import ROOT
from shared.embedded.processes import port_is_taken
from shared.privacy import Sealer
from tests.patience import PATIENCE

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
            timeout=4 * PATIENCE,
            check=False,
        )

    def get(self, service: str, path: str, **params: Any) -> Any:
        run = json.loads((self.var / "run.json").read_text())
        headers = {"Authorization": f"Bearer {run['keys']['supervisor']}"}
        return httpx.get(run["services"][service] + path, params=params, headers=headers, timeout=PATIENCE).json()

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


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """One on which the demo was played."""
    var = tmp_path_factory.mktemp("platform")
    bases = random.sample(range(20000, 30000, 50), 200)
    base = next(base for base in bases if not any(map(port_is_taken, range(base, base + PORTS))))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUIFANG_")}
    ours = {
        "HUIFANG_VAR": str(var),
        "HUIFANG_PORT_BASE": str(base),
        "COLUMNS": "200",
        "HUIFANG_STRICT_EVENTS": "1",
    }
    platform = Platform(var, kept | ours)
    played = platform.huifang("demo", *SHORT)
    assert played.returncode == 0, played.stdout + played.stderr
    yield platform
    platform.huifang("down")


def test_the_loop_closes_reconciles_and_survives_a_replay_of_everything(platform: Platform) -> None:
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


def test_all_is_lost_and_comes_back_from_a_backup(platform: Platform, tmp_path: Path) -> None:
    backup, keys = tmp_path / "backup", tmp_path / "keys.json"
    before = platform.settled()
    people = json.loads((platform.var / "people.json").read_text())
    photograph = platform.var / "files" / "visits" / "photograph"
    photograph.parent.mkdir(parents=True, exist_ok=True)
    photograph.write_bytes(b"sealed")
    taken = platform.huifang("backup", str(backup), "--keys", str(keys))
    assert taken.returncode == 0, taken.stdout + taken.stderr
    secrets = json.loads(keys.read_text())["secrets"]
    written = b"".join(path.read_bytes() for path in backup.rglob("*") if path.is_file())
    assert not [each for each in (secrets["data"], secrets["jwt"]) if each.encode() in written]
    platform.huifang("down")
    shutil.rmtree(platform.var)

    without = platform.huifang("restore", str(backup))
    assert without.returncode == 1
    assert "--keys" in without.stderr
    restored = platform.huifang("restore", str(backup), "--keys", str(keys))
    assert restored.returncode == 0, restored.stdout + restored.stderr
    again = platform.huifang("restore", str(backup), "--keys", str(keys))
    assert again.returncode == 1
    assert "make reset" in again.stderr

    started = platform.huifang("up", "--detach")
    assert started.returncode == 0, started.stdout + started.stderr
    recount = platform.huifang("reconcile")
    assert recount.returncode == 0, recount.stdout + recount.stderr
    assert platform.settled() == before
    assert json.loads((platform.var / "people.json").read_text()) == people
    assert photograph.read_bytes() == b"sealed"
    assert asyncio.run(_phones(platform.var)) == {"+8617"}, "with the key that services go by"
    _no_number_in_clear(platform.var)


async def _phones(var: Path) -> set[str]:
    """How the phone numbers of those who get messages begin."""
    sealer = Sealer.from_text((var / "data.key").read_text())
    connection = await asyncpg.connect(json.loads((var / "run.json").read_text())["postgres"]["notifications"])
    tokens = await connection.fetch("SELECT phone FROM contact WHERE phone <> '' LIMIT 20")
    await connection.close()
    return {sealer.unseal(row["phone"])[:5] for row in tokens}


def _no_number_in_clear(var: Path) -> None:
    """The generated customers' numbers begin with 1700; none may stand in a log."""
    logs = list((var / "log").glob("*.log"))
    assert logs
    for log in logs:
        assert not re.findall(r"(?<!\d)1700\d{7}(?!\d)", log.read_text(errors="replace")), log.name
