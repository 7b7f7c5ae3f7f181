"""Bodies made to hold the event loop: each parser takes its worst input in linear time, and large ones aside."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from services.gateway.domain.envelope import split_batch
from services.gateway.domain.headers import plain
from shared.testing.served import Served
from tests.gateway.conftest import gateway

__all__ = ["gateway"]
MIB = 1 << 20
MOST_DELAY = 0.25
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
BODIES = {
    "strings that never end": b'["' + b'\\"' * (MIB // 2 - 8),
    "quotes": b"[" + b'"' * (MIB - 8),
    "brackets": b"[" * (MIB - 8),
    "braces": b"[" + b'{"a":' * (MIB // 5 - 8),
    "backslashes": b'["' + b"\\" * (MIB - 9),
    "empty items": b"[" + b"," * (MIB - 9) + b"]",
    "a broken one among many": b"[" + b'{"a":"b"},' * (MIB // 10 - 2) + b"x]",
    "deep object": b'{"data":' * (MIB // 8 - 1),
}


class Delay:
    """How long the event loop was held, at most."""

    def __init__(self) -> None:
        self.most = 0.0

    async def watch(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.002)  # noqa: TID251 - it is the loop itself that is measured
            self.most = max(self.most, time.perf_counter() - before - 0.002)


@pytest.fixture
async def delay() -> AsyncIterator[Delay]:
    found = Delay()
    task = asyncio.create_task(found.watch())
    yield found
    task.cancel()


@pytest.mark.parametrize("name", BODIES)
async def test_no_body_holds_the_loop(gateway: Served, delay: Delay, name: str) -> None:
    async with gateway.client("integrator") as client:
        source = {"name": "erp", "kind": "generic", "options": {"type": "x.y"}}
        async with gateway.client("ops") as ops:
            path = (await ops.post("/api/v1/sources", json=source)).json()["path"]
        for url in ("/api/v1/events", path):
            delay.most, started = 0.0, time.monotonic()
            answer = await client.post(url, content=BODIES[name], headers=BATCH)
            assert answer.status_code in (202, 400, 413, 422), answer.text
            assert answer.status_code != 202 or name == "empty items"
            assert time.monotonic() - started < 10
            assert delay.most < MOST_DELAY
            assert (await client.get("/livez")).status_code == 200


@pytest.mark.parametrize("body", [b'["' + b'\\"' * 100_000, b"[" + b'"' * 200_000, b"[" * 200_000])
def test_splitting_a_batch_takes_twice_as_long_for_twice_as_much(body: bytes) -> None:
    def seconds(text: bytes) -> float:
        started = time.perf_counter()
        with pytest.raises(ValueError):
            split_batch(text)
        return time.perf_counter() - started

    assert min(seconds(body) for _ in range(2)) < 1  # the square would be minutes


def test_names_are_bounded() -> None:
    started = time.perf_counter()
    for name in ("（" * 200, "（" * 1_000_000, "- " * 100, " " * 1_000_000 + "x"):
        plain(name)
    assert time.perf_counter() - started < 0.2
