"""A service's life: ready when its loops run, honest when they don't, quick and complete to stop."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from shared.clock import ManualClock, SystemClock
from shared.contracts.intake import MeterRead
from shared.embedded.processes import free_port
from shared.jobs import Job
from shared.messaging import Consumer, Event, Work
from shared.messaging.broker import Message
from shared.messaging.event import encode
from shared.messaging.memory import MemoryBroker
from shared.messaging.relay import Relay
from shared.messaging.runner import ConsumerRunner
from shared.runtime import Runtime, Service
from shared.service import build_app
from shared.settings import ServiceSettings
from shared.testing import Served, event, example, serve
from shared.testing.served import DATA_KEY, keys_in
from tests.patience import PATIENCE

consumer = Consumer("test", ["intake-v1"])


@consumer.on("weather.rained")
async def pass_on(work: Work, events: Sequence[Event]) -> None:
    for arrived in events:
        work.publish(MeterRead(**example("meter.read")), key=arrived.key, cause=arrived)


def create_app(settings: ServiceSettings, *parts: Any, jobs: Sequence[Job] = (), checks: Any = None) -> FastAPI:
    service = Service(
        name="test", title="测试", settings=settings, consumers=[consumer], jobs=jobs, checks=checks or {}
    )
    return build_app(service, *parts)


async def ready(served: Served) -> dict[str, str]:
    answer = await served.client(None).get("/readyz")
    reasons: dict[str, str] = answer.json()["reasons"]
    assert (answer.status_code == 200) is (not reasons)
    return reasons


async def until(served: Served, reason: str | None) -> None:
    """Wait until the service is ready, or says why not."""
    async with asyncio.timeout(PATIENCE):
        while (reason or "") not in str(found := await ready(served)) or (reason is None and found):
            await SystemClock().sleep(0.02)


async def test_an_event_goes_through_consumer_outbox_and_relay(core_dsn: str, clock: ManualClock) -> None:
    broker = MemoryBroker()
    loops = ("relay", "consumer", "jobs")
    async with serve(create_app, ServiceSettings, core_dsn, clock=clock, broker=broker, loops=loops) as served:
        await until(served, None)
        producer = await broker.producer()
        sent = event("weather.rained", key="510108")
        await producer.publish([Message("intake-v1", sent.key, *encode(sent))])
        async with asyncio.timeout(PATIENCE):
            while sum(len(log) for (topic, _), log in broker.logs.items() if topic == "intake-v1") < 2:
                await SystemClock().sleep(0.02)
        (made,) = await served.published("meter.read")
        assert (made.cause, made.lineage) == (sent.id, sent.lineage)


async def test_a_service_says_why_it_is_not_ready(core_dsn: str, clock: ManualClock) -> None:
    async def broken(_runtime: Runtime) -> None:
        raise ConnectionError("电话 13800000017 打不通")

    async def dies(_runtime: Runtime) -> int:
        raise asyncio.CancelledError

    def make(*parts: Any) -> FastAPI:
        return create_app(*parts, jobs=[Job("dies", 1, dies)], checks={"provider": broken})

    async with serve(make, ServiceSettings, core_dsn, clock=clock, loops=("jobs",)) as served:
        await until(served, "job-dies")
        reasons = await ready(served)
        assert reasons == {"provider": "ConnectionError: 电话 138****0017 打不通", "job-dies": "has ended"}


async def runs_out(*_: Any) -> None:
    return None


async def is_cancelled(*_: Any) -> int:
    raise asyncio.CancelledError


async def is_broken(*_: Any) -> None:
    raise AssertionError("a fault in the loop itself")


@pytest.mark.parametrize(
    ("loop", "broken", "way"),
    [
        ("job-dies", None, is_cancelled),
        *(("relay", Relay, way) for way in (runs_out, is_cancelled, is_broken)),
        *(("consumer-test", ConsumerRunner, way) for way in (runs_out, is_cancelled, is_broken)),
    ],
)
async def test_a_process_whose_loop_has_ended_is_given_up(
    core_dsn: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, capsys: Any, loop: str, broken: Any, way: Any
) -> None:
    given_up: list[str] = []

    def make(*parts: Any) -> FastAPI:
        app = create_app(*parts, jobs=[Job("dies", 1, way)] if broken is None else ())
        app.state.give_up = lambda: given_up.append(loop)
        return app

    if broken is not None:
        monkeypatch.setattr(broken, "run", way)
    loops = ("relay", "consumer", "jobs")
    async with serve(make, ServiceSettings, core_dsn, clock=clock, loops=loops) as served:
        await until(served, loop)
        answer = await served.client(None).get("/livez")
        assert (answer.status_code, answer.json()) == (503, {"status": "a loop has ended"})
    assert given_up == [loop]  # and none for the loops that ended because we stopped
    assert f'"loop":"{loop}","event":"loop_ended"' in capsys.readouterr().out


PROGRAM = """
import asyncio, sys
from deploy.local.serve import main
from shared.messaging.relay import Relay

async def cancelled(self):
    await asyncio.sleep(0.2)
    raise asyncio.CancelledError

Relay.run = cancelled
main("analytics", int(sys.argv[1]))
"""


async def test_the_process_of_a_service_ends_itself_when_a_loop_has_ended(
    service_dsn: Callable[[str], Awaitable[str]], tmp_path: Path
) -> None:
    settings = {
        "POSTGRES_DSN": await service_dsn("analytics"),
        "KEYS_FILE": str(keys_in(tmp_path)),
        "DATA_KEY": DATA_KEY,
        "CONSUMER_ENABLED": "false",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, str(free_port())),
        env=os.environ | {f"HUIFANG_{name}": value for name, value in settings.items()},
        cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        output, _ = await process.communicate()
    assert process.returncode == -signal.SIGTERM, output.decode()
    assert '"loop":"relay","event":"loop_ended"' in output.decode()


async def test_a_lost_database_is_a_reason_and_it_comes_back(
    core_dsn: str, clock: ManualClock, postgres_server: str
) -> None:
    name = core_dsn.rpartition("/")[2]
    admin = await asyncpg.connect(postgres_server)
    loops = ("relay", "consumer")
    async with serve(create_app, ServiceSettings, core_dsn, clock=clock, loops=loops) as served:
        await until(served, None)
        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        await until(served, "relay")
        assert set(await ready(served)) == {"postgres", "relay"}
        for path in ("/livez", "/metrics"):
            assert (await served.client(None).get(path)).status_code == 200
        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        await until(served, None)
    await admin.close()


@pytest.mark.parametrize("loops", [(), ("relay", "consumer", "jobs")], ids=["idle", "all loops"])
async def test_a_service_stops_quickly(core_dsn: str, clock: ManualClock, loops: tuple[str, ...]) -> None:
    async def sweep(_runtime: Runtime) -> int:
        await SystemClock().sleep(3600)
        return 0

    def make(*parts: Any) -> FastAPI:
        return create_app(*parts, jobs=[Job("sweep", 1, sweep)])

    async with asyncio.timeout(PATIENCE):
        async with serve(make, ServiceSettings, core_dsn, clock=clock, loops=loops) as served:
            await until(served, None)
        assert all(task.done() for task in served.runtime._tasks)
