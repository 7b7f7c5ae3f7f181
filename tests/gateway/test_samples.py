"""The samples do what their README says."""

import base64
import hashlib
import hmac
from pathlib import Path

import pytest

from shared.testing.served import Served

SAMPLES = Path(__file__).parents[2] / "deploy" / "samples"


@pytest.mark.parametrize("name", ["repair-closed", "order-completed", "hotline-case-closed"])
async def test_each_sample_event_is_accepted(gateway: Served, name: str) -> None:
    async with gateway.client("integrator") as client:
        response = await client.post(
            "/api/v1/events",
            content=(SAMPLES / f"{name}.json").read_bytes(),
            headers={"Content-Type": "application/cloudevents+json"},
        )
    assert response.status_code == 202, response.text


async def test_the_sample_batch_shows_a_broken_item(gateway: Served) -> None:
    async with gateway.client("integrator") as client:
        response = await client.post("/api/v1/events", content=(SAMPLES / "batch.json").read_bytes())
    items = response.json()["items"]
    assert [item["status"] for item in items] == ["accepted", "rejected", "accepted"]
    assert [error["field"] for error in items[1]["errors"]] == ["data.provider"]


async def test_the_sample_messages_of_vendors_become_facts(gateway: Served) -> None:
    names = {"erpnext": "erpnext-sales-order", "odoo": "odoo-sale-order", "hotline": "hotline-push"}
    async with gateway.client("integrator") as client:
        for kind, name in names.items():
            source = (await client.post("/api/v1/sources", json={"name": kind, "kind": kind})).json()
            body = (SAMPLES / f"{name}.json").read_bytes()
            digest = hmac.digest((source["secret"] or "").encode(), body, hashlib.sha256)
            headers = {
                "X-Frappe-Webhook-Signature": base64.b64encode(digest).decode(),
                "Content-Type": "application/json",
            }
            assert (await client.post(source["path"], content=body, headers=headers)).status_code == 200
        await gateway.run_job("canonicalise")
        messages = (await client.get("/api/v1/messages")).json()["items"]
    assert [(item["result"], item["reason"]) for item in messages] == [("new", "")] * 3


async def test_the_sample_file_gives_two_accepted_one_refused_one_ignored(gateway: Served) -> None:
    content = (SAMPLES / "hotline-cases-gbk.csv").read_bytes()
    async with gateway.client("integrator") as client:
        posted = await client.post("/api/v1/imports", files={"file": ("cases.csv", content)})
        await gateway.run_job("import")
        done = (await client.get(posted.headers["location"])).json()
    assert [done[name] for name in ("accepted", "duplicate", "rejected", "ignored")] == [2, 0, 1, 1]
