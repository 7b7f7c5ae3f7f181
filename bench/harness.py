"""What every row needs: servers of its own, the A B B A order, medians."""

import asyncio
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
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

Side = Callable[[], Awaitable[float]]
VAR = Path(__file__).parents[1] / "var"


@dataclass(frozen=True)
class Row:
    """One measured ratio; `ours` and `rival` are medians in `unit`."""

    id: str
    name: str
    ratio: float
    min: float
    max: float
    rounds: int
    ours: float
    rival: float
    unit: str
    goal: float

    def as_json(self) -> dict[str, object]:
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(self).items()}


@dataclass
class Servers:
    """A durable PostgreSQL and a Kafka for this run alone."""

    postgres: str
    bootstrap: str

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


async def timed(amount: int, work: Awaitable[object]) -> float:
    """Things per second."""
    started = time.perf_counter()
    await work
    return amount / (time.perf_counter() - started)


async def compare(
    row_id: str, name: str, goal: float, ours: Side, rival: Side, rounds: int, unit: str = "events/s"
) -> Row:
    """Measure both sides `rounds` times in the order A B B A; a round's ratio is ours / rival."""
    measured: list[tuple[float, float]] = []
    for number in range(rounds):
        first_is_ours = number % 2 == 0
        a = await (ours if first_is_ours else rival)()
        b = await (rival if first_is_ours else ours)()
        measured.append((a, b) if first_is_ours else (b, a))
        print(f"  {row_id} {number + 1}/{rounds}: {measured[-1][0]:,.0f} / {measured[-1][1]:,.0f} {unit}", flush=True)
    ratios = [mine / theirs for mine, theirs in measured]
    return Row(
        row_id, name, statistics.median(ratios), min(ratios), max(ratios), rounds,
        statistics.median(mine for mine, _ in measured), statistics.median(theirs for _, theirs in measured), unit, goal,
    )  # fmt: skip
