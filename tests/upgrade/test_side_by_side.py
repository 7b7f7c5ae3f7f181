"""The loop while services of the version before this one and of this one do its work together, as in a rolling upgrade."""

import asyncio
import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
from rich.console import Console

from deploy.demo import month
from deploy.demo.platform import Platform
from deploy.demo.play import Script, play
from deploy.demo.population import population
from deploy.local.clock import KeptClock
from deploy.local.processes import service_environment
from deploy.local.settings import ROOT, SERVICES, LocalSettings
from deploy.reconcile.recount import reconcile
from shared import migrations
from shared.contracts.registry import topics
from shared.embedded.kafka import DEFAULT_PARTITIONS
from shared.embedded.processes import free_port
from shared.messaging.kafka import KafkaBroker
from shared.zone import ORG_ZONE
from tests.local_platform import Local, local_platform
from tests.patience import PATIENCE
from tests.upgrade.base import base, unpack

pytestmark = [
    pytest.mark.system,
    pytest.mark.xdist_group("platform"),
    pytest.mark.skipif(not os.environ.get("HUIFANG_UPGRADE"), reason="takes minutes: `make upgrade` asks for it"),
]
SCRIPT = Script(seed=5, customers=300, days=3)
# of business time, eight minutes: two versions of six services start meanwhile, and nothing happens before they have
WAITS = timedelta(days=60)
CLOCK = f"{SCRIPT.start.isoformat()}@{SCRIPT.speed}..{(SCRIPT.end + WAITS).isoformat()}"
SETTLE_SECONDS = 600
CONSUMED = re.compile(r'^huifang_consumer_events_total\{[^}]*outcome="handled"\} ([0-9.e+]+)$', re.MULTILINE)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree of the version before, with the downloads of this checkout."""
    folder = tmp_path_factory.mktemp("old")
    unpack(base(), folder)
    (folder / "var" / "kafka").mkdir(parents=True)
    (folder / "var" / "kafka" / "lib").symlink_to(ROOT / "var" / "kafka" / "lib")
    (folder / "shared" / "web" / "node_modules").symlink_to(ROOT / "shared" / "web" / "node_modules")
    return folder


@contextlib.contextmanager
def running(old: Path, local: Local) -> Iterator[dict[str, Any]]:
    """The platform of the version before."""

    def huifang(word: str, *more: str) -> None:
        command = [sys.executable, "-m", "deploy.local", word, *more]
        done = subprocess.run(command, cwd=old, env=local.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    with local.stopped_after_us():
        huifang("up", "--detach")
        try:
            yield local.run
        finally:
            huifang("down")


@contextlib.contextmanager
def beside(local: Local, run: dict[str, Any], logs: Path) -> Iterator[dict[str, str]]:
    """A replica of every service of this version on the same databases and topics; gives their addresses."""
    with patch.dict(os.environ, local.environment, clear=True):
        settings = LocalSettings.from_environment()
    clock = KeptClock(**json.loads((local.var / "clock.json").read_text()))
    ports = {service: free_port() for service in SERVICES}
    started = []
    try:
        for service in SERVICES:
            own = service_environment(settings, service, run["kafka"], run["postgres"][service], clock)
            command = [sys.executable, "-m", "deploy.local.serve", service, str(ports[service])]
            with (logs / f"{service}.log").open("wb") as log:
                started.append(subprocess.Popen(command, cwd=ROOT, env=local.environment | own, stdout=log, stderr=log))
        addresses = {service: f"http://127.0.0.1:{port}" for service, port in ports.items()}
        for service, address in addresses.items():
            until_ready(address, logs / f"{service}.log")
        yield addresses
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(PATIENCE)


def until_ready(address: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{address}/readyz", timeout=PATIENCE).is_success:
                return
        time.sleep(0.2)
    raise AssertionError(log.read_text(errors="replace")[-3000:])


def from_now(platform: Platform) -> Script:
    """What is played, once everybody is there: its first fact is of the day after tomorrow."""
    now = platform.clock().now()
    assert now < SCRIPT.start + WAITS, "the services took longer to start than the clock allows for"
    return replace(SCRIPT, first=(now.astimezone(ORG_ZONE) + timedelta(days=3)).date())


def consumed(address: str) -> float:
    """Events that this process has taken effect of."""
    return sum(float(number) for number in CONSUMED.findall(httpx.get(f"{address}/metrics", timeout=PATIENCE).text))


def test_two_versions_share_the_work_and_nothing_is_lost_or_doubled(old: Path, tmp_path: Path) -> None:
    local = local_platform(tmp_path / "var", CLOCK)
    console = Console(quiet=True)
    with running(old, local) as run:
        for service, dsn in run["postgres"].items():
            migrations.upgrade(service, dsn)
        asyncio.run(KafkaBroker(run["kafka"]).ensure_topics(dict.fromkeys(topics(), DEFAULT_PARTITIONS)))
        with beside(local, run, tmp_path) as new:
            # people and senders reach either version of each service
            mixed = run["services"] | {service: new[service] for service in ("scheduler", "visits", "analytics")}
            platform = Platform.from_run(run | {"services": mixed}, local.var / "jwt.secret")
            script = from_now(platform)
            households = population(script.seed, script.customers)
            postings = month.facts(script.seed, households, script.first, script.days)
            played = asyncio.run(play(platform, script, postings, console))
            assert played.posted.surprises == []
            assert played.called.attempts > 20
            result = asyncio.run(reconcile(run, SETTLE_SECONDS, lambda _: None))
            assert [check for check in result.checks if not check.agrees] == []
            for service in SERVICES:
                counts = consumed(run["services"][service]), consumed(new[service])
                assert min(counts) > 0, f"{service}: of (before, this) only one version had work: {counts}"
