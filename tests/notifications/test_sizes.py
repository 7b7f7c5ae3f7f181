"""Providers' calls of every size: a row is kept whole, or put before people with the reason; no row costs another one."""

import random
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from services.notifications.adapters.aliyun_callbacks import LONGEST_NAME, LONGEST_REPLY, MOST_ROWS
from shared.testing import event
from tests.notifications.conftest import World
from tests.notifications.test_ingress import WHERE, receipt, reply

SIZES = (1, 63, 64, 65, LONGEST_NAME - 1, LONGEST_NAME, LONGEST_NAME + 1, 499, 500, 501)
SIZES += (LONGEST_REPLY - 1, LONGEST_REPLY, LONGEST_REPLY + 1, 2 * LONGEST_REPLY, 50_000)
LETTERS = "天地玄黄宇宙洪荒日月盈昃abcdefghijklmnopqrstuvwxyz"


async def push(world: World, kind: str, rows: Any) -> None:
    async with world.served.client(None) as client:
        answer = await client.post(f"{WHERE}/{kind}", content=orjson.dumps(rows))
    assert (answer.status_code, answer.json()["code"]) == (200, 0), answer.text[:300]


async def stored(world: World, query: str) -> list[Any]:
    async with world.served.runtime.db.read() as session:
        return list((await session.execute(text(query))).all())


async def test_a_reply_is_kept_whole_or_put_before_people(world: World) -> None:
    draw = random.Random(1)
    texts = {size: "".join(draw.choices(LETTERS, k=size)) for size in SIZES}
    await push(world, "replies", [reply(told, number) for number, told in enumerate(texts.values())])
    kept = {row.content for row in await stored(world, "SELECT content FROM reply")}
    assert kept == {told for size, told in texts.items() if size <= LONGEST_REPLY}
    broken = await stored(world, "SELECT reason, content FROM broken_row")
    assert {row.reason for row in broken} == {f"content 超过 {LONGEST_REPLY} 个字"}
    assert len(broken) == len(texts) - len(kept)
    assert all("原文共" in row.content for row in broken)


async def test_a_refusal_at_the_end_of_a_long_reply_counts(world: World) -> None:
    await push(world, "replies", [reply("你好。" * 200 + "不要再发了，退订")])
    (row,) = await stored(world, "SELECT refused FROM reply")
    (waiting,) = await stored(world, "SELECT count(*) FROM doubtful_reply")
    assert row.refused or waiting.count


@pytest.mark.parametrize("name", ["out_id", "biz_id", "phone_number", "err_code"])
async def test_a_receipt_of_any_size_costs_no_other_one(world: World, name: str) -> None:
    draw = random.Random(name)
    rows = [receipt(f"x{size}") | {name: "".join(draw.choices(LETTERS, k=size))} for size in SIZES]
    await push(world, "receipts", rows)
    taken = await stored(world, "SELECT provider_ref FROM receipt")
    broken = await stored(world, "SELECT reason FROM broken_row")
    assert len(taken) == sum(size <= LONGEST_NAME for size in SIZES)
    assert len(broken) == len(SIZES) - len(taken)
    assert {row.reason for row in broken} == {f"{name} 超过 {LONGEST_NAME} 个字"}


async def test_a_reply_with_an_endless_sequence_costs_no_other_one(world: World) -> None:
    draw = random.Random(2)
    rows = [reply(f"好{size}") | {"sequence_id": "".join(draw.choices(LETTERS, k=size))} for size in SIZES]
    await push(world, "replies", rows)
    assert len(await stored(world, "SELECT 1 FROM reply")) == sum(size <= LONGEST_NAME for size in SIZES)
    assert len(await stored(world, "SELECT 1 FROM broken_row")) == sum(size > LONGEST_NAME for size in SIZES)


@pytest.mark.parametrize("kind", ["receipts", "replies"])
@pytest.mark.parametrize("count", [0, 1, MOST_ROWS - 1, MOST_ROWS, MOST_ROWS + 1])
async def test_a_call_has_as_many_rows_as_are_taken_at_once(world: World, kind: str, count: int) -> None:
    made = (receipt(f"r{n}") if kind == "receipts" else reply(f"好{n}", n) for n in range(count))
    async with world.served.client(None) as client:
        answer = await client.post(f"{WHERE}/{kind}", content=orjson.dumps(list(made)))
    table = {"receipts": "receipt", "replies": "reply"}[kind]
    (row,) = await stored(world, f"SELECT count(*) FROM {table}")
    if count > MOST_ROWS:
        assert (answer.status_code, row.count) == (413, 0)
        assert answer.json()["detail"] == f"一次最多 {MOST_ROWS} 条，收到 {count} 条"
    else:
        assert (answer.status_code, row.count) == (200, count)


@pytest.mark.parametrize("channel", ["sms", "email"])
@pytest.mark.parametrize("told", ["".join(random.Random(3).choices(LETTERS, k=9_000)), {"a": ["b"]}, ["c"], 7, True])
async def test_an_address_that_can_be_none_fails_no_event_and_no_sending(world: World, channel: str, told: Any) -> None:
    template = {
        "name": "t", "title": "通知", "channel": channel, "category": "notice", "subject": "您好", "sign": "燃气",
        "text": "您好{{ name }}，已办结。", "params": {"name": "{{ customer.name }}"}, "sample": {"name": "林"},
        "codes": {"aliyun": "SMS_1"}, "review": "approved",
    }  # fmt: skip
    rule = {"id": "r", "events": ["stage.done"], "purpose": "notice", "template": "t"}
    async with world.served.client("policy_owner") as client:
        answer = await client.post("/api/v1/templates", json=template | {"rules": [rule]})
    assert answer.status_code == 200, answer.text
    customer = {"id": "C1", "name": "林", "phone": told, "phones": [told], "email": told}
    await world.served.deliver(event("stage.done", {"customer": customer}))
    assert await world.served.dead_letters() == []
    await world.send_out()
    assert [(send["state"], send["reason"]) for send in await world.sends()] == [
        ("suppressed", {"sms": "no_mobile_number", "email": "no_address"}[channel])
    ]
