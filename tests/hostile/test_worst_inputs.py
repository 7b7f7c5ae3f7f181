"""Bodies made to hold the event loop: each parser takes its worst input in linear time, and large ones aside."""

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from services.gateway.domain.envelope import split_batch
from services.gateway.domain.headers import plain
from shared.bodies import QUICK
from shared.clock import SystemClock
from shared.privacy import mask_text
from shared.testing.served import Served
from tests.gateway.conftest import gateway
from tests.hostile.loop_time import watched_loop
from tests.hostile.own_process import OwnProcess, with_own_database
from tests.hostile.unharmed import unharmed, unharmed_process
from tests.patience import PATIENCE

__all__ = ["gateway"]
MIB = 1 << 20
CLOCK = SystemClock()
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


@pytest_asyncio.fixture(scope="module")
async def own(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OwnProcess]:
    """A gateway that is a process of its own, whose memory is its own; a first batch and message load what they load."""
    async with with_own_database("gateway", postgres_server, tmp_path_factory.mktemp("gateway")) as own:
        await judged(own, "a")
        await understood(own, await new_source(own, "first"), 1)
        yield own


async def new_source(own: OwnProcess, name: str) -> str:
    """Where a new source posts to; its name is at its end."""
    source = {"name": name, "kind": "generic", "options": {"type": "x.y", "fields": {"id": "id"}}}
    async with own.client("ops") as ops:
        made = await ops.post("/api/v1/sources", json=source)
    assert made.status_code == 201, made.text
    return str(made.json()["path"])


@pytest.mark.parametrize("name", BODIES)
async def test_no_body_holds_the_loop(own: OwnProcess, name: str) -> None:
    path = await new_source(own, f"body-{list(BODIES).index(name)}")
    async with own.client("integrator") as client, unharmed_process(own), asyncio.timeout(PATIENCE):
        for url in ("/api/v1/events", path):
            answer = await client.post(url, content=BODIES[name], headers=BATCH)
            assert answer.status_code in (202, 400, 413, 422), answer.text
            assert answer.status_code != 202 or name == "empty items"


def fact(number: str, text: str) -> dict[str, object]:
    data = {"customer": {"id": f"C{number}"}, "note": text, "parts": [text[:40]] * 4}
    return {"specversion": "1.0", "id": f"e{number}", "source": "/erp", "type": "x.y", "data": data}


@pytest.mark.parametrize("text", ["1 " * 900, "0571-" * 360, "2026-03-02 10:00:00 " * 90, "13800001111；" * 130])
async def test_judging_a_full_batch_of_long_prose_holds_nobody_up(own: OwnProcess, text: str) -> None:
    async with unharmed_process(own):
        await judged(own, text)


async def judged(own: OwnProcess, text: str) -> None:
    """A full batch of this prose is taken in; its ids are those of no other."""
    batch = json.dumps([fact(f"{text[:9]}-{number}", text) for number in range(400)], ensure_ascii=False).encode()
    assert len(batch) < MIB
    async with own.client("integrator") as client:
        answer = await client.post("/api/v1/events", content=batch, headers=BATCH)
    assert answer.status_code == 202, answer.text[:300]
    assert answer.json()["accepted"] == 400, answer.text[:300]


async def test_understanding_what_a_source_sent_holds_nobody_up(own: OwnProcess) -> None:
    path = await new_source(own, "prose")
    async with unharmed_process(own):
        await understood(own, path, 60_000)


async def understood(own: OwnProcess, path: str, size: int) -> None:
    """Eight messages of long prose are sent, and looked at by the job."""
    async with own.client("integrator") as client, own.client("ops") as ops, asyncio.timeout(PATIENCE):
        for number in range(8):
            body = json.dumps({"id": f"m{number}", "data": {"customer": {"id": "C1"}, "note": "1 " * size}})
            assert (await client.post(path, content=body)).status_code == 202
        query = f"/api/v1/messages?source={path.split('/')[-2]}"
        while [one["state"] for one in (await ops.get(query)).json()["items"]] != ["done"] * 8:
            await CLOCK.sleep(0.1)


@pytest.mark.parametrize("body", [b'["' + b'\\"' * 100_000, b"[" + b'"' * 200_000, b"[" * 200_000])
def test_splitting_a_batch_takes_twice_as_long_for_twice_as_much(body: bytes) -> None:
    def seconds(text: bytes) -> float:
        started = time.thread_time()
        with pytest.raises(ValueError):
            split_batch(text)
        return time.thread_time() - started

    assert min(seconds(body) for _ in range(2)) < 1  # the square would be minutes


def test_names_are_bounded() -> None:
    started = time.thread_time()
    for name in ("（" * 200, "（" * 1_000_000, "- " * 100, " " * 1_000_000 + "x"):
        plain(name)
    assert time.thread_time() - started < 0.2


# --- masking: texts that are hardly anything but beginnings of numbers

NUMBERS = (
    "1 ", "1 3 ", "138 ", "86 ", "0086 ", "8 6 1 3 ", "1.3.", "13 13 13 13 13 1 ", "1(3)", "0571-", "0123-", "１ ", "1", "13",
    "0571 2 2 2 2 2 2 2 ", "+1 1 1 1 1 1 1 1 1 ", "+1 1111111111", "1 1 0 1 0 1 1 9 9 0 0 3 0 7 0 0 1 1 ", "138-20260302 ",
    "1 5 0 0 0-180000元", "2026-03-02 10:00:00 ", "13800001111；", "110101199003070011 ", "0571-8888 8888 ",
    "1 3 8 0 0 0 0 1 1 1 1 ",
)  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_masking_what_the_loop_masks_takes_a_moment(text: str) -> None:
    def seconds(size: int) -> float:
        worst = text * (size // len(text))
        started = time.thread_time()
        mask_text(worst)
        return time.thread_time() - started

    assert min(seconds(QUICK) for _ in range(5)) < 0.05
    assert min(seconds(QUICK * 8) for _ in range(2)) < 0.05 * 8 * 2  # the square would be 3 s


async def test_showing_long_messages_holds_nobody_up(gateway: Served) -> None:
    source = {"name": "erp3", "kind": "generic", "options": {"type": "x.y"}}
    async with gateway.client("ops") as ops:
        path = (await ops.post("/api/v1/sources", json=source)).json()["path"]
        for number in range(4):
            body = json.dumps({"id": f"m{number}", "note": "86 " * 300_000})
            assert (await ops.post(path, content=body)).status_code == 202
        assert (await ops.get("/api/v1/messages?limit=1")).is_success
        async with unharmed(gateway):
            with watched_loop() as loop_time:
                listed = (await ops.get("/api/v1/messages?source=erp3")).json()["items"]
                assert len(listed) == 4
                assert (await ops.get(f"/api/v1/messages/{listed[0]['id']}")).is_success
            assert loop_time.most < 0.05, loop_time.what
