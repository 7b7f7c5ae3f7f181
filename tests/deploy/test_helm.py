"""The Helm chart, rendered by helm itself: by the schemas of Kubernetes and the operators, and against what our code says."""

import importlib
import json
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from deploy.docs import found_consumers
from deploy.local.settings import ROOT, SERVICES
from deploy.local.variables import settings_classes, unknown_variables
from services.gateway.settings import GatewaySettings
from services.visits.settings import VisitsSettings
from shared.contracts import registry
from shared.testing.served import DATA_KEY
from tests.deploy import outside
from tests.deploy.test_version import VERSION

CHART = ROOT / "deploy" / "helm" / "huifang"
KUBERNETES = "1.34"
HELM = os.environ.get("HUIFANG_HELM") or shutil.which("helm") or str(ROOT / "var" / "tools" / "helm")
NEEDED = ("--set", "host=huifang.example.com", "--set", "route.gateway.name=outside")
BACKUP = "postgres.backup.enabled=true,postgres.backup.destination=s3://b/p,postgres.backup.secret=bucket"
OWN = (
    "kafka.enabled=false,kafka.bootstrap=k:9093,kafka.caSecret.name=ca,postgres.enabled=false,"
    "postgres.existingSecretPrefix=db-,scaling.enabled=false,network.enabled=false,monitoring.enabled=false,route.enabled=false"
)
OIDC = {
    "issuer": "https://id.example.com/realms/water",
    "clientId": "huifang",
    "clientSecret": True,
    "claims": {"login": "uid", "name": "cn", "roles": "groups"},
    "roles": {"hf-heads": "supervisor"},
    "codes": {"units": {"north": "N1"}},
}
LINE = "https://cti.example.com/v1"
SHAPES: dict[str, tuple[str, ...]] = {
    "as it is": (),
    "with backups and a bucket": ("--set", BACKUP, "--set", "files.bucket=s3://b/files,files.secret=bucket"),
    "on servers of one's own": ("--set", OWN),
    "with people from elsewhere": ("--set-json", "oidc=" + json.dumps(OIDC)),
    "with a telephone line": ("--set", f"cti.url={LINE}"),
}
CRDS = {
    "ScaledObject": (outside.KEDA, "config/crd/bases/keda.sh_scaledobjects.yaml"),
    "TriggerAuthentication": (outside.KEDA, "config/crd/bases/keda.sh_triggerauthentications.yaml"),
    "Cluster": (outside.CLOUDNATIVE_PG, "config/crd/bases/postgresql.cnpg.io_clusters.yaml"),
    "ScheduledBackup": (outside.CLOUDNATIVE_PG, "config/crd/bases/postgresql.cnpg.io_scheduledbackups.yaml"),
    "ObjectStore": (outside.BARMAN_CLOUD, "config/crd/bases/barmancloud.cnpg.io_objectstores.yaml"),
    "HTTPRoute": (outside.GATEWAY_API, "config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"),
    "ServiceMonitor": (
        outside.PROMETHEUS_OPERATOR,
        "example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml",
    ),
    "PrometheusRule": (
        outside.PROMETHEUS_OPERATOR,
        "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml",
    ),
}
STRIMZI = {
    "Kafka": "040-Crd-kafka",
    "KafkaNodePool": "045-Crd-kafkanodepool",
    "KafkaTopic": "043-Crd-kafkatopic",
    "KafkaUser": "044-Crd-kafkauser",
}
Resource = dict[str, Any]

pytestmark = pytest.mark.skipif(not shutil.which(HELM), reason="helm is not on this machine; `make helm` builds it")


def helm(*given: str) -> subprocess.CompletedProcess[str]:
    command = [HELM, "template", "release", str(CHART), "--kube-version", KUBERNETES, *given]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@cache
def rendered(shape: str = "as it is") -> list[Resource]:
    done = helm(*NEEDED, *SHAPES[shape])
    assert done.returncode == 0, done.stderr
    return [resource for resource in yaml.safe_load_all(done.stdout) if resource]


def of_kind(kind: str, shape: str = "as it is") -> dict[str, Resource]:
    return {each["metadata"]["name"]: each for each in rendered(shape) if each["kind"] == kind}


def containers(shape: str = "as it is") -> Iterator[tuple[str, Resource, Resource]]:
    """(name, container, its pod's spec) of everything that runs."""
    for kind in ("Deployment", "Job"):
        for name, each in of_kind(kind, shape).items():
            pod = each["spec"]["template"]["spec"]
            for container in (*pod.get("initContainers", ()), *pod["containers"]):
                yield f"{kind} {name} {container['name']}", container, pod


def strict(schema: Any) -> Any:
    """The same schema, refusing members that it does not know, as the server's strict field validation does."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(value) for name, value in schema.items()}
    if "properties" in schema and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    if isinstance(pattern := schema.get("pattern"), str) and pattern.startswith("^(?i)"):  # as Go reads it
        made["pattern"] = "(?i)^" + pattern.removeprefix("^(?i)")
    if schema.get("x-kubernetes-int-or-string"):
        return {"type": ["integer", "string"]}
    return made


def crd_schema(text: str, version: str) -> Any:
    (found,) = [each for each in yaml.safe_load(text)["spec"]["versions"] if each["name"] == version]
    schema = found["schema"]["openAPIV3Schema"]
    schema["properties"]["metadata"] = {"type": "object"}
    made = strict(schema)
    made["properties"]["metadata"] = {"type": "object"}
    return made


@pytest.mark.parametrize("shape", SHAPES)
def test_kubernetes_takes_all_that_is_its_own(shape: str) -> None:
    kinds: Counter[str] = Counter()
    for resource in rendered(shape):
        if resource["kind"] not in CRDS.keys() | STRIMZI.keys():
            kubernetes_validate.validate(resource, "1.34", strict=True)
            kinds[resource["kind"]] += 1
    deployment = of_kind("Deployment", shape)["front"]
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(deployment | {"spec": deployment["spec"] | {"imagined": 1}}, "1.34", strict=True)
    assert kinds["Deployment"] == 7
    assert kinds["Job"] == 6


@pytest.mark.parametrize("kind", CRDS)
def test_the_operators_take_what_is_theirs(kind: str) -> None:
    found = of_kind(kind, "with backups and a bucket")
    module, path = CRDS[kind]
    text = (outside.module(module) / path).read_text()
    assert found
    for resource in found.values():
        schema = crd_schema(text, resource["apiVersion"].partition("/")[2])
        jsonschema.validate(resource, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(resource | {"spec": resource["spec"] | {"imagined": 1}}, schema)


@pytest.mark.parametrize("kind", STRIMZI)
def test_strimzi_takes_what_is_its_own(kind: str) -> None:
    folder = os.environ.get("HUIFANG_STRIMZI_CRDS")
    if not folder:
        pytest.skip(
            "HUIFANG_STRIMZI_CRDS names a folder with Strimzi's CRDs (its chart's `crds`): no registry has them"
        )
    schema = crd_schema((Path(folder) / f"{STRIMZI[kind]}.yaml").read_text(), "v1")
    found = of_kind(kind)
    assert found
    for resource in found.values():
        jsonschema.validate(resource, schema)


def test_what_is_not_known_or_can_not_be_is_refused_in_words() -> None:
    for given, told in {
        "kafka.partition=3": "'partition' not allowed",
        "kafka.partitions=3": "only 3 replicas find a partition",
        "services.visits.replicas.least=0": "minimum",
        "settings.HUIFANG_SMS_ACCESS_SECRET=x": "SMS_ACCESS_SECRET",
        "postgres.backup.enabled=true": "postgres.backup.destination",
        "kafka.enabled=false": "kafka.bootstrap",
        "oidc.issuer=https://id.example.com": "oidc.clientId",
        "oidc.issuer=id.example.com": "oidc",
        "cti.url=http://cti.example.com": "cti",
    }.items():
        done = helm(*NEEDED, "--set", given)
        assert done.returncode != 0, given
        assert told in done.stderr, (given, done.stderr)
    assert "/host" in helm().stderr


def test_every_value_is_described_and_used() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert schema["properties"].keys() - {"global"} == values.keys()
    templates = "".join(path.read_text() for path in (CHART / "templates").iterdir())
    for name, value in values.items():
        if isinstance(value, dict) and name not in ("services", "settings"):
            for inner in value.keys() - {"volume"}:
                assert re.search(rf"\.{inner}\b", templates), f"{name}.{inner}"


@pytest.mark.parametrize("shape", SHAPES)
def test_every_variable_means_something_and_every_file_it_names_is_mounted(shape: str) -> None:
    for name, container, pod in containers(shape):
        given = {each["name"]: each.get("value", "") for each in container["env"]}
        front = {"HUIFANG_FRONT_ADDRESS", "HUIFANG_FRONT_PAGES", "HUIFANG_FRONT_DATA", "HUIFANG_FRONT_DOOR_KEY"}
        assert unknown_variables({key: value for key, value in given.items() if key not in front}) == [], name
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        mounts = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
        for value in (value for value in given.values() if value.startswith("/etc/huifang/")):
            folder, _, file = value.rpartition("/")
            assert file in files_of(mounts[folder]), (name, value)


# settings that can't be given on Kubernetes → why
NOT_GIVEN = {
    "HUIFANG_KAFKA_CERTIFICATE_FILE": "a KafkaUser signs in by password (SCRAM); no client certificate is mounted",
    "HUIFANG_KAFKA_PRIVATE_KEY_FILE": "as its certificate",
    "HUIFANG_TRACE_FILE": "a pod's files go with it: spans are sent to HUIFANG_TRACE_ENDPOINT",
    "HUIFANG_OIDC_CLIENT_SECRET": "a secret: mounted as a file where oidc.clientSecret says so",
    "HUIFANG_CTI_KEY": "a secret: mounted as a file where cti.url names a line",
    "HUIFANG_CTI_WEBHOOK_SECRET": "as HUIFANG_CTI_KEY",
}


def test_every_setting_that_the_chart_does_not_fix_can_be_given_and_none_twice() -> None:
    settings = {f"HUIFANG_{name.upper()}" for kind in settings_classes() for name in kind.model_fields}
    own = {each["name"] for _, container, _ in containers() for each in container["env"]}
    open_ = settings - own - {name.removesuffix("_FILE") for name in own}
    assert NOT_GIVEN.keys() <= open_
    free = sorted(open_ - NOT_GIVEN.keys())
    assert len(free) > 60
    for name in NOT_GIVEN:
        assert name in helm(*NEEDED, "--set-string", f"settings.{name}=1").stderr
    done = helm(*NEEDED, *(word for name in free for word in ("--set-string", f"settings.{name}=1")))
    assert done.returncode == 0, done.stderr
    made = [each for each in yaml.safe_load_all(done.stdout) if each and each["kind"] == "Deployment"]
    pods = {each["metadata"]["name"]: each["spec"]["template"]["spec"] for each in made}
    for service in SERVICES:
        given = [each["name"] for each in pods[service]["containers"][0]["env"]]
        assert set(free) <= set(given)
        assert len(given) == len(set(given)), service


def files_of(volume: Resource) -> set[str]:
    sources = [volume["secret"]] if "secret" in volume else [each["secret"] for each in volume["projected"]["sources"]]
    return {item["path"] for source in sources for item in source["items"]}


def test_what_runs_is_the_image_of_ours_and_modules_that_exist() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text()
    for name, container, _ in containers():
        if container["name"] == "caddy":
            continue
        assert container["image"] == f"huifang:{VERSION}"
        python, option, module, service, *_ = container["command"]
        assert (python, option) == ("python", "-m")
        assert importlib.util.find_spec(module), name
        assert service in SERVICES
    assert "/var/lib/huifang/files" in dockerfile, "where visits keeps files is made in the image"
    mounts = of_kind("Deployment")["visits"]["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert {"name": "files", "mountPath": "/var/lib/huifang/files"} in mounts
    bucket = dict(containers_env("visits", "with backups and a bucket"))
    assert VisitsSettings(files=bucket["HUIFANG_FILES"]).files == "s3://b/files"


def containers_env(service: str, shape: str) -> Iterator[tuple[str, str]]:
    pod = of_kind("Deployment", shape)[service]["spec"]["template"]["spec"]
    return ((each["name"], each["value"]) for each in pod["containers"][0]["env"])


def test_people_sign_in_at_their_own_provider_when_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    given = dict(containers_env("gateway", "with people from elsewhere"))
    for name, value in given.items():
        if name.startswith("HUIFANG_OIDC_") and not name.endswith("_FILE"):
            monkeypatch.setenv(name, value)
    settings = GatewaySettings(data_key=DATA_KEY, oidc_client_secret="a secret of the provider")
    assert list(settings.refusals()) == []
    assert (settings.oidc_issuer, settings.oidc_client_id) == (OIDC["issuer"], OIDC["clientId"])
    assert settings.oidc_claims == OIDC["claims"]
    assert settings.oidc_roles == OIDC["roles"]
    assert settings.oidc_codes == OIDC["codes"]
    assert settings.oidc_scopes == "openid profile email", "what is left empty has its default"
    assert given["HUIFANG_OIDC_CLIENT_SECRET_FILE"] == "/etc/huifang/secret/oidc-client.secret"
    assert not any(name.startswith("HUIFANG_OIDC_") for name, _ in containers_env("gateway", "as it is"))
    assert not any(
        name.startswith("HUIFANG_OIDC_") for name, _ in containers_env("visits", "with people from elsewhere")
    )


def test_calls_go_through_a_line_when_it_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = dict(containers_env("visits", "with a telephone line"))
    for name, file in {"HUIFANG_CTI_KEY": "cti.key", "HUIFANG_CTI_WEBHOOK_SECRET": "cti-webhook.secret"}.items():
        assert given[f"{name}_FILE"] == f"/etc/huifang/secret/{file}"
        (tmp_path / file).write_text(f"what stands in {file}\n")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / file))
    for name in ("HUIFANG_CTI", "HUIFANG_CTI_URL"):
        monkeypatch.setenv(name, given[name])
    settings = VisitsSettings(data_key=DATA_KEY)
    assert (settings.cti, settings.cti_url) == ("http", LINE)
    assert settings.cti_key.get_secret_value() == "what stands in cti.key"
    assert settings.cti_webhook_secret.get_secret_value() == "what stands in cti-webhook.secret"
    for service, shape in (("visits", "as it is"), ("gateway", "with a telephone line")):
        assert not any(name.startswith("HUIFANG_CTI") for name, _ in containers_env(service, shape))


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_runs_as_root_or_writes_where_it_must_not(shape: str) -> None:
    for name, container, pod in containers(shape):
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["automountServiceAccountToken"] is False, name
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True, name
        assert security["capabilities"] == {"drop": ["ALL"]}, name
        assert {"cpu", "memory"} <= container["resources"]["requests"].keys(), name
        assert "memory" in container["resources"]["limits"], name


def test_a_service_has_the_time_to_stop_that_it_takes() -> None:
    from deploy.local.serve import GRACE_SECONDS
    from shared.runtime import STOP_SECONDS

    for name, each in of_kind("Deployment").items():
        spec = each["spec"]["template"]["spec"]
        before = spec["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        if name in SERVICES:
            assert spec["terminationGracePeriodSeconds"] >= before + GRACE_SECONDS + STOP_SECONDS + 3
            assert of_kind("PodDisruptionBudget")[name]["spec"]["maxUnavailable"] == 1


def test_replicas_follow_the_group_of_their_service_and_are_never_more_than_partitions() -> None:
    groups = {service: f"huifang-{consumer.id}" for service, consumer in found_consumers()}
    least = min(topic["spec"]["partitions"] for topic in of_kind("KafkaTopic").values())
    for service in SERVICES:
        scaled = of_kind("ScaledObject")[service]["spec"]
        assert scaled["triggers"][0]["metadata"]["consumerGroup"] == groups[service]
        assert scaled["maxReplicaCount"] <= least
        assert "replicas" not in of_kind("Deployment")[service]["spec"], "KEDA's, else every upgrade would set it back"
        assert of_kind("Deployment", "on servers of one's own")[service]["spec"]["replicas"] == 2


def test_topics_and_rights_are_what_the_services_publish_and_read() -> None:
    assert of_kind("KafkaTopic").keys() == {*registry.topics(), *(f"{service}-dlq" for service in SERVICES)}
    asyncapi = yaml.safe_load((ROOT / "docs" / "generated" / "asyncapi.yaml").read_text())
    sends = [name.split(".send.") for name in asyncapi["operations"] if ".send." in name]
    for service, consumer in found_consumers():
        rights: dict[str, set[str]] = {}
        for acl in of_kind("KafkaUser")[f"huifang-{service}"]["spec"]["authorization"]["acls"]:
            if acl["resource"]["type"] == "topic":
                for operation in acl["operations"]:
                    rights.setdefault(operation, set()).add(acl["resource"]["name"])
        own = {topic for sender, topic in sends if sender == service}
        assert rights["Read"] == set(consumer.topics), service
        assert rights["Write"] == {*own, "people-v1", f"{service}-dlq"}, service


def test_the_front_door_goes_by_the_one_configuration() -> None:
    configuration = of_kind("ConfigMap")["release-front"]["data"]
    assert configuration["Caddyfile"].strip() == (ROOT / "deploy" / "caddy" / "Caddyfile").read_text().strip()
    assert configuration["problem.html"].strip() == (ROOT / "deploy/caddy/pages/problem.html").read_text().strip()
    assert {path.name for path in (ROOT / "deploy/caddy/pages").iterdir()} == {"problem.html"}, (
        "the ConfigMap has one page"
    )
    services = of_kind("Service")
    assert {service: services[service]["spec"]["ports"][0]["port"] for service in SERVICES} == dict.fromkeys(
        SERVICES, 8000
    )


def test_rules_and_dashboards_are_those_of_every_deployment() -> None:
    for path in (ROOT / "deploy" / "prometheus" / "rules").iterdir():
        rule = of_kind("PrometheusRule")[f"release-{path.stem}"]
        assert rule["spec"] == yaml.safe_load(path.read_text())
    dashboards = of_kind("ConfigMap")["release-dashboards"]["data"]
    assert {name: json.loads(text) for name, text in dashboards.items()} == {
        path.name: json.loads(path.read_text()) for path in (ROOT / "deploy" / "grafana" / "dashboards").iterdir()
    }
    (endpoint,) = of_kind("ServiceMonitor")["release"]["spec"]["endpoints"]
    assert {each["targetLabel"] for each in endpoint["relabelings"]} == {"service", "job"}


def test_the_schema_is_made_before_a_service_starts_and_before_an_upgrade_touches_it() -> None:
    for service in SERVICES:
        pod = of_kind("Deployment")[service]["spec"]["template"]["spec"]
        assert pod["initContainers"][0]["command"] == ["python", "-m", "shared.migrations", service]
        job = of_kind("Job")[f"release-migrate-{service}"]
        assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-upgrade"
        assert job["spec"]["template"]["spec"]["containers"][0]["command"] == [
            "python",
            "-m",
            "shared.migrations",
            service,
        ]
