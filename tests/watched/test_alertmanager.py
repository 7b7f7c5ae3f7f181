"""Who is told of an alert: routes by severity and branch; and the webhook that is signed on its way."""

import base64
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
import yaml
from standardwebhooks import Webhook

from deploy.alerts import Relay, create_app
from deploy.local.settings import LocalSettings
from deploy.local.watchers import ALERTMANAGER, write_alertmanager, write_prometheus
from shared.clock import SystemClock

AMTOOL, PROMTOOL = shutil.which("amtool"), shutil.which("promtool")
needs_amtool = pytest.mark.skipif(
    AMTOOL is None, reason="no amtool on this machine: it comes with the Debian package `prometheus-alertmanager`"
)
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
RELAY = Relay("https://on-call.example/hook", SECRET, "token-of-alertmanager")


def amtool(*arguments: str) -> str:
    told = subprocess.run([str(AMTOOL), *arguments], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


@needs_amtool
def test_the_configuration_is_taken_also_as_the_local_platform_writes_it(tmp_path: Path) -> None:
    assert "SUCCESS" in amtool("check-config", str(ALERTMANAGER / "alertmanager.yml"))
    write_alertmanager(LocalSettings.from_environment(), tmp_path)
    assert "SUCCESS" in amtool("check-config", str(tmp_path / "alertmanager.yml"))


@needs_amtool
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (("severity=page", "team=ops"), "on-call"),
        (("severity=ticket", "team=ops"), "operators"),
        (("severity=ticket", "team=business", "branch=CD"), "branches"),
    ],
)
def test_an_alert_goes_to_whoever_can_do_something(labels: tuple[str, ...], receiver: str) -> None:
    config = str(ALERTMANAGER / "alertmanager.yml")
    assert amtool("config", "routes", "test", f"--config.file={config}", *labels).strip() == receiver


def test_the_local_prometheus_scrapes_this_platform_with_all_rules(tmp_path: Path) -> None:
    settings = LocalSettings.from_environment()
    write_prometheus(settings, tmp_path)
    targets = yaml.safe_load((tmp_path / "targets" / "services.yml").read_text())
    assert {each["labels"]["service"]: each["targets"] for each in targets} == {
        name: [f"127.0.0.1:{settings.ports[name]}"]
        for name in ("gateway", "scheduler", "visits", "complaints", "notifications", "analytics")
    }
    own = tmp_path / "targets" / "node.yml"
    own.write_text('- {targets: ["127.0.0.1:9100"]}\n')
    write_prometheus(settings, tmp_path)
    assert "9100" in own.read_text(), "an exporter that somebody named is kept"
    if PROMTOOL:
        checked = subprocess.run([PROMTOOL, "check", "config", str(tmp_path / "prometheus.yml")], check=False)
        assert checked.returncode == 0


async def posted(body: str, token: str = RELAY.token) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(RELAY))
    async with httpx.AsyncClient(transport=transport, base_url="http://alerts") as client:
        return await client.post("/alerts", content=body, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def receiver() -> Any:
    with respx.mock(assert_all_called=False) as mock:
        yield mock.post(RELAY.url)


async def test_a_webhook_is_signed_and_told_apart_from_its_repetition(receiver: Any) -> None:
    receiver.respond(204)
    body = '{"status": "firing", "alerts": []}'
    assert (await posted(body)).status_code == 204
    assert (await posted(body)).status_code == 204
    first, second = (call.request for call in receiver.calls)
    assert Webhook(SECRET).verify(first.content, dict(first.headers)) == {"status": "firing", "alerts": []}
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert abs(int(first.headers["webhook-timestamp"]) - SystemClock().machine().timestamp()) < 60
    assert (await posted(body.replace("firing", "resolved"))).status_code == 204
    assert receiver.calls[2].request.headers["webhook-id"] != first.headers["webhook-id"]


async def test_alertmanager_is_asked_to_try_again_when_the_receiver_did_not_take_it(receiver: Any) -> None:
    receiver.respond(500)
    assert (await posted("{}")).status_code == 502
    receiver.mock(side_effect=httpx.ConnectError("refused"))
    assert (await posted("{}")).status_code == 502


async def test_without_a_receiver_an_alert_is_taken_and_not_sent_again_and_again(receiver: Any) -> None:
    transport = httpx.ASGITransport(create_app(replace(RELAY, url="")))
    async with httpx.AsyncClient(transport=transport, base_url="http://alerts") as client:
        answer = await client.post("/alerts", content="{}", headers={"Authorization": f"Bearer {RELAY.token}"})
    assert answer.status_code == 204
    assert not receiver.called


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"url": "on-call.example"}, "ALERTS_URL"),
        ({"token": ""}, "ALERTS_TOKEN"),
        ({"secret": "whsec_c2hvcnQ="}, "ALERTS_SECRET"),
    ],
)
def test_what_could_not_be_told_or_could_be_forged_is_refused_at_the_start(
    wrong: dict[str, str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(relay: Relay) -> Relay:
        for name, value in (("SECRET", relay.secret), ("TOKEN", relay.token)):
            (tmp_path / name).write_text(value + "\n")
            monkeypatch.setenv(f"HUIFANG_ALERTS_{name}_FILE", str(tmp_path / name))
        monkeypatch.setenv("HUIFANG_ALERTS_URL", relay.url)
        return Relay.from_environment()

    assert started(RELAY) == RELAY
    with pytest.raises(ValueError, match=told):
        started(replace(RELAY, **wrong))


async def test_nobody_else_can_have_an_alert_signed(receiver: Any) -> None:
    receiver.respond(204)
    for token in ("", "guess", "ünvollständig"[:3]):
        assert (await posted("{}", token.encode().decode("ascii", "ignore"))).status_code == 401
    assert not receiver.called
