"""Providers calling back."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import orjson
import pytest

from shared.testing import event, example
from tests.notifications.conftest import TOKEN, NewWorld, World, customer

WHERE = f"/ingress/v1/sms/aliyun/{TOKEN}"


@pytest.fixture
async def provider(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.served.client(None) as client:
        yield client


def receipt(out_id: str, success: bool = True) -> dict[str, object]:
    return {
        "phone_number": "13800138000",
        "send_time": "2026-03-02 10:00:00",
        "report_time": "2026-03-02 10:00:05",
        "success": success,
        "err_code": "DELIVERED" if success else "MK:0010",
        "err_msg": "",
        "sms_size": "1",
        "biz_id": f"B-{out_id}",
        "out_id": out_id,
    }


def reply(content: str, sequence: int = 1) -> dict[str, object]:
    return {
        "phone_number": "13800138000",
        "content": content,
        "send_time": "2026-03-02 10:01:00",
        "sequence_id": sequence,
    }


async def a_sent_thank_you(world: World) -> str:
    await world.load_pack("thank_you")
    await world.served.deliver(event("order.completed", example("order.completed", customer=customer())))
    await world.send_out()
    return str((await world.sends())[0]["id"])


async def test_a_receipt_is_answered_as_the_provider_wants_it_and_taken_once(
    world: World, provider: httpx.AsyncClient
) -> None:
    out_id = await a_sent_thank_you(world)
    for _ in range(3):
        answer = await provider.post(f"{WHERE}/receipts", json=[receipt(out_id), receipt(out_id)])
        assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "接收成功"})
    assert [e.name for e in await world.served.published()] == ["notification.sent", "notification.delivered"]


async def test_contradicting_and_foreign_receipts_change_nothing(world: World, provider: httpx.AsyncClient) -> None:
    out_id = await a_sent_thank_you(world)
    await provider.post(f"{WHERE}/receipts", json=[receipt(out_id)])
    rows = [receipt(out_id, success=False), receipt("not-ours"), receipt("00000000-0000-0000-0000-000000000009")]
    assert (await provider.post(f"{WHERE}/receipts", json=rows)).status_code == 200
    assert (await world.sends())[0]["state"] == "delivered"


async def test_a_caller_without_the_secret_is_refused(provider: httpx.AsyncClient) -> None:
    for path in ("receipts", "replies"):
        assert (await provider.post(f"/ingress/v1/sms/aliyun/wrong/{path}", json=[])).status_code == 401


async def test_without_a_configured_secret_nobody_gets_in(new_world: NewWorld) -> None:
    world = await new_world(sms_callback_token="")
    async with world.served.client(None) as client:
        assert (await client.post("/ingress/v1/sms/aliyun//receipts", json=[])).status_code in (401, 404)
        assert (await client.post("/ingress/v1/sms/aliyun/x/receipts", json=[])).status_code == 401


async def test_what_is_no_report_is_refused(provider: httpx.AsyncClient) -> None:
    for body in (b"", b"{}", b"[1]", b'[{"success": true}]', b"\xff"):
        assert (await provider.post(f"{WHERE}/receipts", content=body)).status_code == 400


async def test_a_refusal_opts_out_at_once_and_once(world: World, provider: httpx.AsyncClient) -> None:
    out_id = await a_sent_thank_you(world)
    for sequence, word in enumerate(["R", "R", "td", "退订"]):
        assert (await provider.post(f"{WHERE}/replies", json=[reply(word, sequence)])).json()["code"] == 0
    told = await world.served.published("notification.opted_out")
    assert [(e.key, e.data["purpose"]) for e in told] == [("C1", "*"), ("C1", "notice")]
    assert {e.lineage for e in told} == {(await world.sends())[0]["lineage"]}
    order = example("order.completed", customer=customer(), order_no="SO-next")
    world.clock.advance(timedelta(days=1))
    await world.served.deliver(event("order.completed", order, time=world.clock.now()))
    await world.send_out()
    later = next(send for send in await world.sends() if send["id"] != out_id)
    assert (later["state"], later["reason"]) == ("suppressed", "opted_out")


async def test_a_digit_is_kept_as_an_answer(world: World, provider: httpx.AsyncClient) -> None:
    out_id = await a_sent_thank_you(world)
    await provider.post(f"{WHERE}/replies", content=orjson.dumps([reply("3", 1), reply("我的号码13800138000", 2)]))
    async with world.served.client("supervisor") as client:
        kept = (await client.get("/api/v1/replies", params={"customer_id": "C1"})).json()["items"]
    assert {(row["content"], row["digit"], row["send_id"]) for row in kept} == {
        ("3", 3, out_id),
        ("我的号码138****8000", None, out_id),
    }
    assert await world.served.published("notification.opted_out") == []


async def test_a_refusal_from_a_number_nobody_knows_still_holds(world: World, provider: httpx.AsyncClient) -> None:
    await provider.post(f"{WHERE}/replies", json=[reply("退订")])
    (told,) = await world.served.published("notification.opted_out")
    assert (told.data["customer_id"], told.data["purpose"]) == ("", "*")
