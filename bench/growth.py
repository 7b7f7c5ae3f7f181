"""How much a running platform grows per fact: `python -m bench.growth [FACTS]` on that of `make run` or `make demo`.

Posts closed repairs of 50,000 customers through the gateway, waits until every service has taken them in, and tells what
each database and Kafka grew by. Figures go into docs/operations.md by hand: they are of one mix of facts.
"""

import asyncio
import sys
import time
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson

from deploy.local.runfiles import read_run
from deploy.local.settings import ROOT, SERVICES, LocalSettings
from deploy.reconcile.databases import count_waiting
from deploy.reconcile.topics import count_behind
from shared.ids import new_id

BATCH = 500
CUSTOMERS = 50_000
SAMPLE: dict[str, Any] = orjson.loads((ROOT / "deploy" / "samples" / "repair-closed.json").read_bytes())
CONTENT = "application/cloudevents-batch+json"


def fact(run: str, number: int) -> dict[str, Any]:
    data = SAMPLE["data"]
    customer = data["customer"] | {"id": f"G{number % CUSTOMERS}", "phone": f"1701{number % CUSTOMERS:07d}"}
    data = data | {"work_order_no": f"{run}-{number}", "customer": customer}
    return SAMPLE | {"id": f"{run}-{number}", "source": "/bench/growth", "data": data}


async def sizes(dsns: dict[str, str]) -> dict[str, int]:
    """Bytes of each database."""
    found = {}
    for service, dsn in dsns.items():
        connection = await asyncpg.connect(dsn)
        found[service] = await connection.fetchval("SELECT pg_database_size(current_database())")
        await connection.close()
    return found


def topics(data: Path) -> int:
    """Bytes of records that Kafka keeps of all topics."""
    return sum(file.stat().st_size for file in data.glob("*-v1-*/*.log"))


async def measure(facts: int) -> None:
    settings = LocalSettings.from_environment()
    run = read_run(settings)
    if run is None:
        sys.exit("The platform does not run: make run")
    label, kafka = new_id().hex[-8:], settings.var / "kafka" / "data"
    before, records = await sizes(run["postgres"]), topics(kafka)
    began = time.monotonic()
    headers = {"Authorization": f"Bearer {run['keys']['integrator']}", "content-type": CONTENT}
    async with httpx.AsyncClient(base_url=run["services"]["gateway"], headers=headers, timeout=60) as client:
        for start in range(0, facts, BATCH):
            body = orjson.dumps([fact(label, number) for number in range(start, min(start + BATCH, facts))])
            (await client.post("/api/v1/events", content=body)).raise_for_status()
    posted = time.monotonic() - began
    groups = [f"huifang-{service}" for service in SERVICES]
    while any((await count_waiting(run["postgres"])).values()) or any(
        (await count_behind(run["kafka"], groups)).values()
    ):
        await asyncio.sleep(0.5)
    taken = time.monotonic() - began
    after = await sizes(run["postgres"])
    print(f"{facts:,} facts posted in {posted:.0f} s, taken in by all services after {taken:.0f} s")
    print("\n| | bytes a fact | GB a million facts |\n|---|---|---|")
    grown = {service: (after[service] - before[service]) / facts for service in SERVICES}
    for name, each in {
        **grown,
        "all databases": sum(grown.values()),
        "Kafka": (topics(kafka) - records) / facts,
    }.items():
        print(f"| {name} | {each:,.0f} | {each / 1000:.2f} |")


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
