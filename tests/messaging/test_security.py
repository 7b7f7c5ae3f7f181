"""Kafka with TLS and a password, on a broker that takes nothing else; what insists on TLS where PostgreSQL has none."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from shared.db import engine_for
from shared.embedded.kafka import KafkaServer, cluster_id, wait_until_ready
from shared.embedded.processes import free_port
from shared.messaging.broker import BrokerUnavailable, Message
from shared.messaging.kafka import KafkaBroker
from shared.settings import ServiceSettings
from shared.testing.served import DATA_KEY
from tests.certificates import certificate
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
USER, PASSWORD = "huifang", "a-password-of-tests"
SECURE = """
listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},SECURE://127.0.0.1:{secure}
advertised.listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{controller},SECURE://127.0.0.1:{secure}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL
sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={keystore}
"""


@pytest.fixture
async def secure_kafka(tmp_path: Path) -> AsyncIterator[str]:
    """Address of the listener that asks for TLS and a password."""
    server = KafkaServer(tmp_path / "kafka", free_port(), free_port())
    secure = free_port()
    await asyncio.to_thread(server.prepare, jars=ROOT / "var" / "kafka" / "lib")
    properties = server.directory / "server.properties"
    ports = {"plain": server.port, "controller": server.controller_port, "secure": secure}
    with properties.open("a") as file:
        file.write(SECURE.format(**ports, keystore=certificate(tmp_path, "broker")))
    shutil.rmtree(server.data)
    user = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
    form = ["format", "--config", str(properties), f"--cluster-id={cluster_id(b'k' * 16)}", "--add-scram", user]
    await asyncio.to_thread(subprocess.run, server._java("kafka.tools.StorageTool", *form), check=True)
    log = (tmp_path / "kafka.log").open("wb")
    process = await asyncio.to_thread(subprocess.Popen, server.command(), stdout=log, stderr=log)
    try:
        await wait_until_ready(server.bootstrap, PATIENCE)
        yield f"127.0.0.1:{secure}"
    finally:
        process.kill()
        await asyncio.to_thread(process.wait)
        log.close()


def broker(bootstrap: str, **given: Any) -> KafkaBroker:
    settings: dict[str, Any] = {
        "kafka_bootstrap": bootstrap,
        "kafka_protocol": "SASL_SSL",
        "kafka_username": USER,
        "kafka_password": PASSWORD,
        "data_key": DATA_KEY,
    }
    return ServiceSettings(**(settings | given)).make_broker()


async def test_events_go_and_come_over_tls_with_a_password_and_nobody_else_gets_in(
    secure_kafka: str, tmp_path: Path
) -> None:
    ours = broker(secure_kafka, kafka_ca_file=tmp_path / "broker.crt")
    await ours.ensure_topics({"things-v1": 1})
    producer = await ours.producer()
    await producer.publish([Message("things-v1", "C1", [], b"{}")])
    await producer.stop()
    subscription = await ours.subscribe("group", ["things-v1"], _nothing)
    async with asyncio.timeout(PATIENCE):
        while not (records := await subscription.poll(10, 0.5)):
            pass
    await subscription.stop()
    reader = await ours.reader()
    await reader.stop()
    assert [record.value for record in records] == [b"{}"]

    certificate(tmp_path, "stranger")
    strangers = {
        "a wrong password": broker(secure_kafka, kafka_ca_file=tmp_path / "broker.crt", kafka_password="wrong"),
        "an authority that did not sign": broker(secure_kafka, kafka_ca_file=tmp_path / "stranger.crt"),
        "no TLS": broker(secure_kafka, kafka_protocol="PLAINTEXT"),
    }
    for name, stranger in strangers.items():
        with pytest.raises(BrokerUnavailable):
            await stranger.ping()
            pytest.fail(name)


async def _nothing() -> None:
    pass


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kafka_protocol": "SASL_SSL"}, "KAFKA_USERNAME"),
        ({"kafka_protocol": "SASL_PLAINTEXT", "kafka_sasl_mechanism": "PLAIN", "kafka_username": "u", "kafka_password": "p"},
         "in the clear"),
    ],
)  # fmt: skip
def test_settings_that_give_a_password_away_or_lack_one_are_refused(given: dict[str, Any], told: str) -> None:
    (refusal,) = ServiceSettings(data_key=DATA_KEY, **given).refusals()
    assert told in refusal


def test_what_travels_in_the_clear_to_another_machine_is_warned_of() -> None:
    far = ServiceSettings(
        data_key=DATA_KEY, kafka_bootstrap="127.0.0.1:9092,kafka:9092", postgres_dsn="postgresql://db/x"
    )
    near = ServiceSettings(data_key=DATA_KEY)
    safe = ServiceSettings(
        data_key=DATA_KEY,
        kafka_bootstrap="kafka:9092",
        kafka_protocol="SSL",
        postgres_dsn="postgresql://db/x?sslmode=require",
    )
    found = [[text for text in each.warnings() if "clear" in text] for each in (far, near, safe)]
    assert [len(texts) for texts in found] == [2, 0, 0]


async def test_a_dsn_may_name_sslmode_and_it_holds(core_dsn: str) -> None:
    """The embedded server has no TLS: what insists on it must fail, and say so."""
    for mode in ("disable", "prefer"):
        engine = engine_for(f"{core_dsn}?sslmode={mode}", 1, "test")
        async with engine.connect():
            pass
        await engine.dispose()
    await _refused_without_tls(f"{core_dsn}?sslmode=require")


async def test_sslmode_may_stand_beside_a_dsn_that_somebody_else_makes(
    core_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = ServiceSettings(data_key=DATA_KEY, postgres_dsn="postgresql://db/x")
    assert [text for text in far.warnings() if "POSTGRES" in text]
    monkeypatch.setenv("PGSSLMODE", "require")
    assert not [text for text in far.warnings() if "POSTGRES" in text]
    await _refused_without_tls(core_dsn)


async def _refused_without_tls(dsn: str) -> None:
    engine = engine_for(dsn, 1, "test")
    with pytest.raises(ConnectionError, match="SSL"):
        async with engine.connect():
            pass
    await engine.dispose()
