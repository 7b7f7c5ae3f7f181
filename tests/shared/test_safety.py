"""A service does not start with settings that protect nothing, and says what is weaker than it could be."""

import base64
import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr, ValidationError

from deploy.local.settings import ROOT, SERVICES
from deploy.local.variables import settings_classes
from services.gateway.settings import GatewaySettings
from services.notifications.settings import NotificationsSettings
from services.visits.settings import VisitsSettings
from shared.runtime import Service
from shared.safety import UnsafeSettings, is_local, read_data_key
from shared.service import build_app
from shared.settings import ServiceSettings
from shared.testing import serve
from shared.testing.served import DATA_KEY


def settings(kind: type[ServiceSettings] = ServiceSettings, **given: Any) -> Any:
    return kind(**({"data_key": DATA_KEY} | given))


def encoded(key: bytes) -> str:
    return base64.b64encode(key).decode()


@pytest.mark.parametrize("service", SERVICES)
async def test_no_service_starts_without_a_data_key(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUIFANG_DATA_KEY", raising=False)
    app: FastAPI = importlib.import_module(f"services.{service}.app").create_app()
    with pytest.raises(UnsafeSettings, match=r"HUIFANG_DATA_KEY is not set.*openssl rand -base64 64"):
        async with app.router.lifespan_context(app):
            pass


def test_the_process_ends_with_what_to_set_and_no_traceback() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HUIFANG_")}
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.local.serve", "visits", "1"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "visits does not start" in ended.stderr
    assert "openssl rand -base64 64" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (encoded(b"\0" * 64), "not random"),
        (encoded(b"password" * 8), "not random"),
        (encoded(bytes(range(16))), "16 bytes"),
        ("kein Schlüssel", "not base64"),
        ("", "0 bytes"),
    ],
)
def test_a_key_that_anybody_can_guess_is_none(key: str, reason: str) -> None:
    (refusal,) = settings(data_key=key).refusals()
    assert reason in refusal
    assert "openssl rand" in refusal
    assert not key or key not in refusal


def test_a_key_may_have_the_line_ends_that_openssl_writes() -> None:
    key = os.urandom(64)
    written = encoded(key)
    assert read_data_key(f"{written[:64]}\n{written[64:]}\n") == key


@pytest.mark.parametrize(
    ("given", "variable"),
    [
        ({"jwt_secret": "short"}, "HUIFANG_JWT_SECRET"),
        ({"jwt_jwks_url": "http://id.example/keys"}, "HUIFANG_JWT_JWKS_URL"),
        ({"sms_url": "http://sms.example", "sms_access_key": "k", "sms_access_secret": "s"}, "HUIFANG_SMS_URL"),
        ({"sms_url": "https://sms.example"}, "HUIFANG_SMS_ACCESS_KEY"),
        ({"sms_callback_token": "1234"}, "HUIFANG_SMS_CALLBACK_TOKEN"),
    ],
)
def test_what_protects_nothing_stops_the_start(given: dict[str, Any], variable: str) -> None:
    (refusal,) = settings(NotificationsSettings, **given).refusals()
    assert refusal.startswith(variable)


def test_what_the_local_runner_sets_is_safe() -> None:
    local = settings(
        NotificationsSettings,
        jwt_secret="s" * 48,
        jwt_jwks_url="http://127.0.0.1:9/keys",
        sms_url="http://localhost:8122",
        sms_callback_token="t" * 24,
    )
    assert list(local.refusals()) == []


@pytest.mark.parametrize(
    ("kind", "given", "warned"),
    [
        (ServiceSettings, {}, "nobody can sign in"),
        (ServiceSettings, {"keys_file": Path("/nowhere/keys.json")}, "there is no keys.json"),
        (ServiceSettings, {"jwt_secret": "s" * 32, "jwt_jwks_url": "https://id.example"}, "tokens are refused"),
        (ServiceSettings, {"clock": "2026-03-01T00:00+08:00@60"}, "time is simulated"),
        (GatewaySettings, {"writeback_allow": "10.1.2.3,10.0.0.0/8"}, "10.0.0.0/8"),
        (NotificationsSettings, {}, "HUIFANG_SMS_URL is not set"),
        (NotificationsSettings, {}, "HUIFANG_SMTP_URL is not set"),
        (NotificationsSettings, {}, "HUIFANG_MANAGER_EMAILS is not set"),
        (NotificationsSettings, {"sms_url": "http://127.0.0.1:8122"}, "HUIFANG_SMS_CALLBACK_TOKEN is not set"),
        (NotificationsSettings, {"smtp_url": "smtp://mail.example"}, "use smtps://"),
    ],
)
def test_what_is_weaker_than_it_could_be_is_said(
    kind: type[ServiceSettings], given: dict[str, Any], warned: str
) -> None:
    assert [sentence for sentence in settings(kind, **given).warnings() if warned in sentence]


def test_what_is_set_well_is_not_warned_of(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text("[]")
    common = {"keys_file": keys, "jwt_secret": "s" * 32, "front_door_key": "d" * 24}
    assert list(settings(GatewaySettings, writeback_allow="10.1.2.3", **common).warnings()) == []
    notifications = settings(
        NotificationsSettings, sms_url="https://sms.example", sms_access_key="k", sms_access_secret="s",
        sms_callback_token="t" * 24, smtp_url="smtps://mail.example", manager_emails="a@example.com", **common,
    )  # fmt: skip
    assert (list(notifications.refusals()), list(notifications.warnings())) == ([], [])


@pytest.mark.parametrize("kind", settings_classes())
def test_every_secret_that_is_left_out_is_spoken_of(kind: type[ServiceSettings]) -> None:
    secrets = [name for name, field in kind.model_fields.items() if "SecretStr" in str(field.annotation)]
    asked = {
        "sms_url": "https://sms.example",
        "kafka_protocol": "SASL_SSL",
        "cti": "http",
        "cti_url": "https://line.example",
        "oidc_issuer": "https://people.example",
        "oidc_client_id": "huifang",
    }
    told = ""
    try:
        left_out = kind(**asked)  # type: ignore[arg-type]
    except ValidationError as error:
        told = str(error)
        left_out = kind(**asked, cti_webhook_secret="whsec_c2VjcmV0")  # type: ignore[arg-type,call-arg]
    told = " ".join([told, *left_out.refusals(), *left_out.warnings()])
    shorter = {name: name.upper().removesuffix("_SECRET") for name in secrets}
    assert [name for name in secrets if f"HUIFANG_{shorter[name]}" not in told] == []


async def test_warnings_are_shown_beside_the_reasons(core_dsn: str, clock: Any) -> None:
    def create_app(*parts: Any) -> FastAPI:
        return build_app(Service("test", "测试", parts[0]), *parts[1:])

    async with serve(
        create_app,
        ServiceSettings,
        core_dsn,
        clock=clock,
        keys_file=Path("/nowhere/keys.json"),
        hosts="test",
        front_door_key="d" * 24,
    ) as served:
        told = (await served.client(None).get("/readyz")).json()
    assert told["status"] == "ready"
    assert told["warnings"] == ["HUIFANG_KEYS_FILE: there is no keys.json, so no API key is known"]


@pytest.mark.parametrize(
    ("url", "local"),
    [("http://127.0.0.1:1", True), ("http://[::1]:1", True), ("smtp://localhost", True), ("http://10.0.0.1", False),
     ("https://localhost.example", False), ("", False)],
)  # fmt: skip
def test_local_is_this_machine_alone(url: str, local: bool) -> None:
    assert is_local(url) is local


def test_the_tests_own_key_is_a_real_one() -> None:
    assert list(ServiceSettings(data_key=SecretStr(DATA_KEY)).refusals()) == []


def test_a_telephone_line_is_asked_in_the_clear_on_this_machine_only() -> None:
    line = {"cti": "http", "cti_webhook_secret": "whsec_c2VjcmV0", "cti_key": "k"}
    for url, refused in (
        ("http://line.example", True),
        ("https://line.example", False),
        ("http://127.0.0.1:8113", False),
    ):
        told = " ".join(settings(VisitsSettings, cti_url=url, **line).refusals())
        assert ("HUIFANG_CTI_URL" in told) is refused
