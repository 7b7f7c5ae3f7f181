"""One trace from the HTTP request through outbox and Kafka to what a consumer publishes because of it."""

import asyncio
import contextlib
import io
import json
import logging
from collections.abc import Awaitable, Callable, Iterator

import pytest

from shared.clock import ManualClock
from shared.contracts.registry import wire_type
from shared.messaging.broker import Record
from shared.messaging.event import Event, decode
from shared.messaging.kafka import KafkaBroker
from shared.testing import Served, example, serve
from tests.architecture.parts import create_app, settings_class
from tests.architecture.test_once_and_versions import PACK
from tests.patience import PATIENCE

Dsn = Callable[[str], Awaitable[str]]
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACEPARENT = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
FACT = {"specversion": "1.0", "id": "r1", "source": "/erp/1", "type": "repair.closed", "data": example("repair.closed")}


@contextlib.contextmanager
def logged() -> Iterator[io.StringIO]:
    """What the services write to standard output; to be entered when they are made."""
    written = io.StringIO()
    handler = logging.getLogger().handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


def trace_id(event: Event) -> str:
    return event.traceparent.split("-")[1]


async def test_a_trace_goes_from_the_request_to_what_the_scheduler_publishes(
    service_dsn: Dsn, clock: ManualClock, kafka_broker: KafkaBroker, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}intake-v1"
    await kafka_broker.ensure_topics({topic: 1})
    gateway = serve(
        create_app("gateway"),
        settings_class("gateway"),
        await service_dsn("gateway"),
        clock=clock,
        broker=kafka_broker,
        topic_prefix=topic_prefix,
    )
    async with gateway as served:
        with logged() as lines:
            async with served.client("integrator", traceparent=TRACEPARENT) as client:
                answer = await client.post("/api/v1/events", json=FACT)
        assert answer.status_code == 202, answer.text
        assert answer.headers["traceparent"].split("-")[1] == TRACE_ID
        (line,) = [line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "request"]
        assert (line["trace_id"], line["route"], line["status"]) == (TRACE_ID, "/api/v1/events", 202)
        (stored,) = await served.published()
        assert trace_id(stored) == TRACE_ID
        record = await relayed(served, kafka_broker, topic)
    arrived = decode(record.headers, record.value)
    assert arrived.traceparent == stored.traceparent
    assert ("traceparent", stored.traceparent.encode()) in record.headers

    scheduler = serve(create_app("scheduler"), settings_class("scheduler"), await service_dsn("scheduler"), clock=clock)
    async with scheduler as served:
        async with served.client("policy_owner") as client:
            assert (await client.post("/api/v1/packs", json=PACK)).status_code == 200
        await served.deliver(arrived)
        (planned,) = await served.published("followup.planned")
    assert trace_id(planned) == TRACE_ID


async def test_the_log_of_requests_names_who_called_and_from_where(service_dsn: Dsn, clock: ManualClock) -> None:
    async with serve(
        create_app("gateway"), settings_class("gateway"), await service_dsn("gateway"), clock=clock
    ) as served:
        with logged() as lines:
            for role in ("ops", None):
                async with served.client(role) as client:
                    await client.get("/api/v1/sources")
    requests = [line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "request"]
    assert [(line["caller"], line["address"], line["status"]) for line in requests] == [
        ("key:test-ops", "127.0.0.1", 200),
        ("", "127.0.0.1", 401),
    ]


async def relayed(served: Served, broker: KafkaBroker, topic: str) -> Record:
    """The one record that the relay publishes."""

    async def nothing() -> None: ...

    subscription = await broker.subscribe(topic, [topic], nothing)
    relaying = asyncio.create_task(served.runtime.relay.run())
    try:
        async with asyncio.timeout(PATIENCE):
            while not (records := await subscription.poll(10, 0.5)):
                pass
        (record,) = records
        return record
    finally:
        served.runtime.relay.stop()
        await relaying
        await subscription.stop()


async def test_a_request_that_fails_can_be_found_by_its_trace(
    service_dsn: Dsn, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_credential: str) -> None:
        raise RuntimeError("customer 13800138000")

    async with serve(
        create_app("visits"), settings_class("visits"), await service_dsn("visits"), clock=clock
    ) as served:
        monkeypatch.setattr(served.runtime.authenticator, "principal", fail)
        with logged() as lines:
            async with served.client("agent", traceparent=TRACEPARENT) as client:
                assert (await client.get("/api/v1/visits")).status_code == 500
    failed = [line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "request_failed"]
    assert [line["trace_id"] for line in failed] == [TRACE_ID]
    assert "Traceback" in failed[0]["exception"]
    assert "13800138000" not in lines.getvalue()


async def test_a_message_that_dies_is_logged_with_its_trace(service_dsn: Dsn, clock: ManualClock) -> None:
    broken = Event(
        "e1", "/huifang/scheduler", wire_type("followup.released"), clock.now(), "C1", {}, traceparent=TRACEPARENT
    )
    async with serve(
        create_app("visits"), settings_class("visits"), await service_dsn("visits"), clock=clock
    ) as served:
        with logged() as lines:
            await served.deliver(broken)
        assert len(await served.dead_letters()) == 1
    buried = [line for line in map(json.loads, lines.getvalue().splitlines()) if line["event"] == "message_buried"]
    assert [line["trace_id"] for line in buried] == [TRACE_ID]
