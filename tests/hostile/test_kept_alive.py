"""A refused request costs its sender nothing but that request: the connection serves the next one."""

import asyncio

import pytest

from shared.testing.served import Served
from tests.gateway.conftest import gateway
from tests.hostile.unharmed import unharmed
from tests.hostile.wire import connected, listening
from tests.patience import PATIENCE

__all__ = ["gateway"]
HEAD = "{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer test-ops\r\n"


async def test_a_connection_lives_on_after_what_no_field_may_hold(gateway: Served) -> None:
    asked = HEAD.format("GET /api/v1/sources").encode() + b"\r\n"
    async with listening(gateway.app) as port, unharmed(gateway, port), connected(port) as client:
        for name in (b"a\\u0000b", b"a\\ud83d"):
            body = b'{"name": "%s", "kind": "odoo"}' % name
            length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            await client.send(HEAD.format("POST /api/v1/sources").encode() + length + body)
            status, told = await client.answer()
            assert (status, b"body.name" in told) == (422, True)
            await client.send(asked)
            assert (await client.answer())[0] == 200


LARGE, READ = 300_000, 40_000  # bytes of a body, and of it until it is refused
TOO_LARGE = HEAD.format("POST /api/v1/sources") + f"Content-Type: application/json\r\nContent-Length: {LARGE}\r\n\r\n"


async def test_a_body_that_is_still_coming_when_it_is_refused_takes_neither_the_answer_nor_the_connection(
    gateway: Served,
) -> None:
    """As of every client that writes its whole body before it reads: a closed connection would cost it the answer."""
    asked = HEAD.format("GET /api/v1/sources").encode() + b"\r\n"
    async with listening(gateway.app) as port, unharmed(gateway, port), connected(port) as client:
        for piece in (10_000, 130_000):
            await client.send(TOO_LARGE.encode() + b"x" * READ)
            assert (await client.answer())[0] == 413
            for _ in range((LARGE - READ) // piece):
                await client.send(b"x" * piece)
            await client.send(asked)
            assert (await client.answer())[0] == 200


async def test_a_body_that_goes_on_without_end_after_it_was_refused_is_cut_off(gateway: Served) -> None:
    head = HEAD.format("POST /api/v1/sources") + "Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
    async with listening(gateway.app, head_seconds=1.0) as port, unharmed(gateway, port):
        async with connected(port) as endless:
            await endless.send(head.encode() + b"x" * READ)
            assert (await endless.answer())[0] == 413
            with pytest.raises(ConnectionError):
                async with asyncio.timeout(PATIENCE):
                    while True:
                        await endless.send(b"x" * 65_536)
        async with connected(port) as slow:
            await slow.send(head.encode() + b"x" * READ)
            assert (await slow.answer())[0] == 413
            await slow.send(b"x")
            assert await slow.is_closed()
