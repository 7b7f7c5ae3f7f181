"""Providers calling back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from itertools import permutations
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text

from shared.testing import event, example
from shared.testing.figures import figure
from tests.notifications.conftest import SEALER, TOKEN, NewWorld, World, customer

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
    receipts = figure("huifang_notifications_receipt_delay_seconds_count", provider="aliyun")
    for _ in range(3):
        answer = await provider.post(f"{WHERE}/receipts", json=[receipt(out_id), receipt(out_id)])
        assert (answer.status_code, answer.json()) == (200, {"code": 0, "msg": "接收成功"})
    assert [e.name for e in await world.served.published()] == ["notification.sent", "notification.delivered"]
    assert figure("huifang_notifications_receipt_delay_seconds_count", provider="aliyun") == receipts + 1


async def test_a_column_of_a_later_version_stops_no_receipt_and_no_reply(
    world: World, provider: httpx.AsyncClient
) -> None:
    out_id = await a_sent_thank_you(world)
    async with world.served.runtime.db.work() as work:
        for table in ("receipt", "reply"):
            await work.session.execute(text(f"ALTER TABLE {table} ADD COLUMN later int NOT NULL DEFAULT 7"))
    assert (await provider.post(f"{WHERE}/receipts", json=[receipt(out_id)])).status_code == 200
    assert (await provider.post(f"{WHERE}/replies", json=[reply("T")])).status_code == 200
    async with world.served.runtime.db.read() as session:
        rows = await session.execute(text("SELECT later FROM receipt UNION ALL SELECT later FROM reply"))
        assert list(rows.scalars()) == [7, 7]


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
    for body in (b"", b"{}", b"null", b"\xff", b"[" * 100_000):
        assert (await provider.post(f"{WHERE}/receipts", content=body)).status_code == 400


async def test_a_broken_row_costs_no_other_and_is_kept_once(world: World, provider: httpx.AsyncClient) -> None:
    out_id = await a_sent_thank_you(world)
    bad = [1, None, {"success": True}, {"phone_number": "13800138000"}, receipt(out_id) | {"success": "perhaps"}]
    for _ in range(2):
        answer = await provider.post(f"{WHERE}/receipts", json=[*bad, receipt(out_id)])
        assert (answer.status_code, answer.json()["code"]) == (200, 0)
    replies = [{"phone_number": "13800138000"}, reply("T", 2) | {"phone_number": "12"}, reply("x\0y", 3), reply("R", 4)]
    assert (await provider.post(f"{WHERE}/replies", json=replies)).json()["code"] == 0
    assert [send["state"] for send in await world.sends()] == ["delivered"]
    assert {e.data["purpose"] for e in await world.served.published("notification.opted_out")} == {"*", "notice"}
    async with world.served.client("ops") as client:
        first = (await client.get("/api/v1/unreadable-rows", params={"limit": 4})).json()
        rest = (await client.get("/api/v1/unreadable-rows", params={"cursor": first["next_cursor"]})).json()
        figures = (await client.get("/metrics")).text
    kept = [*first["items"], *rest["items"]]
    assert sorted(row["kind"] for row in kept) == ["receipts"] * 5 + ["replies"] * 2
    assert "13800138000" not in str(kept)
    assert 'huifang_notifications_callback_rows_total{kind="replies",outcome="broken",provider="aliyun"}' in figures


async def test_characters_no_database_keeps_cost_no_row(world: World, provider: httpx.AsyncClient) -> None:
    body = (
        b'[{"phone_number":"13800138000","content":"\xff\xfe","sequence_id":1},'
        rb'{"phone_number":"13800138000","content":"\ud800","sequence_id":2},'
        rb'{"phone_number":"13800138000","content":"TD","sequence_id":3}]'
    )
    opted_out = figure("huifang_notifications_opt_outs_total", channel="sms", scope="*")
    assert (await provider.post(f"{WHERE}/replies", content=body)).status_code == 200
    assert figure("huifang_notifications_opt_outs_total", channel="sms", scope="*") == opted_out + 1
    assert [e.data["purpose"] for e in await world.served.published("notification.opted_out")] == ["*"]


@pytest.mark.parametrize(
    ("told", "state"),
    [("false", "failed"), ("0", "failed"), (0, "failed"), ("False", "failed"), ("true", "delivered"), (1, "delivered")],
)
async def test_success_is_read_as_it_is_written(
    told: object, state: str, world: World, provider: httpx.AsyncClient
) -> None:
    out_id = await a_sent_thank_you(world)
    assert (await provider.post(f"{WHERE}/receipts", json=[receipt(out_id) | {"success": told}])).status_code == 200
    assert [send["state"] for send in await world.sends()] == [state]


def at(seconds: int | None, success: bool, out_id: str) -> dict[str, object]:
    time = f"2026-03-02 10:00:{seconds:02}" if seconds is not None else None
    return receipt(out_id, success) | {"report_time": time, "biz_id": f"B-{out_id}-{seconds}-{success}"}


@pytest.mark.parametrize(
    ("reports", "state"),
    [
        ([(5, True), (9, False)], "failed"),
        ([(9, True), (5, False)], "delivered"),
        ([(5, True), (5, False)], "failed"),
        ([(None, False), (9, True)], "failed"),
        ([(None, True), (9, False)], "failed"),
        ([(1, False), (5, True), (9, False)], "failed"),
    ],
)
async def test_of_several_receipts_in_a_batch_the_latest_report_counts(
    reports: list[tuple[int | None, bool]], state: str, new_world: NewWorld
) -> None:
    world = await new_world()
    for number, order in enumerate(permutations(reports)):
        await world.load_pack("thank_you")
        block = customer(f"C{number}", phone=SEALER.seal_phone(f"1380013{8000 + number}"))
        order_done = example("order.completed", customer=block, order_no=f"SO-{number}")
        await world.served.deliver(event("order.completed", order_done, key=f"C{number}"))
        await world.send_out()
        ((out_id, _),) = [(s["id"], s) for s in await world.sends() if s["customer_id"] == f"C{number}"]
        async with world.served.client(None) as client:
            rows = [at(*one, out_id) for one in order]
            assert (await client.post(f"{WHERE}/receipts", json=rows)).status_code == 200
    assert {send["state"] for send in await world.sends()} == {state}


async def doubtful(world: World, decided: bool = False) -> list[dict[str, Any]]:
    async with world.served.client("auditor") as client:
        answer = await client.get("/api/v1/doubtful-replies", params={"decided": decided})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_what_may_be_a_refusal_holds_promotion_back_until_somebody_decides(
    new_world: NewWorld, service_dsn: Callable[[str], Awaitable[str]]
) -> None:
    dsn = await service_dsn("notifications")
    world = await new_world(dsn)
    await world.load_pack("thank_you", "birthday")
    await world.served.deliver(event("order.completed", example("order.completed", customer=customer())))
    await world.send_out()
    async with world.served.client(None) as client:
        await client.post(
            f"{WHERE}/replies", json=[reply("怎么又是你们", 1), reply("再发就投诉你们", 2), reply("谢谢", 3)]
        )
    born = example("customer.updated", customer=customer(birthday="--03-02"))
    await world.served.deliver(event("customer.updated", born))
    await world.served.run_job("greetings")
    await world.send_out()
    (greeting,) = await world.sends(purpose="birthday")
    assert (greeting["state"], greeting["reason"]) == ("planned", "")
    world = await new_world(dsn)  # restarted
    (waiting,) = await doubtful(world)
    await world.settle()
    assert figure("huifang_notifications_replies_undecided") == 1
    assert (waiting["content"], waiting["customer_id"], waiting["phone_masked"]) == (
        "再发就投诉你们",
        "C1",
        "138****8000",
    )
    where = f"/api/v1/doubtful-replies/{waiting['id']}/decision"
    async with world.served.client("supervisor") as client:
        decided = await client.post(where, json={"refuses": False, "remark": "电话核实过"})
        again = await client.post(where, json={"refuses": True, "remark": ""})
    assert (decided.status_code, decided.json()["refuses"], again.status_code) == (200, False, 409)
    assert await doubtful(world) == []
    await world.settle()
    assert figure("huifang_notifications_replies_undecided") == 0
    assert [one["remark"] for one in await doubtful(world, decided=True)] == ["电话核实过"]
    world.clock.advance(timedelta(minutes=15))
    await world.send_out()
    assert [send["state"] for send in await world.sends(purpose="birthday")] == ["accepted"]
    assert await world.served.published("notification.opted_out") == []


async def test_a_greeting_nobody_decided_about_in_time_says_why(world: World, provider: httpx.AsyncClient) -> None:
    await world.load_pack("birthday")
    born = example("customer.updated", customer=customer(birthday="--03-02"))
    await world.served.deliver(event("customer.updated", born))
    await provider.post(f"{WHERE}/replies", json=[reply("别", 1)])
    await world.served.run_job("greetings")
    await world.send_out()
    world.clock.advance(timedelta(days=1))
    await world.send_out()
    assert [(send["state"], send["reason"]) for send in await world.sends()] == [("suppressed", "reply_undecided")]


async def test_what_somebody_decides_to_be_a_refusal_is_one(world: World, provider: httpx.AsyncClient) -> None:
    await a_sent_thank_you(world)
    await provider.post(f"{WHERE}/replies", json=[reply("再发就投诉你们", 1)])
    (waiting,) = await doubtful(world)
    async with world.served.client("supervisor") as client:
        await client.post(f"/api/v1/doubtful-replies/{waiting['id']}/decision", json={"refuses": True})
        kept = (await client.get("/api/v1/opt-outs", params={"customer_id": "C1"})).json()["items"]
    assert {(row["scope"], row["how"]) for row in kept} == {("*", "reply"), ("notice", "reply")}
    assert {row["by"] for row in kept} != {"customer"}
    assert {e.data["purpose"] for e in await world.served.published("notification.opted_out")} == {"*", "notice"}


async def test_a_refusal_in_clear_words_settles_what_was_doubtful_before(
    world: World, provider: httpx.AsyncClient
) -> None:
    await provider.post(f"{WHERE}/replies", json=[reply("别", 1)])
    await provider.post(f"{WHERE}/replies", json=[reply("退订", 2)])
    assert await doubtful(world) == []
    assert [(one["refuses"], one["decided_by"]) for one in await doubtful(world, decided=True)] == [(True, "customer")]


async def test_a_refusal_of_promotion_leaves_the_doubtful_answer_to_a_notice_open(
    world: World, provider: httpx.AsyncClient
) -> None:
    """Refused are promotions; whether the customer also refuses notices somebody still has to decide."""
    await a_sent_thank_you(world)
    await provider.post(f"{WHERE}/replies", json=[reply("别", 1)])
    async with world.served.runtime.db.work() as work:
        await work.session.execute(text("UPDATE send SET category = 'promotion'"))
    await provider.post(f"{WHERE}/replies", json=[reply("不要", 2)])
    await provider.post(f"{WHERE}/replies", json=[reply("退订", 3)])
    assert [one["content"] for one in await doubtful(world)] == ["别"]
    assert [one["content"] for one in await doubtful(world, decided=True)] == ["不要"]


async def test_the_end_of_an_opt_out_is_told_when_nothing_else_refuses(
    world: World, provider: httpx.AsyncClient
) -> None:
    await a_sent_thank_you(world)
    await provider.post(f"{WHERE}/replies", json=[reply("R", 1)])
    async with world.served.client("supervisor") as client:
        await client.post("/api/v1/opt-outs", json={"customer_id": "C1", "scope": "*"})
        rows = (await client.get("/api/v1/opt-outs", params={"customer_id": "C1"})).json()["items"]
        by_scope = sorted(rows, key=lambda row: (row["scope"], row["how"]))
        for row in by_scope[:1]:
            assert (await client.delete(f"/api/v1/opt-outs/{row['id']}")).status_code == 200
        assert await world.served.published("notification.opt_out_revoked") == []
        for row in by_scope[1:]:
            await client.delete(f"/api/v1/opt-outs/{row['id']}")
    told = await world.served.published("notification.opt_out_revoked")
    assert [(e.key, e.data["purpose"]) for e in told] == [("C1", "*"), ("C1", "notice")]


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
