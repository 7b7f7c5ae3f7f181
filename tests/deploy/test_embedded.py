"""The embedded servers lose nothing when they are killed, and start over whatever an earlier run left."""

import itertools
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.structs import TopicPartition

from deploy.local.settings import LocalSettings
from shared.embedded import EmbeddedServerError, kafka, postgres, processes
from shared.embedded.kafka import KafkaServer
from shared.embedded.postgres import PostgresServer, ensure_databases, shared_buffers
from shared.embedded.processes import LOOPBACK, free_port, usable_memory
from shared.messaging.kafka import KafkaBroker
from tests.patience import PATIENCE

pytestmark = pytest.mark.fault


@contextmanager
def running(command: list[str], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output, subprocess.Popen(command, stdout=output, stderr=output, **options) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def postgres_of_ours(tmp_path: Path) -> PostgresServer:
    return PostgresServer(tmp_path / "postgres", free_port(), postgres.new_password())


@contextmanager
def postgres_runs(server: PostgresServer) -> Iterator[subprocess.Popen[bytes]]:
    server.prepare()
    with running(server.command(), server.directory / "log", **server.process_options()) as process:
        yield process


@pytest.fixture
def kafka_of_ours(tmp_path: Path) -> KafkaServer:
    return KafkaServer(tmp_path / "kafka", free_port(), free_port())


@contextmanager
def kafka_runs(server: KafkaServer) -> Iterator[subprocess.Popen[bytes]]:
    server.prepare(LocalSettings.from_environment().jars)
    with running(server.command(), server.directory / "log") as process:
        yield process


class TestPostgres:
    async def test_committed_rows_survive_a_kill_and_a_new_port(self, postgres_of_ours: PostgresServer) -> None:
        with postgres_runs(postgres_of_ours) as process:
            await postgres.wait_until_ready(postgres_of_ours, PATIENCE)
            await _execute(postgres_of_ours.dsn(), "CREATE TABLE kept AS SELECT 42 AS answer")
            process.kill()
        moved = PostgresServer(postgres_of_ours.directory, free_port(), postgres_of_ours.password)
        with postgres_runs(moved):
            await postgres.wait_until_ready(moved, PATIENCE)
            assert await _value(moved.dsn(), "SELECT answer FROM kept") == 42

    async def test_a_server_left_running_makes_way(self, postgres_of_ours: PostgresServer) -> None:
        with postgres_runs(postgres_of_ours) as left:
            await postgres.wait_until_ready(postgres_of_ours, PATIENCE)
            with postgres_runs(postgres_of_ours):
                assert left.poll() is not None
                await postgres.wait_until_ready(postgres_of_ours, PATIENCE)

    async def test_a_stale_pid_file_is_no_obstacle(self, postgres_of_ours: PostgresServer) -> None:
        postgres_of_ours.prepare()
        (postgres_of_ours.data / "postmaster.pid").write_text(f"{psutil.Process().pid}\n")
        with postgres_runs(postgres_of_ours):
            await postgres.wait_until_ready(postgres_of_ours, PATIENCE)

    async def test_each_role_enters_its_own_database_only(self, postgres_of_ours: PostgresServer) -> None:
        passwords = {"huifang_visits": "it's", "huifang_gateway": "other"}
        with postgres_runs(postgres_of_ours):
            await postgres.wait_until_ready(postgres_of_ours, PATIENCE)
            await ensure_databases(postgres_of_ours.dsn(), passwords)
            await ensure_databases(postgres_of_ours.dsn(), passwords)
            own = postgres_of_ours.dsn("huifang_visits", "huifang_visits", "it's")
            assert await _value(own, "SELECT current_user") == "huifang_visits"
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await _value(postgres_of_ours.dsn("huifang_gateway", "huifang_visits", "it's"), "SELECT 1")
            with pytest.raises(asyncpg.InvalidPasswordError):
                await _value(postgres_of_ours.dsn("huifang_visits", "huifang_visits", "wrong"), "SELECT 1")

    async def test_its_buffers_are_a_share_of_the_memory(self, postgres_of_ours: PostgresServer) -> None:
        with postgres_runs(postgres_of_ours):
            await postgres.wait_until_ready(postgres_of_ours, PATIENCE)
            megabytes = await _value(
                postgres_of_ours.dsn(), "SELECT pg_size_bytes(current_setting('shared_buffers')) / 1048576"
            )
            assert megabytes == shared_buffers(usable_memory())

    @pytest.mark.parametrize(("gibibytes", "megabytes"), [(0.25, 128), (1, 256), (4, 1024), (8, 2048), (512, 2048)])
    def test_a_quarter_of_the_memory_within_bounds(self, gibibytes: float, megabytes: int) -> None:
        assert shared_buffers(int(gibibytes * 2**30)) == megabytes

    @pytest.mark.parametrize(
        ("limit", "counts"), [("1048576\n", True), ("max\n", False), (str(2**62), False), (None, False)]
    )
    def test_a_containers_limit_counts_where_it_is_less(self, limit: str | None, counts: bool, tmp_path: Path) -> None:
        file = tmp_path / "memory.max"
        if limit is not None:
            file.write_text(limit)
        assert usable_memory(file) == (2**20 if counts else psutil.virtual_memory().total)

    async def test_a_server_that_does_not_answer_is_named(self, postgres_of_ours: PostgresServer) -> None:
        with pytest.raises(EmbeddedServerError, match=f"port {postgres_of_ours.port} did not answer"):
            await postgres.wait_until_ready(postgres_of_ours, 0.1)


class TestKafka:
    def test_storage_is_formatted_whatever_the_cluster_id_begins_with(
        self, kafka_of_ours: KafkaServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shared.embedded.kafka.os.urandom", lambda size: b"\xfb" * size)
        assert kafka.cluster_id(b"\xfb" * 16).startswith("-")
        kafka_of_ours.prepare(LocalSettings.from_environment().jars)
        assert (kafka_of_ours.data / "meta.properties").exists()

    async def test_acknowledged_messages_survive_a_kill_and_a_new_port(self, kafka_of_ours: KafkaServer) -> None:
        with kafka_runs(kafka_of_ours) as process:
            await kafka.wait_until_ready(kafka_of_ours.bootstrap, PATIENCE)
            await KafkaBroker(kafka_of_ours.bootstrap).ensure_topics({"kept-v1": 1})
            await _produce(kafka_of_ours.bootstrap, b"before")
            process.kill()
        moved = KafkaServer(kafka_of_ours.directory, free_port(), free_port())
        with kafka_runs(moved) as process:
            await kafka.wait_until_ready(moved.bootstrap, PATIENCE)
            await KafkaBroker(moved.bootstrap).ensure_topics({"kept-v1": 1})
            await _produce(moved.bootstrap, b"after")
            assert await _consume(moved.bootstrap, 2) == [b"before", b"after"]
            with kafka_runs(moved):
                assert process.poll() is not None, "a server left running makes way"

    async def test_a_broker_that_does_not_answer_is_named(self) -> None:
        with pytest.raises(EmbeddedServerError, match="did not answer"):
            await kafka.wait_until_ready(f"127.0.0.1:{free_port()}", 0.1)


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()


async def _value(dsn: str, query: str) -> Any:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def _produce(bootstrap: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        await producer.send_and_wait("kept-v1", value)


async def _consume(bootstrap: str, count: int) -> list[bytes]:
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition("kept-v1", 0)])
        return [(await consumer.getone()).value for _ in range(count)]


class TestFreePorts:
    """A server binds its port seconds after the port was chosen: nobody else may be given it meanwhile."""

    def test_none_is_one_that_the_system_gives_to_whoever_asks_for_any(self) -> None:
        first, _ = map(int, Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split())
        assert {free_port() < first for _ in range(100)} == {True}

    def test_none_is_given_twice_or_while_somebody_listens_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server((LOOPBACK, free_port())) as listener:
            taken = listener.getsockname()[1]
            monkeypatch.setattr(processes, "_numbers", itertools.count(taken))
            given = [free_port() for _ in range(100)]
        assert len(set(given)) == 100
        assert taken not in given
