"""P9: events a second through the gateway, posted 500 at once against one by one (32 clients at once)."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from bench.harness import VAR, Row, Servers, compare, timed
from shared.auth import hash_key, new_key
from shared.contracts.registry import topics
from shared.embedded.processes import free_port
from shared.messaging.kafka import KafkaBroker
from shared.testing.events import example
from shared.testing.served import DATA_KEY

SINGLES = int(os.environ.get("HUIFANG_BENCH_SINGLES", "3000"))
BATCHES = int(os.environ.get("HUIFANG_BENCH_BATCHES", "80"))
BATCH = 500
AT_ONCE = 32
GOAL = 30
_numbers = count()
_order = example("order.completed")


def event() -> dict[str, object]:
    number = next(_numbers)
    data = _order | {"order_no": f"SO{number}", "customer": _order["customer"] | {"id": f"C{number % 8000}"}}
    return {"specversion": "1.0", "id": f"e{number}", "source": "/bench", "type": "order.completed", "data": data}


class Client:
    """A connection that is kept; HTTP by hand, for the client must cost less than what it measures."""

    def __init__(self, port: int, key: str) -> None:
        self.port, self.key = port, key

    async def __aenter__(self) -> "Client":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def post(self, body: bytes, media: str) -> None:
        head = (
            f"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self.key}\r\n"
            f"Content-Type: {media}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.writer.write(head.encode() + body)
        answer = await self.reader.readuntil(b"\r\n\r\n")
        assert b" 202 " in answer.split(b"\r\n")[0], answer
        length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await self.reader.readexactly(int(length.split(b":")[1]))


@asynccontextmanager
async def gateway(servers: Servers) -> AsyncIterator[tuple[int, str]]:
    """A gateway process on a fresh database, relaying to Kafka; yields its port and a key."""
    port, key, prefix = free_port(), new_key(), await servers.topic()
    await KafkaBroker(servers.bootstrap).ensure_topics({prefix + topic: 4 for topic in topics()})
    with tempfile.TemporaryDirectory(prefix="bench-", dir=VAR) as folder:
        keys = Path(folder) / "keys.json"
        keys.write_text(json.dumps([{"id": "bench", "role": "integrator", "sha256": hash_key(key)}]))
        settings = {
            "POSTGRES_DSN": await servers.database("gateway"),
            "KAFKA_BOOTSTRAP": servers.bootstrap,
            "TOPIC_PREFIX": prefix,
            "KEYS_FILE": str(keys),
            "DATA_KEY": DATA_KEY,
            "CONSUMER_ENABLED": "false",
        }
        environment = os.environ | {f"HUIFANG_{name}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "deploy.local.serve", "gateway", str(port)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            while not await _answers(port):
                assert process.poll() is None
                await asyncio.sleep(0.1)
            yield port, key
        finally:
            process.terminate()
            process.wait(20)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def measure(servers: Servers, rounds: int) -> Row:
    async with gateway(servers) as (port, key):

        async def batches() -> float:
            bodies = [json.dumps([event() for _ in range(BATCH)]).encode() for _ in range(BATCHES)]
            return await _rate(bodies, "application/cloudevents-batch+json", 4, BATCHES * BATCH)

        async def singles() -> float:
            bodies = [json.dumps(event()).encode() for _ in range(SINGLES)]
            return await _rate(bodies, "application/cloudevents+json", AT_ONCE, SINGLES)

        async def _rate(bodies: list[bytes], media: str, clients: int, events: int) -> float:
            await servers.checkpoint()
            waiting = iter(bodies)

            async def client() -> None:
                async with Client(port, key) as each:
                    for body in waiting:
                        await each.post(body, media)

            return await timed(events, _all(client() for _ in range(clients)))

        return await compare("P9", "入口：每批 500 条 / 逐条（32 路并发）", GOAL, batches, singles, rounds)


async def _all(work: object) -> None:
    await asyncio.gather(*work)  # type: ignore[call-overload]
