"""What goes wrong on a running platform is told by the alert that the runbook names, and the alert ends with the mending.

The rules are those of every deployment, all their times divided alike (`promtool test rules` keeps the real ones); the
Prometheus is this test's own, so that nobody else is told.
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import stamina
import yaml

from deploy.local.settings import SERVICES
from shared.embedded.processes import free_port
from shared.ids import new_id
from tests.local_platform import Local
from tests.patience import PATIENCE
from tests.watched.conftest import needs_prometheus
from tests.watched.expressions import rule_files
from tests.watched.test_prometheus import Asked
from tests.watched.test_runbook import SECTIONS

pytestmark = needs_prometheus
FASTER = 20
SCRAPE = "2s"
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
TIMES = re.compile(r"(for: |interval: |offset |\[)(\d+)([smhd])")
again = stamina.retry(
    on=(AssertionError, httpx.HTTPError), timeout=PATIENCE, wait_initial=0.3, wait_max=0.5, attempts=None
)


def hurried(text: str) -> str:
    """Rules that look back, and wait, a part of the time."""
    return TIMES.sub(lambda found: f"{found[1]}{int(found[2]) * UNITS[found[3]] * 1000 // FASTER}ms", text)


def configure(folder: Path, platform: Path) -> None:
    """What the platform's own Prometheus watches, more often, by hurried rules, and telling nobody."""
    shutil.copytree(platform / "targets", folder / "targets")
    (folder / "targets" / "alertmanager.yml").write_text("[]")
    config = yaml.safe_load((platform / "prometheus.yml").read_text())
    config["global"] |= {"scrape_interval": SCRAPE, "scrape_timeout": SCRAPE, "evaluation_interval": SCRAPE}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    (folder / "rules").mkdir()
    for path in rule_files():
        (folder / "rules" / path.name).write_text(hurried(path.read_text()))


@pytest.fixture(scope="module")
def prometheus(watched: Local, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """Once it has heard of all services."""
    folder, port = tmp_path_factory.mktemp("hurried"), free_port()
    configure(folder, watched.var / "prometheus")
    command = [
        "prometheus",
        "--config.file",
        str(folder / "prometheus.yml"),
        "--storage.tsdb.path",
        str(folder / "data"),
    ]
    command += ["--web.listen-address", f"127.0.0.1:{port}", "--log.level=warn"]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        api = Asked(f"http://127.0.0.1:{port}")

        @again
        def watches() -> None:
            assert process.poll() is None, (folder / "log").read_text()
            assert len(api.result('up{job="huifang"} == 1')) == len(SERVICES)

        try:
            watches()
            yield api
        finally:
            process.terminate()


def firing(prometheus: Asked, alert: str) -> list[dict[str, str]]:
    """The labels of each that fires."""
    alerts = prometheus("alerts")["alerts"]
    return [each["labels"] for each in alerts if each["state"] == "firing" and each["labels"]["alertname"] == alert]


@again
def fires(prometheus: Asked, alert: str, **labels: str) -> None:
    assert any(labels.items() <= found.items() for found in firing(prometheus, alert))


@again
def is_over(prometheus: Asked, alert: str) -> None:
    assert not firing(prometheus, alert)


@again
def is_ready(address: str) -> None:
    assert httpx.get(f"{address}/readyz", timeout=PATIENCE).is_success


def test_kafka_is_stopped_and_started_again(prometheus: Asked, watched: Local) -> None:
    alert = "ConsumerDisconnected"
    assert "does Kafka run" in SECTIONS[alert]
    is_over(prometheus, alert)
    with watched.stopped("kafka"):
        for service in SERVICES:
            fires(prometheus, alert, consumer=service)
    is_over(prometheus, alert)
    for service in SERVICES:  # what the runbook calls over
        is_ready(watched.run["services"][service])


class Customers:
    """Some are sent a message each; the provider is asked at once."""

    def __init__(self, platform: Local) -> None:
        run = platform.run
        self.sms = run["sms"]
        self.sends = f"{run['services']['notifications']}/api/v1/sends"
        self.key = {"Authorization": f"Bearer {run['keys']['supervisor']}"}

    def are_told(self, amount: int = 3) -> None:
        for _ in range(amount):
            number = new_id().int % 10**8
            told = {"customer_id": f"trouble-{number}", "phone": f"138{number:08}", "template": "thank_you"}
            sent = httpx.post(
                self.sends, json=told | {"data": {"event": "repair.closed"}}, headers=self.key, timeout=PATIENCE
            )
            assert sent.status_code == 201, sent.text

    def provider(self, **behaviour: float) -> None:
        httpx.put(f"{self.sms}/simulate/behaviour", json=behaviour, timeout=PATIENCE).raise_for_status()


def test_a_provider_fails_and_recovers(prometheus: Asked, watched: Local) -> None:
    alert, customers = "ProviderFailing", Customers(watched)
    is_over(prometheus, alert)  # the simulator has mishaps of its own

    @again
    def told_while_it_fails() -> None:
        customers.are_told()
        assert "aliyun" in {labels["provider"] for labels in firing(prometheus, alert)}

    @again
    def over_when_it_answers_again() -> None:
        customers.are_told()
        assert not firing(prometheus, alert)

    customers.provider(error_before=1)
    try:
        told_while_it_fails()
    finally:
        customers.provider(error_before=0)
    over_when_it_answers_again()
