"""The stand-ins on their own: kept over restarts, seeded, and worth looking into."""

import asyncio
from pathlib import Path

import aiosmtplib
import httpx
import pytest

from deploy.standins import mail, sms
from deploy.standins.__main__ import callback_from_environment
from deploy.standins.behaviour import GOOD, Behaviour
from shared.clock import ManualClock
from tests.notifications.conftest import listening

REQUEST = {"PhoneNumbers": "13800138000", "SignName": "城市燃气", "TemplateCode": "SMS_1", "OutId": "S1"}


async def send(client: httpx.AsyncClient, **changes: str) -> httpx.Response:
    return await client.post("/", params=REQUEST | changes, headers={"x-acs-action": "SendSms"})


async def test_messages_and_receipts_to_come_outlive_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    for _ in range(2):
        app = sms.create_app(tmp_path, GOOD, "http://127.0.0.1:1", clock, posting=False)
        async with listening(app) as url, httpx.AsyncClient(base_url=url) as client:
            await send(client)
            counts = (await client.get("/counts")).json()
    assert counts == {"messages": 2, "doubled": 1, "receipts_to_come": 2}


async def test_receipts_are_posted_by_themselves_and_again_when_refused(tmp_path: Path) -> None:
    from fastapi import FastAPI

    platform = FastAPI()
    arrived: asyncio.Queue[list[dict[str, str]]] = asyncio.Queue()

    @platform.post("/cb/receipts")
    async def receipts(rows: list[dict[str, object]]) -> dict[str, int]:
        arrived.put_nowait(rows)  # type: ignore[arg-type]
        return {"code": 0}

    async with listening(platform) as service:
        app = sms.create_app(tmp_path, GOOD, f"{service}/cb")
        async with listening(app) as url, httpx.AsyncClient(base_url=url) as client:
            assert (await send(client)).json()["Code"] == "OK"
            (row,) = await asyncio.wait_for(arrived.get(), 30)
    assert (row["out_id"], row["success"], row["err_code"]) == ("S1", True, "DELIVERED")


async def test_a_receipt_nobody_takes_is_posted_after_1_5_and_10_minutes_and_then_never(
    tmp_path: Path, clock: ManualClock
) -> None:
    from datetime import timedelta

    app = sms.create_app(tmp_path, GOOD, "http://127.0.0.1:1", clock, posting=False)
    simulator = app.state.simulator
    await simulator.send(REQUEST)
    async with httpx.AsyncClient() as client:
        for minutes, left in ((0, 1), (1, 1), (5, 1), (10, 0)):
            clock.advance(timedelta(minutes=minutes))
            await simulator.callbacks.post_due(client)
            assert simulator.messages.counts()["receipts_to_come"] == left
    simulator.messages.close()


async def test_a_burst_refuses_so_many_requests_and_takes_none_of_them(tmp_path: Path) -> None:
    async with listening(sms.create_app(tmp_path, GOOD)) as url, httpx.AsyncClient(base_url=url) as client:
        await client.post("/simulate/burst", json={"status": 429, "count": 2})
        assert [(await send(client)).status_code for _ in range(3)] == [429, 429, 200]
        assert (await client.get("/counts")).json()["messages"] == 1


async def test_the_behaviour_can_be_changed_while_it_runs(tmp_path: Path) -> None:
    async with listening(sms.create_app(tmp_path, GOOD)) as url, httpx.AsyncClient(base_url=url) as client:
        assert (await client.put("/simulate/behaviour", json={"error_before": 1})).json()["error_before"] == 1
        assert (await send(client)).status_code == 500
        assert (await send(client, PhoneNumbers="")).json()["Code"] == "isv.MISSING_PARAMETER_PhoneNumbers"
        unknown = await client.post("/", headers={"x-acs-action": "Nothing"})
        assert unknown.json()["Code"] == "InvalidAction.NotFound"


async def test_a_message_is_found_by_number_and_day_as_well(tmp_path: Path, clock: ManualClock) -> None:
    async with listening(sms.create_app(tmp_path, GOOD, "", clock)) as url, httpx.AsyncClient(base_url=url) as client:
        await send(client)
        query = {"PhoneNumber": "13800138000", "SendDate": "20260302"}
        found = (await client.post("/", params=query, headers={"x-acs-action": "QuerySendDetails"})).json()
        assert found["SmsSendDetailDTOs"]["SmsSendDetailDTO"][0]["SendStatus"] == 3
        page = (await client.get("/")).text
    assert "138****8000" in page
    assert "13800138000" not in page


def test_a_seed_gives_every_message_the_same_fate_in_any_order() -> None:
    one, two = Behaviour(failed=0.5, seed=3), Behaviour(failed=0.5, seed=3)
    ids = [f"S{n}" for n in range(200)]
    fates = {i: one.meets("failed", i) for i in ids}
    assert fates == {i: two.meets("failed", i) for i in reversed(ids)}
    assert 60 < sum(fates.values()) < 140


def test_behaviour_and_callback_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIFANG_SMS_SIM_FAILED", "0.5")
    assert Behaviour.from_environment().failed == 0.5
    assert callback_from_environment() == ""
    monkeypatch.setenv("HUIFANG_NOTIFICATIONS_URL", "http://127.0.0.1:8104/")
    monkeypatch.setenv("HUIFANG_SMS_CALLBACK_TOKEN", "t")
    assert callback_from_environment() == "http://127.0.0.1:8104/ingress/v1/sms/aliyun/t"


async def test_the_mail_sink_keeps_and_shows_what_it_was_sent(tmp_path: Path, clock: ManualClock) -> None:
    from email.message import EmailMessage

    mailbox = mail.Mailbox(tmp_path, clock)
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@example.com", "b@example.com", "重大投诉"
    message.set_content("请立即关注。")
    server = await mail.listen(mailbox, "127.0.0.1", 0)
    async with server:
        await aiosmtplib.send(message, hostname="127.0.0.1", port=server.sockets[0].getsockname()[1])
    async with (
        listening(mail.create_app(mail.Mailbox(tmp_path, clock))) as url,
        httpx.AsyncClient(base_url=url) as client,
    ):
        page = (await client.get("/")).text
        (listed,) = (await client.get("/messages")).json()
        assert "重大投诉" in (await client.get(f"/messages/{listed['name']}")).text or listed["subject"] == "重大投诉"
        assert (await client.get("/messages/../../secret")).status_code == 404
    assert "请立即关注。" in page
    assert listed["received"] == "2026-03-02 10:00:00"
