"""Write-back to a receiver that really listens."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from prometheus_client import REGISTRY
from standardwebhooks import Webhook

from services.gateway import commands
from services.gateway.adapters import webhooks
from services.gateway.domain.writeback import RETRY_AFTER
from shared.clock import ManualClock
from shared.testing.events import event, example
from shared.testing.served import Served
from tests.patience import PATIENCE


class Receiver:
    """Answers with the statuses it is told, then 200; keeps what it got."""

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("Location", "http://169.254.169.254/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    thread = threading.Thread(target=running.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()


async def new_endpoint(served: Served, url: str, **fields: Any) -> dict[str, Any]:
    async with served.client("ops") as client:
        response = await client.post(
            "/api/v1/endpoints", json={"name": "市平台", "url": url, "sources": "/12345/*"} | fields
        )
    assert response.status_code == 201, response.text
    issued: dict[str, Any] = response.json()
    return issued


async def accepted_case(served: Served, number: str = "5101", source: str = "/12345/city") -> dict[str, Any]:
    case = example("hotline.case_closed", case_no=number, closed_at="2026-03-01T10:00:00+08:00")
    body = {"specversion": "1.0", "id": f"case-{number}", "source": source, "type": "hotline.case_closed", "data": case}
    async with served.client("integrator") as client:
        response = await client.post("/api/v1/events", json=body)
    item: dict[str, Any] = response.json()["items"][0]
    assert item["status"] == "accepted"
    return item


def visit(receipt: dict[str, Any], name: str = "visit.completed", **changes: Any) -> Any:
    matter = {"event_id": receipt["event_id"], "event_type": "hotline.case_closed", "at": "2026-03-01T10:00:00+08:00"}
    return event(name, example(name, matters=[matter], **changes), lineage=receipt["lineage"])


async def deliveries(served: Served) -> list[dict[str, Any]]:
    async with served.client("auditor") as client:
        items: list[dict[str, Any]] = (await client.get("/api/v1/deliveries")).json()["items"]
    return items


async def test_a_result_is_posted_signed_to_whoever_sent_the_fact(gateway: Served, receiver: Receiver) -> None:
    endpoint = await new_endpoint(gateway, receiver.url)
    await new_endpoint(gateway, receiver.url, name="别家", sources="/erp/*")
    receipt = await accepted_case(gateway)
    await gateway.deliver(visit(receipt, remark="来电13800138000反映"))
    assert await gateway.dead_letters() == []
    assert await gateway.run_job("write_back") == 1
    ((headers, body),) = receiver.got
    sent = json.loads(body)
    assert (sent["type"], sent["data"]["case_no"], sent["data"]["reached"]) == ("visit.completed", "5101", True)
    assert sent["data"]["remark"] == "来电138****8000反映"
    assert headers["content-type"] == "application/json"
    stamp = gateway.runtime.clock.machine()
    expected = Webhook(endpoint["secret"]).sign(headers["webhook-id"], stamp, body.decode())
    assert headers["webhook-signature"] == expected
    assert headers["webhook-timestamp"] == str(int(stamp.timestamp()))
    (row,) = await deliveries(gateway)
    assert (row["state"], row["last_status"], row["number"]) == ("delivered", 200, "5101")


async def test_each_result_is_queued_once_per_endpoint_and_case(gateway: Served, receiver: Receiver) -> None:
    await new_endpoint(gateway, receiver.url)
    first, second = await accepted_case(gateway), await accepted_case(gateway, "5102")
    stranger = await accepted_case(gateway, "5103", "/erp/hz")
    both = visit(first)
    both.data["matters"].append(both.data["matters"][0] | {"event_id": second["event_id"]})
    await gateway.deliver(both, visit(stranger), visit(first, "visit.failed"), visit(first, "visit.attempted"))
    await gateway.deliver(both)
    assert sorted((row["type"], row["number"]) for row in await deliveries(gateway)) == [
        ("visit.completed", "5101"), ("visit.completed", "5102"), ("visit.failed", "5101"),
    ]  # fmt: skip


async def test_a_failing_receiver_is_tried_again_under_the_same_id(
    gateway: Served, receiver: Receiver, clock: ManualClock
) -> None:
    await new_endpoint(gateway, receiver.url)
    await gateway.deliver(visit(await accepted_case(gateway)))
    receiver.answers = [500, 302]
    assert await gateway.run_job("write_back") == 1
    assert await gateway.run_job("write_back") == 0
    for wait in (6, 340):
        clock.advance(timedelta(seconds=wait))
        assert await gateway.run_job("write_back") == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert len({body for _, body in receiver.got}) == 1
    (row,) = await deliveries(gateway)
    async with gateway.client("ops") as client:
        detail = (await client.get(f"/api/v1/deliveries/{row['id']}")).json()
    assert (detail["state"], [attempt["status"] for attempt in detail["log"]]) == ("delivered", [500, 302, 200])


async def test_a_receiver_that_is_gone_is_switched_off_until_somebody_switches_it_on(
    gateway: Served, receiver: Receiver, clock: ManualClock
) -> None:
    endpoint = await new_endpoint(gateway, receiver.url)
    path = f"/api/v1/endpoints/{endpoint['id']}"
    await gateway.deliver(visit(await accepted_case(gateway)))
    receiver.answers = [410]
    await gateway.run_job("write_back")
    clock.advance(timedelta(hours=1))
    assert await gateway.run_job("write_back") == 0
    async with gateway.client("ops") as client:
        off = await client.get(path)
        assert (off.json()["enabled"], off.json()["disabled_reason"]) == (False, "接收方回答 410（不再接收）")
        on = await client.patch(path, json={"enabled": True}, headers={"If-Match": off.headers["etag"]})
        assert (on.json()["disabled_reason"], on.json()["secret"]) == ("", None)
    assert await gateway.run_job("write_back") == 1
    assert [row["state"] for row in await deliveries(gateway)] == ["delivered"]


async def test_two_signatures_are_sent_while_the_secret_rotates(gateway: Served, receiver: Receiver) -> None:
    old = await new_endpoint(gateway, receiver.url)
    async with gateway.client("ops") as client:
        changed = await client.patch(
            f"/api/v1/endpoints/{old['id']}", json={"rotate_secret": {"grace_hours": 1}}, headers={"If-Match": '"1"'}
        )
    await gateway.deliver(visit(await accepted_case(gateway)))
    await gateway.run_job("write_back")
    ((headers, body),) = receiver.got
    now = gateway.runtime.clock.machine()
    expected = [
        Webhook(secret).sign(headers["webhook-id"], now, body.decode())
        for secret in (changed.json()["secret"], old["secret"])
    ]
    assert headers["webhook-signature"].split(" ") == expected


async def test_a_delivery_can_be_sent_again_by_hand(gateway: Served, receiver: Receiver) -> None:
    await new_endpoint(gateway, receiver.url)
    await gateway.deliver(visit(await accepted_case(gateway)))
    await gateway.run_job("write_back")
    (row,) = await deliveries(gateway)
    async with gateway.client("integrator") as client:
        assert (await client.post(f"/api/v1/deliveries/{row['id']}/resend")).json()["state"] == "pending"
        assert (await client.post("/api/v1/deliveries/019cac0f-2680-824c-9193-a1f8b29576db/resend")).status_code == 404
    await gateway.run_job("write_back")
    assert [headers["webhook-id"] for headers, _ in receiver.got] == [f"msg_{row['id'].replace('-', '')}"] * 2


async def test_a_worker_that_died_while_posting_leaves_the_delivery_to_another(
    gateway: Served, receiver: Receiver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.gateway import commands, jobs

    await new_endpoint(gateway, receiver.url)
    await gateway.deliver(visit(await accepted_case(gateway)))

    async def die(*_: Any) -> None:
        raise ConnectionError("the process is gone")

    with monkeypatch.context() as patch:
        patch.setattr(commands, "record_try", die)
        with pytest.raises(ConnectionError):
            await jobs.write_back(gateway.runtime)
    assert await gateway.run_job("write_back") == 0
    clock.advance(timedelta(minutes=2))
    assert await gateway.run_job("write_back") == 1
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


async def test_a_database_that_goes_away_does_not_count_against_a_delivery(
    gateway: Served, receiver: Receiver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver has it already; what it answered is written down by a later try under the same webhook-id."""
    await new_endpoint(gateway, receiver.url)
    await gateway.deliver(visit(await accepted_case(gateway, "5101")))

    async def lost(*_: Any) -> Any:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(commands, "record_try", lost)
        for _ in range(5):
            with suppress(ConnectionResetError):
                await gateway.run_job("write_back")
            gateway.runtime.state.pop("posting", None)
            clock.advance(timedelta(minutes=2))
    await gateway.run_job("write_back")
    assert [row["state"] for row in await deliveries(gateway)] == ["delivered"]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


async def test_a_delivery_that_workers_die_of_is_set_aside_and_its_neighbours_are_delivered(
    gateway: Served, receiver: Receiver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await new_endpoint(gateway, receiver.url)
    for number in ("5101", "5102", "5103"):
        await gateway.deliver(visit(await accepted_case(gateway, number)))
    real = webhooks.post

    def dying(url: str, body: str, *rest: Any) -> Any:
        if '"5102"' in body:
            raise SystemError("the process is gone")
        return real(url, body, *rest)

    async def die_together(*_: Any) -> Any:
        raise SystemError("the process is gone")

    for attempt in range(12):
        monkeypatch.setattr(webhooks, "post", die_together if attempt < 2 else dying)
        with suppress(BaseExceptionGroup, SystemError):
            await gateway.run_job("write_back")
        gateway.runtime.state.pop("posting", None)
        clock.advance(timedelta(minutes=2))
    told = {row["number"]: (row["state"], row["last_error"]) for row in await deliveries(gateway)}
    assert told.pop("5102") == ("failed", "处理中断 3 次，已搁置；排除原因后可重试")
    assert set(told.values()) == {("delivered", "")}
    monkeypatch.setattr(webhooks, "post", real)
    (aside,) = [row["id"] for row in await deliveries(gateway) if row["state"] == "failed"]
    async with gateway.client("ops") as client:
        assert (await client.post(f"/api/v1/deliveries/{aside}/resend")).status_code == 202
    await gateway.run_job("write_back")
    assert {row["state"] for row in await deliveries(gateway)} == {"delivered"}


async def test_names_that_resolve_into_our_own_network_are_not_called(gateway: Served, receiver: Receiver) -> None:
    gateway.runtime.settings.writeback_allow = ""  # type: ignore[attr-defined]
    async with gateway.client("ops") as client:
        refused = await client.post("/api/v1/endpoints", json={"name": "x", "url": receiver.url, "sources": "*"})
    assert refused.status_code == 422
    await new_endpoint(gateway, receiver.url.replace("127.0.0.1", "localhost"))
    await gateway.deliver(visit(await accepted_case(gateway)))
    await gateway.run_job("write_back")
    assert receiver.got == []
    assert "内网" in (await deliveries(gateway))[0]["last_error"]


async def test_endpoints_are_changed_only_by_those_who_saw_the_latest(gateway: Served, receiver: Receiver) -> None:
    endpoint = await new_endpoint(gateway, receiver.url)
    path = f"/api/v1/endpoints/{endpoint['id']}"
    async with gateway.client("ops") as client:
        assert (
            await client.post("/api/v1/endpoints", json={"name": "市平台", "url": receiver.url, "sources": "*"})
        ).status_code == 409
        assert (await client.patch(path, json={})).status_code == 428
        assert (await client.patch(path, json={"types": ["visit.failed"]}, headers={"If-Match": '"1"'})).json()[
            "version"
        ] == 2
        assert (await client.patch(path, json={}, headers={"If-Match": '"1"'})).status_code == 412
        assert (
            await client.patch(path, json={"url": "http://10.0.0.1"}, headers={"If-Match": '"2"'})
        ).status_code == 422
        listed = await client.get("/api/v1/endpoints")
    assert endpoint["secret"] not in listed.text
    async with gateway.client("auditor") as client:
        assert (await client.patch(path, json={}, headers={"If-Match": '"2"'})).status_code == 403


async def test_a_receiver_that_never_answers_delays_its_own_results_only(gateway: Served, receiver: Receiver) -> None:
    from services.gateway import jobs

    gateway.runtime.settings.writeback_timeout = 300  # type: ignore[attr-defined]
    silent = socket.create_server(("127.0.0.1", 0))
    try:
        await new_endpoint(gateway, f"http://127.0.0.1:{silent.getsockname()[1]}/hook", name="慢")
        await new_endpoint(gateway, receiver.url)
        receipts = [await accepted_case(gateway, str(number)) for number in range(60)]
        await gateway.deliver(*(visit(receipt) for receipt in receipts))
        async with asyncio.timeout(PATIENCE):
            while len(receiver.got) < len(receipts):
                await jobs.write_back(gateway.runtime)
    finally:
        silent.close()


def waiting() -> tuple[float | None, ...]:
    names = (
        *("huifang_gateway_writeback_pending", "huifang_gateway_writeback_age_seconds"),
        "huifang_gateway_writeback_failed",
    )
    return tuple(REGISTRY.get_sample_value(name) for name in names)


async def test_what_no_receiver_has_taken_is_measured_by_its_age_and_what_was_given_up_for_a_day(
    gateway: Served, receiver: Receiver, clock: ManualClock
) -> None:
    await new_endpoint(gateway, receiver.url)
    await gateway.run_job("measure")
    assert waiting() == (0, 0, 0)
    happened = visit(await accepted_case(gateway))
    await gateway.deliver(happened)
    clock.advance(timedelta(minutes=7))
    await gateway.run_job("measure")
    pending, age, failed = waiting()
    assert (pending, failed) == (1, 0)
    assert age is not None
    assert age >= timedelta(minutes=7).total_seconds()
    await gateway.run_job("write_back")
    await gateway.run_job("measure")
    assert waiting() == (0, 0, 0)
    receiver.answers = [500] * 20
    await gateway.deliver(visit(await accepted_case(gateway, "5102")))
    for wait in (*RETRY_AFTER, timedelta()):
        await gateway.run_job("write_back")
        await gateway.run_job("measure")
        clock.advance(wait * 1.2)
    assert waiting() == (0, 0, 1)
    clock.advance(timedelta(days=1, seconds=1))
    await gateway.run_job("measure")
    assert waiting() == (0, 0, 0)
