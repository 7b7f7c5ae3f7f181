"""A refused request costs its sender nothing but that request: the connection serves the next one."""

from shared.testing.served import Served
from tests.gateway.conftest import gateway
from tests.hostile.unharmed import unharmed
from tests.hostile.wire import connected, listening

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
