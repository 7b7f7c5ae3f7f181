"""Submitting CloudEvents."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared.auth import Role, issue_token
from shared.clock import ManualClock
from shared.testing.events import example
from shared.testing.served import Served

NINE = "2026-03-02T09:00:00+08:00"
BATCH = {"Content-Type": "application/cloudevents-batch+json"}
SINGLE = {"Content-Type": "application/cloudevents+json"}


def envelope(number: int | str = 1, **changes: Any) -> dict[str, Any]:
    data = example("order.completed", order_no=f"SO-{number}")
    data["customer"] = data["customer"] | {"id": f"C{number}", "phone": "13812345678"}
    return {"specversion": "1.0", "id": f"e{number}", "source": "/erp/hz", "type": "order.completed",
            "time": "2026-03-02T09:00:00+08:00", "data": data} | changes  # fmt: skip


async def post(served: Served, body: Any, headers: dict[str, str] = BATCH) -> httpx.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    async with served.client("integrator") as client:
        return await client.post("/api/v1/events", content=content, headers=headers)


def statuses(response: httpx.Response) -> list[str]:
    return [item["status"] for item in response.json()["items"]]


async def test_a_structured_event_is_accepted_and_published_with_its_own_identity(gateway: Served) -> None:
    response = await post(gateway, envelope(), SINGLE)
    assert response.status_code == 202
    (item,) = response.json()["items"]
    (event,) = await gateway.published()
    assert item == {
        "id": "e1",
        "source": "/erp/hz",
        "status": "accepted",
        "event_id": event.id,
        "lineage": event.lineage,
        "errors": [],
    }
    assert (event.id, event.source, event.key, event.name) == ("e1", "/erp/hz", "C1", "order.completed")
    assert event.traceparent.split("-")[1] == response.headers["traceparent"].split("-")[1]
    assert "13812345678" not in str(event)


async def test_a_birthday_is_read_as_it_is_written_and_told_when_it_is_no_date(gateway: Served) -> None:
    written = ["1988/6/1", "19880601", "1988年6月1日", "1988-05-31T15:00:00Z", "农历8月15日", "lunar:08-15", "五月", ""]
    bodies = [envelope(number, type="customer.updated") for number in range(len(written))]
    for body, birthday in zip(bodies, written, strict=True):
        body["data"] = example("customer.updated", customer={"id": body["id"], "birthday": birthday})
    items = (await post(gateway, bodies)).json()["items"]
    told = [event.data["customer"]["birthday"] for event in await gateway.published()]
    assert told == ["1988-06-01"] * 4 + ["lunar:08-15"] * 2 + ["五月", ""]
    noted = [[note["field"] for note in item.get("notes", [])] for item in items]
    assert noted == [[]] * 6 + [["data.customer.birthday"], []]


async def test_what_is_too_long_for_an_email_address_is_left_out_and_told(gateway: Served) -> None:
    written = ["a@b.cn", "a" * 247 + "@b.cn.x", "a" * 248 + "@b.cn.x"]
    bodies = [envelope(number) for number in range(len(written))]
    for body, email in zip(bodies, written, strict=True):
        body["data"] = example("order.completed", customer={"id": body["id"], "email": email})
    items = (await post(gateway, bodies)).json()["items"]
    assert [event.data["customer"]["email"] for event in await gateway.published()] == [*written[:2], None]
    assert [[note["field"] for note in item.get("notes", [])] for item in items] == [[], [], ["data.customer.email"]]


async def test_a_binary_event_is_accepted(gateway: Served) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "%E8%AE%A2%E5%8D%95-1", "ce-source": "/erp/hz", "ce-type": "meter.seen",
               "ce-partitionkey": "C9", "ce-subject": "M1", "Content-Type": "application/json"}  # fmt: skip
    response = await post(gateway, {"value": 1}, headers)
    assert response.status_code == 202
    (event,) = await gateway.published()
    assert (event.id, event.type, event.key, event.subject, event.data) == (
        "订单-1",
        "meter.seen",
        "C9",
        "M1",
        {"value": 1},
    )


async def test_plain_json_may_hold_an_envelope_or_a_batch(gateway: Served) -> None:
    plain = {"Content-Type": "application/json; charset=utf-8"}
    assert (await post(gateway, envelope(1), plain)).status_code == 202
    assert statuses(await post(gateway, [envelope(2), envelope(3)], plain)) == ["accepted", "accepted"]
    assert [event.id for event in await gateway.published()] == ["e1", "e2", "e3"]
    told = gateway.app.openapi()["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]
    assert {one["type"] for one in told["application/json"]["schema"]["anyOf"]} == {"object", "array"}


async def test_a_repeated_identity_is_answered_with_the_first_receipt(gateway: Served, clock: ManualClock) -> None:
    first = (await post(gateway, envelope(time=None), SINGLE)).json()["items"][0]
    clock.advance(timedelta(hours=3))
    again = (await post(gateway, [envelope(time=None, data={}, type="other"), envelope(2)])).json()["items"]
    assert again[0] == first | {"status": "duplicate"}
    assert [event.id for event in await gateway.published()] == ["e1", "e2"]


async def test_the_same_identity_twice_in_a_batch_is_published_once(gateway: Served) -> None:
    response = await post(gateway, [envelope(1), envelope(1), envelope(1, source="/erp/other")])
    assert statuses(response) == ["accepted", "duplicate", "accepted"]
    first, second, _ = response.json()["items"]
    assert first["lineage"] == second["lineage"]
    assert len(await gateway.published()) == 2


async def test_concurrent_batches_publish_each_identity_once(gateway: Served) -> None:
    batch = [envelope(number) for number in range(40)]
    responses = await asyncio.gather(*(post(gateway, batch if turn % 2 else batch[::-1]) for turn in range(6)))
    assert {response.status_code for response in responses} == {202}
    assert sum(response.json()["accepted"] for response in responses) == 40
    assert sorted(event.id for event in await gateway.published()) == sorted(f"e{number}" for number in range(40))


async def test_a_broken_item_leaves_its_neighbours_alone(gateway: Served) -> None:
    deep = b'{"specversion":"1.0","id":"deep","source":"/s","type":"t","data":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}"
    nul = orjson.dumps(envelope("nul", type="my.own", data={"name": "a\0b"}))
    broken = [
        orjson.dumps(envelope(1)),
        deep,
        nul,
        b"17",
        orjson.dumps(envelope("t", data="x")),
        orjson.dumps(envelope(2)),
    ]
    response = await post(gateway, b"[" + b",".join(broken) + b"]")
    assert response.status_code == 202
    assert statuses(response) == ["accepted", *["rejected"] * 4, "accepted"]
    assert response.json()["items"][2]["errors"] == [{"field": "data.name", "reason": "含有空字符（\\u0000）"}]
    assert [event.id for event in await gateway.published()] == ["e1", "e2"]


async def test_when_nothing_can_be_accepted_the_answer_is_a_problem_with_items(gateway: Served) -> None:
    response = await post(gateway, [envelope(1, time="soon"), envelope(2, id=None)])
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["title"] == "没有可接收的事件"
    assert [item["errors"][0]["field"] for item in response.json()["items"]] == ["time", "id"]
    assert await gateway.published() == []


async def test_an_unknown_type_is_accepted_as_it_is(gateway: Served) -> None:
    assert (
        await post(gateway, envelope(type="com.example.thing", data={"a": [1, {"b": None}]}), SINGLE)
    ).status_code == 202
    (event,) = await gateway.published()
    assert (event.type, event.key, event.data) == ("com.example.thing", "/erp/hz", {"a": [1, {"b": None}]})


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"nonsense", BATCH, 400),
        (b"", BATCH, 400),
        (b"{", SINGLE, 422),
        (b"<a/>", {"Content-Type": "application/xml"}, 415),
        (b"[]", BATCH, 202),
        (b"[" + b",".join([b"{}"] * 501) + b"]", BATCH, 413),
        (b"[" + b" " * (2 << 20) + b"]", BATCH, 413),
    ],
)
async def test_a_body_that_is_no_batch_is_refused(
    gateway: Served, body: bytes, headers: dict[str, str], status: int
) -> None:
    response = await post(gateway, body, headers)
    assert response.status_code == status
    if status != 202:
        assert response.headers["content-type"] == "application/problem+json"


async def test_a_chunked_body_is_cut_off_at_the_limit(gateway: Served) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b"[" * (1 << 20)

    async with gateway.client("integrator") as client:
        response = await client.post("/api/v1/events", content=endless(), headers=BATCH)
    assert response.status_code == 413


async def test_only_an_integrator_may_submit(gateway: Served) -> None:
    for role, status in ((None, 401), ("agent", 403), ("ops", 403), ("admin", 202)):
        async with gateway.client(role) as client:
            response = await client.post("/api/v1/events", json=envelope(str(role)))
        assert response.status_code == status


async def test_the_raw_message_is_kept_sealed_and_shown_masked(gateway: Served) -> None:
    await post(gateway, envelope(), SINGLE)
    async with gateway.client("ops") as client:
        (message,) = (await client.get("/api/v1/messages")).json()["items"]
    assert (message["result"], message["event_id"], message["number"]) == ("new", "e1", "SO-1")
    assert "138****5678" in message["body"]
    async with gateway.runtime.db.read() as session:
        stored = (await session.execute(text("SELECT body FROM raw_message"))).scalar_one()
    assert b"SO-1" not in stored


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ENVELOPES = st.fixed_dictionaries(
    {"specversion": st.just("1.0"), "source": st.text() | JSON, "data": JSON},
    optional={
        "id": st.text() | JSON,
        "type": st.sampled_from(["order.completed", "hotline.case_closed", "my.own"]) | JSON,
        "time": st.datetimes().map(lambda at: at.isoformat() + "Z") | JSON,
        "subject": JSON,
        "partitionkey": JSON,
        "traceparent": JSON,
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON | ENVELOPES | st.lists(ENVELOPES, max_size=4))
async def test_no_json_brings_the_gateway_down(gateway: Served, body: Any) -> None:
    response = await post(gateway, json.dumps(body).encode(), {"Content-Type": "application/json"})
    assert response.status_code in (202, 400, 422)


async def post_at_once(served: Served, *bodies: Any) -> list[httpx.Response]:
    async with served.client("integrator") as client:
        posts = (client.post("/api/v1/events", content=orjson.dumps(body), headers=SINGLE) for body in bodies)
        return list(await asyncio.gather(*posts))


async def test_posts_at_the_same_time_share_transactions_and_each_gets_its_own_answer(
    gateway: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.gateway import commands

    taken: list[int] = []
    real = commands.submit

    async def counting(work: Any, sealer: Any, bodies: Any) -> Any:
        taken.append(len(bodies))
        return await real(work, sealer, bodies)

    monkeypatch.setattr(commands, "submit", counting)
    sent = [envelope(number) for number in range(40)] + [envelope(3), envelope("bad", data={})]
    answers = await post_at_once(gateway, *sent)
    assert sum(taken) == len(sent)
    assert len(taken) < len(sent) / 3
    assert [item["id"] for answer in answers[:41] for item in answer.json()["items"]] == [e["id"] for e in sent[:41]]
    assert sorted(statuses(answers[3]) + statuses(answers[40])) == ["accepted", "duplicate"]
    assert answers[41].status_code == 422
    published = await gateway.published()
    assert sorted(event.id for event in published) == sorted(f"e{number}" for number in range(40))
    traces = {answer.headers["traceparent"].split("-")[1] for answer in answers[:40]}
    assert {event.traceparent.split("-")[1] for event in published} <= traces


async def test_nobody_fails_for_what_another_sent_at_the_same_time(
    gateway: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.gateway.store import facts

    real = facts.claim

    async def claim(session: Any, incoming: Any, at: Any) -> Any:
        if any(item.event.id == "e7" for item in incoming):
            raise RuntimeError("a fault of ours with one event")
        return await real(session, incoming, at)

    monkeypatch.setattr(facts, "claim", claim)
    answers = await post_at_once(gateway, *(envelope(number) for number in range(20)))
    assert [number for number, answer in enumerate(answers) if answer.status_code != 202] == [7]
    assert answers[7].status_code == 500
    assert len(await gateway.published()) == 19


async def test_a_key_of_one_unit_tells_that_units_facts_alone_and_withdraws_none(gateway: Served) -> None:
    secret = gateway.runtime.settings.jwt_secret
    assert secret is not None
    token = issue_token(secret.get_secret_value(), "erp-hz", Role.INTEGRATOR, 4_000_000_000, units=["HZ"])
    own, foreign = envelope(1), envelope(2)
    own["data"]["org"], foreign["data"]["org"] = {"code": "HZ"}, {"code": "NB"}
    told = {
        "event_id": "e3",
        "event_source": "/erp/hz",
        "reason": "cancelled",
        "withdrawn_at": NINE,
        "org": {"code": "HZ"},
    }
    taken_back = envelope(4, type="fact.withdrawn", data=told)
    assert statuses(await post(gateway, [envelope(3)])) == ["accepted"]
    async with gateway.client(None, Authorization=f"Bearer {token}") as client:
        answer = await client.post("/api/v1/events", content=orjson.dumps([own, foreign, taken_back]), headers=BATCH)
    assert statuses(answer) == ["accepted", "rejected", "rejected"]
    _, other, withdrawal = answer.json()["items"]
    assert other["errors"] == [{"field": "data.org.code", "reason": "应为您权限内的单位：HZ"}]
    assert withdrawal["errors"] == [{"field": "type", "reason": "限于部分单位的密钥不能撤回事实"}]
    assert "e2" not in {event.id for event in await gateway.published()}
