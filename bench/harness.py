"""What every row needs: servers of its own, the A B B A order, medians."""

import asyncio
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

import asyncpg

from shared.embedded import kafka, postgres
from shared.embedded.kafka import KafkaServer
from shared.embedded.postgres import PostgresServer
from shared.embedded.processes import free_port
from shared.ids import new_id
from shared.messaging.kafka import KafkaBroker
from shared.messaging.tables import CORE_0001
from shared.testing.databases import Databases, dsn_of
from shared.zone import ORG_ZONE

Side = Callable[[], Awaitable[float]]
VAR = Path(__file__).parents[1] / "var"


@dataclass(frozen=True)
class Row:
    """One measured row: a ratio, or where it is `absolute`, a figure of its own in `unit`.

    `value` is the median, `goal` the least that it should be, or `at_most` the most. A ratio's `ours` and `rival` are the
    medians of both sides in `unit`; an absolute figure has a rival at most for comparison.
    """

    id: str
    name: str
    value: float
    min: float
    max: float
    rounds: int
    ours: float
    rival: float | None
    unit: str
    goal: float
    at_most: bool = False
    absolute: bool = False
    measured: str = field(default_factory=lambda: f"{datetime.now(ORG_ZONE):%Y-%m-%d}")

    @property
    def reached(self) -> bool:
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    def as_json(self) -> dict[str, object]:
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(self).items()}


@dataclass
class Servers:
    """A durable PostgreSQL and a Kafka for this run alone; `standing` are databases that several rows measure on, by size."""

    postgres: str
    bootstrap: str
    standing: dict[int, str] = field(default_factory=dict)

    async def database(self, service: str) -> str:
        """DSN of a fresh database with a service's schema."""
        return await Databases(self.postgres).clone(service)

    async def copy(self, dsn: str) -> str:
        """DSN of a fresh copy of a database that nobody is connected to."""
        name, template = f"bench_{new_id().hex[-12:]}", dsn.rpartition("/")[2]
        connection = await asyncpg.connect(self.postgres)
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        await connection.close()
        return dsn_of(self.postgres, name)

    async def drop(self, dsn: str) -> None:
        """Drop a database that nobody needs any more."""
        connection = await asyncpg.connect(self.postgres)
        await connection.execute(f'DROP DATABASE "{dsn.rpartition("/")[2]}" WITH (FORCE)')
        await connection.close()

    async def core_database(self) -> str:
        """DSN of a fresh database with the messaging tables alone."""
        dsn = await Databases(self.postgres).clone("")
        connection = await asyncpg.connect(dsn)
        await connection.execute(CORE_0001)
        await connection.close()
        return dsn

    async def checkpoint(self) -> None:
        connection = await asyncpg.connect(self.postgres)
        await connection.execute("CHECKPOINT")
        await connection.close()

    async def topic(self, partitions: int = 4) -> str:
        """A fresh topic's prefix: `<prefix>intake-v1` and so on are made by who needs them."""
        name = f"b{new_id().hex[-10:]}"
        await KafkaBroker(self.bootstrap).ensure_topics({name: partitions})
        return name


@asynccontextmanager
async def servers() -> AsyncIterator[Servers]:
    """Start both, with fsync on; stop them at the end."""
    VAR.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as folder:
        pg = PostgresServer(Path(folder) / "postgres", free_port(), postgres.new_password())
        broker = KafkaServer(Path(folder) / "kafka", free_port(), free_port())
        pg.prepare()
        broker.prepare(jars=VAR / "kafka" / "lib")
        processes = [
            subprocess.Popen(
                pg.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **pg.process_options()
            ),
            subprocess.Popen(broker.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL),
        ]
        try:
            await asyncio.gather(
                postgres.wait_until_ready(pg, seconds=30), kafka.wait_until_ready(broker.bootstrap, seconds=60)
            )
            yield Servers(pg.dsn(), broker.bootstrap)
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                process.wait(20)


@asynccontextmanager
async def copied(servers: Servers, dsn: str) -> AsyncIterator[str]:
    """DSN of a copy of a database, dropped afterwards."""
    copy = await servers.copy(dsn)
    yield copy
    await servers.drop(copy)


async def timed(amount: int, work: Awaitable[object]) -> float:
    """Things per second."""
    started = time.perf_counter()
    await work
    return amount / (time.perf_counter() - started)


async def compare(
    row_id: str,
    name: str,
    goal: float,
    ours: Side,
    rival: Side,
    rounds: int,
    unit: str = "events/s",
    at_most: bool = False,
) -> Row:
    """Measure both sides `rounds` times in the order A B B A; a round's ratio is ours / rival."""
    measured: list[tuple[float, float]] = []
    for number in range(rounds):
        first_is_ours = number % 2 == 0
        a = await (ours if first_is_ours else rival)()
        b = await (rival if first_is_ours else ours)()
        measured.append((a, b) if first_is_ours else (b, a))
        print(f"  {row_id} {number + 1}/{rounds}: {measured[-1][0]:,.1f} / {measured[-1][1]:,.1f} {unit}", flush=True)
    ratios = [mine / theirs for mine, theirs in measured]
    return Row(
        row_id, name, statistics.median(ratios), min(ratios), max(ratios), rounds,
        statistics.median(mine for mine, _ in measured), statistics.median(theirs for _, theirs in measured),
        unit, goal, at_most,
    )  # fmt: skip


async def repeat(row_id: str, name: str, goal: float, side: Side, rounds: int, unit: str, at_most: bool = False) -> Row:
    """Measure a figure that stands for itself."""
    measured = []
    for number in range(rounds):
        measured.append(await side())
        print(f"  {row_id} {number + 1}/{rounds}: {measured[-1]:,.1f} {unit}", flush=True)
    median = statistics.median(measured)
    return Row(
        row_id, name, median, min(measured), max(measured), rounds, median, None, unit, goal, at_most, absolute=True
    )
