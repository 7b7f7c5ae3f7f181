"""What happens as time passes."""

from datetime import timedelta

from prometheus_client import REGISTRY
from sqlalchemy import text

from shared.clock import ManualClock
from shared.testing.served import Served


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


async def test_what_waits_is_measured(gateway: Served) -> None:
    async with gateway.client("ops") as client:
        path = (await client.post("/api/v1/sources", json={"name": "a", "kind": "odoo"})).json()["path"]
        await client.post(path, json={"_model": "x"})
        await gateway.run_job("measure")
        assert REGISTRY.get_sample_value("huifang_gateway_raw_pending") == 1
        await gateway.run_job("canonicalise")
        await gateway.run_job("measure")
        metrics = (await client.get("/metrics")).text
    assert "huifang_gateway_raw_pending 0.0" in metrics
    assert 'huifang_gateway_events_total{outcome="ignored",source_kind="odoo"}' in metrics
    assert "huifang_gateway_writeback_pending 0.0" in metrics
