"""Receivers of results that are slow, endless or send us elsewhere: the gateway lives on, and the others get their results."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest

from services.gateway.jobs import write_back
from shared.testing.served import Served
from tests.gateway.conftest import gateway
from tests.gateway.test_api_writeback import Receiver, accepted_case, deliveries, new_endpoint, receiver, visit
from tests.hostile.unharmed import unharmed
from tests.patience import PATIENCE

__all__ = ["gateway", "receiver"]
RESULTS = 12
NOT_IN_TIME = "秒内没有回答"
PART = b"x" * (64 << 10)
Behave = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def never_end_the_head(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-A: " + PART + b"\r\n")
        await writer.drain()


async def never_end_the_body(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 99999999999\r\n\r\n")
    while True:
        writer.write(PART)
        await writer.drain()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 1_000:
        writer.write(bytes([letter]))
        await writer.drain()
        with suppress(TimeoutError):
            await asyncio.wait_for(reader.read(), 0.05)


async def send_elsewhere(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
    writer.write(b"HTTP/1.1 307 Go\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def speak_nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x16\x03\x01" + PART * 16)
    await writer.drain()


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


ATTACKS: dict[Behave, str] = {
    say_nothing: NOT_IN_TIME,
    never_end_the_head: "连接失败",
    never_end_the_body: "接收方回答 500",
    drip: NOT_IN_TIME,
    send_elsewhere: "接收方回答 307",
    speak_nonsense: "连接失败",
    hang_up: "连接失败",
}


@pytest.fixture
async def hostile_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Where the attack listens."""
    behave: Behave = request.param

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            await behave(reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    server.close()


@pytest.mark.parametrize(
    ("hostile_url", "says"),
    ATTACKS.items(),
    ids=[each.__name__ for each in ATTACKS],
    indirect=["hostile_url"],
)
async def test_no_receiver_harms_the_gateway_or_another_receiver(
    gateway: Served, receiver: Receiver, hostile_url: str, says: str
) -> None:
    # only who is not answered in time needs a short one: on a busy machine it might end what should be refused
    gateway.runtime.settings.writeback_timeout = 2 if says == NOT_IN_TIME else PATIENCE  # type: ignore[attr-defined]
    await new_endpoint(gateway, hostile_url, name="恶意")
    await new_endpoint(gateway, receiver.url)
    receipts = [await accepted_case(gateway, str(number)) for number in range(RESULTS)]
    async with unharmed(gateway):
        await gateway.deliver(*(visit(receipt) for receipt in receipts))
        async with asyncio.timeout(PATIENCE):
            while not await each_was_tried(gateway):
                await write_back(gateway.runtime)
    assert len(receiver.got) == RESULTS
    told = {row["last_error"] for row in await deliveries(gateway) if row["state"] != "delivered"}
    assert told
    assert all(says in reason for reason in told), told


async def each_was_tried(gateway: Served) -> bool:
    """Each result, at both receivers."""
    rows = await deliveries(gateway)
    return len(rows) == RESULTS * 2 and all(row["last_status"] or row["last_error"] for row in rows)
