"""What happens as time passes."""

import asyncio
import ssl
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from services.gateway import commands
from services.gateway.settings import GatewaySettings
from shared.clock import ManualClock
from shared.observability.storage import ends_of
from shared.testing.figures import figure
from shared.testing.served import Served
from tests.certificates import certificate


async def submit(served: Served, event_id: str) -> None:
    body = {"specversion": "1.0", "id": event_id, "source": "/s", "type": "t", "data": {}}
    async with served.client("integrator") as client:
        assert (await client.post("/api/v1/events", json=body)).status_code == 202


async def test_old_raw_messages_go_first_and_identities_much_later(gateway: Served, clock: ManualClock) -> None:
    await submit(gateway, "old")
    clock.advance(timedelta(days=181))
    await submit(gateway, "new")
    assert await gateway.run_job("forget") == 1
    await submit(gateway, "old")
    async with gateway.runtime.db.read() as session:
        kept = (await session.execute(text("SELECT event_id FROM raw_message"))).scalars().all()
        known = (await session.execute(text("SELECT id FROM event_identity ORDER BY id"))).scalars().all()
    assert (kept, known) == (["new"], ["new", "old"])
    assert len(await gateway.published()) == 2
    clock.advance(timedelta(days=600))
    assert await gateway.run_job("forget") == 2


async def test_what_waits_is_measured(gateway: Served, clock: ManualClock) -> None:
    async with gateway.client("ops") as client:
        path = (await client.post("/api/v1/sources", json={"name": "a", "kind": "odoo"})).json()["path"]
        await client.post(path, json={"_model": "x"})
        await gateway.run_job("measure")
        assert REGISTRY.get_sample_value("huifang_gateway_raw_pending") == 1
        assert REGISTRY.get_sample_value("huifang_gateway_raw_age_seconds") == 0
        clock.advance(timedelta(minutes=4))
        await gateway.run_job("measure")
        assert REGISTRY.get_sample_value("huifang_gateway_raw_age_seconds") == 240
        source = path.split("/")[-2]
        refused = figure("huifang_gateway_refused_total", source=source, reason="ignored")
        await gateway.run_job("canonicalise")
        assert figure("huifang_gateway_refused_total", source=source, reason="ignored") == refused + 1
        await gateway.run_job("measure")
        metrics = (await client.get("/metrics")).text
    assert "huifang_gateway_raw_pending 0.0" in metrics
    assert "huifang_gateway_raw_age_seconds 0.0" in metrics
    assert 'huifang_gateway_events_total{outcome="ignored",source_kind="odoo"}' in metrics
    assert "huifang_gateway_writeback_pending 0.0" in metrics


class Gone(BaseException):
    """The process is gone: nothing of it goes on."""


async def test_a_database_that_goes_away_does_not_count_against_messages(
    gateway: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway.client("ops") as client:
        path = (await client.post("/api/v1/sources", json={"name": "a", "kind": "odoo"})).json()["path"]
        await client.post(path, json={"_model": "x"})

    async def lost(*_: Any) -> Any:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(commands, "canonicalise", lost)
        for _ in range(7):
            with pytest.raises(ConnectionResetError):
                await gateway.run_job("canonicalise")
            clock.advance(timedelta(minutes=1))
    assert await gateway.run_job("canonicalise") == 1
    async with gateway.client("ops") as client:
        (item,) = (await client.get("/api/v1/messages")).json()["items"]
    assert (item["result"], item["attempts"]) == ("ignored", 1)


async def test_a_message_that_workers_die_of_is_set_aside_and_its_neighbours_are_understood(
    gateway: Served, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with gateway.client("ops") as client:
        path = (await client.post("/api/v1/sources", json={"name": "a", "kind": "odoo"})).json()["path"]
        for model in ("x", "deadly", "y"):
            await client.post(path, json={"_model": model})
    real = commands.canonicalise

    async def dying(work: Any, sealer: Any, pending: Any) -> Any:
        if any(b"deadly" in sealer.unseal_bytes(message.body) for message in pending):
            raise Gone
        return await real(work, sealer, pending)

    monkeypatch.setattr(commands, "canonicalise", dying)
    for _ in range(12):
        with suppress(Gone):
            await gateway.run_job("canonicalise")
        clock.advance(timedelta(minutes=1))
    async with gateway.client("ops") as client:
        items = (await client.get("/api/v1/messages")).json()["items"]
        assert [(item["result"], item["attempts"]) for item in items] == [("ignored", 3), ("failed", 5), ("ignored", 3)]
        (aside,) = [item for item in items if item["result"] == "failed"]
        assert aside["reason"] == "处理中断 5 次，已搁置；排除原因后可重试"
        monkeypatch.setattr(commands, "canonicalise", real)
        assert (await client.post(f"/api/v1/messages/{aside['id']}/replay")).status_code == 202
        await gateway.run_job("canonicalise")
        assert (await client.get(f"/api/v1/messages/{aside['id']}")).json()["result"] == "ignored"


async def test_the_certificate_that_people_are_shown_is_measured_at_the_front_door(
    gateway: Served, tmp_path: Path
) -> None:
    """It is asked for by the name that people call, at the address where this service reaches the front door."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate(tmp_path, "front"))
    asked = []
    context.set_servername_callback(lambda _socket, name, _context: asked.append(name))
    door = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    settings = gateway.runtime.settings_as(GatewaySettings)
    settings.front_door_at = f"127.0.0.1:{door.sockets[0].getsockname()[1]}"
    try:
        for site in ("http://hf.example.com:8080", "https://hf.example.com:8443"):
            settings.sites = {"front": site}
            assert await gateway.run_job("look_at_front_door") == 0
    finally:
        door.close()
        await door.wait_closed()
    assert asked == ["hf.example.com"], "without TLS there is no certificate to look at"
    begins = figure("huifang_gateway_front_certificate_begins_timestamp_seconds", name="hf.example.com")
    ends = figure("huifang_gateway_front_certificate_ends_timestamp_seconds", name="hf.example.com")
    assert ends == ends_of((tmp_path / "front.crt").read_bytes()).timestamp()
    assert ends - begins == timedelta(days=2).total_seconds()
    assert await gateway.run_job("look_at_front_door") == 0, "a door that is closed stops nothing"
