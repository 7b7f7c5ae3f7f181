"""Clients that are slow, half-finished or talkative: each costs little, and the others are served."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from fastapi import Request

from shared.testing.served import Served
from tests.gateway.conftest import gateway
from tests.hostile.unharmed import unharmed
from tests.hostile.wire import asks, connected, listening
from tests.patience import PATIENCE

__all__ = ["gateway"]
HEAD = b"POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer test-integrator\r\n"
JSON = b"Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"


@pytest.fixture(autouse=True)
def body(gateway: Served) -> None:
    """A route that reads its body, whatever that is."""

    async def body(request: Request) -> int:
        return len(await request.body())

    gateway.app.add_api_route("/body", body, methods=["POST"])


# --- bodies


async def test_slow_bodies_hold_no_connection_to_the_database(gateway: Served) -> None:
    """More of them than the pool has connections, at every door that reads its body by itself."""
    source = {"name": "erp", "kind": "generic", "options": {"type": "order.completed"}}
    async with gateway.client() as client:
        token = (await client.post("/api/v1/sources", json=source)).json()["token"]
    slow = [
        HEAD,
        f"POST /ingress/v1/erp/{token} HTTP/1.1\r\nHost: localhost\r\n".encode(),
        b"POST /api/v1/imports HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer test-ops\r\n",
    ]
    async with listening(gateway.app) as port, unharmed(gateway, port), AsyncExitStack() as stack:
        for head in slow * 4:
            sender = await stack.enter_async_context(connected(port))
            await sender.send(head + JSON + b'{"a":')
        assert await asks(port, "/livez") == 200
        async with gateway.client() as client, asyncio.timeout(PATIENCE):
            assert (await client.get("/api/v1/sources")).status_code == 200
        assert gateway.runtime.db.engine.pool.checkedout() <= 1  # type: ignore[attr-defined] - a neighbour's


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_error(
    gateway: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    async with listening(gateway.app) as port, unharmed(gateway, port):
        async with connected(port) as sender:
            await sender.send(HEAD + JSON + b'{"a":')
        assert await asks(port) == 200
    assert "ClientDisconnect" not in capsys.readouterr().out


async def test_a_body_that_does_not_arrive_ends_with_408(gateway: Served) -> None:
    edge = next(one for one in gateway.app.user_middleware if "body_seconds" in one.kwargs)
    edge.kwargs["body_seconds"] = 0.3
    gateway.app.middleware_stack = None
    async with listening(gateway.app) as port, unharmed(gateway, port), connected(port) as sender:
        await sender.send(HEAD + JSON + b'{"a":')
        assert await sender.status() == 408
        assert await sender.is_closed()


# --- heads


async def test_a_head_that_never_ends_is_refused_before_it_costs_memory(gateway: Served) -> None:
    async with listening(gateway.app) as port, unharmed(gateway, port):
        for endless in (b"X-A: " + b"a" * 70_000, b"".join(b"X-%d: a\r\n" % number for number in range(9000))):
            async with connected(port) as sender:
                await sender.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n" + endless)
                assert await sender.status() == 431
                assert await sender.is_closed()
        async with connected(port) as sender:  # the whole head in one packet, ended
            await sender.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 40_000 + b"\r\n\r\n")
            assert await sender.status() == 431
        assert await asks(port) == 200


async def test_a_half_sent_head_is_closed_after_its_time(gateway: Served) -> None:
    async with (
        listening(gateway.app, head_seconds=1.0) as port,
        unharmed(gateway),
        connected(port) as silent,
        connected(port) as half,
        connected(port) as second,
    ):
        await half.send(b"GET /livez HTTP/1.1\r\nHost:")
        await second.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await second.status() == 200
        await second.send(b"GET /li")
        for each in (silent, half, second):
            assert await each.is_closed()


async def test_a_body_may_follow_its_head_slowly_and_the_connection_goes_on(gateway: Served) -> None:
    async with listening(gateway.app, head_seconds=1.0) as port, unharmed(gateway), connected(port) as sender:
        await sender.send(b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab")
        await asyncio.wait([asyncio.create_task(sender.is_closed(1.5))])
        await sender.send(b"cd")
        assert await sender.status() == 200


async def test_too_many_requests_in_one_breath_are_refused(gateway: Served) -> None:
    async with listening(gateway.app) as port, unharmed(gateway, port), connected(port) as sender:
        await sender.send(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3000)
        assert await sender.is_closed()
        assert await asks(port) == 200


# --- connections


async def test_the_oldest_unfinished_request_makes_room_for_a_new_connection(gateway: Served) -> None:
    async with listening(gateway.app, most=20) as port, unharmed(gateway, port), AsyncExitStack() as stack:
        clients = []
        for number in range(60):
            client = await stack.enter_async_context(connected(port))
            clients.append(client)
            start = b"GET /livez HTTP/1.1\r\n" if number % 2 else b"POST /body HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
            await client.send(start)
        assert await asks(port) == 200
        assert await clients[0].is_closed()
        await clients[-1].send(b"Host: localhost\r\n\r\n")
        assert await clients[-1].status() == 200


async def test_hundreds_of_slow_and_half_sent_requests_leave_room_for_others(gateway: Served) -> None:
    half = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 20_000
    async with listening(gateway.app) as port, unharmed(gateway, port), AsyncExitStack() as stack:
        for start in (HEAD + JSON + b'{"a":',) * 300 + (half,) * 500:
            client = await stack.enter_async_context(connected(port))
            await client.send(start)
        assert await asks(port) == 200
        assert gateway.runtime.db.engine.pool.checkedout() <= 1  # type: ignore[attr-defined] - a neighbour's


# --- what the answers say


async def test_a_wrong_method_names_the_right_ones(gateway: Served) -> None:
    async with gateway.client() as client:
        answer = await client.delete("/api/v1/sources")
    assert answer.status_code == 405
    assert answer.headers["allow"]
