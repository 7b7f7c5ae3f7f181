"""After an erasure the gateway can't show what the customer's facts came in; they are still told apart and counted."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from shared.clock import ManualClock
from shared.erasure.job import erase_due
from shared.testing import event, example
from shared.testing.served import Served
from tests.architecture.test_personal_data import everything_in
from tests.gateway.test_api_events import NINE, envelope, post, statuses
from tests.gateway.test_api_imports import gbk, row, upload
from tests.gateway.test_api_writeback import deliveries, new_endpoint

NEEDLE = "周子衿"
SEALED = (("raw_message", "body"), ("import_file", "content"))


async def erase(served: Served, customer: str = "C1") -> None:
    asked = {"customer_id": customer, "asked_at": served.runtime.clock.now().isoformat(), "asked_by": "zhao.min"}
    await served.deliver(event("customer.erased", asked, key=customer))
    assert await erase_due(served.runtime) == 1


async def found(served: Served) -> list[str]:
    """The tables that hold the needle, sealed or not."""
    tables = await everything_in(served)
    plain = [name for name, rows in sorted(tables.items()) if NEEDLE in rows or NEEDLE.encode().hex() in rows]
    hidden = []
    async with served.runtime.db.read() as session:
        for table, column in SEALED:
            bodies = (await session.execute(text(f"SELECT {column} FROM {table}"))).scalars()
            opened = [served.runtime.sealer.unseal_bytes(bytes(body)) for body in bodies]
            if any(NEEDLE.encode(code) in body for body in opened for code in ("utf-8", "gbk")):
                hidden.append(table)
    return [*plain, *hidden]


def order(number: str, customer: str, name: str = NEEDLE) -> dict[str, Any]:
    told = envelope(number)
    told["data"]["customer"] |= {"id": customer, "name": name}
    return told


async def test_what_a_fact_came_in_is_emptied_and_it_is_still_known(gateway: Served, clock: ManualClock) -> None:
    assert statuses(await post(gateway, [order("1", "C1"), order("2", "C2", "别人")])) == ["accepted", "accepted"]
    assert await found(gateway) == ["outbox", "raw_message"]
    clock.advance(timedelta(days=3))
    await erase(gateway)
    assert await found(gateway) == []
    assert statuses(await post(gateway, [order("1", "C1")])) == ["duplicate"]
    async with gateway.client() as client:
        kept = (await client.get("/api/v1/messages")).json()["items"]
    assert sorted((one["event_id"], one["reason"]) for one in kept) == [("e1", "原文已按客户要求删除"), ("e2", "")]
    assert "别人" in str(await gateway.published("order.completed"))


@pytest.mark.parametrize("blank", ["", " ", "\u3000\t"])
async def test_nobody_is_erased_by_a_blank_name(gateway: Served, blank: str) -> None:
    """Under it every service keeps what is nobody's."""
    async with gateway.client("admin") as client:
        answer = await client.post("/api/v1/erasures", json={"customer_id": blank})
        assert answer.status_code == 422, answer.text
        await client.post("/erasures", data={"customer_id": blank, "sure": "yes"})
        assert (await client.get("/api/v1/erasures")).json()["items"] == []
    assert await gateway.published("customer.erased") == []


async def test_an_uploaded_file_goes_as_a_whole_and_its_results_stay(gateway: Served) -> None:
    answer = await upload(gateway, gbk([row(1, 求助人员=NEEDLE), row(2)]))
    assert answer.status_code == 202, answer.text
    await gateway.run_job("import")
    mine = next(sent for sent in await gateway.published("hotline.case_closed") if NEEDLE in str(sent.data))
    assert await found(gateway) == ["outbox", "import_file"]
    await erase(gateway, mine.key)
    assert await found(gateway) == []
    async with gateway.client("supervisor") as client:
        told = (await client.get(answer.headers["location"])).json()
    assert (told["state"], told["accepted"]) == ("done", 2)


async def test_results_that_were_written_back_say_codes_alone(gateway: Served) -> None:
    await new_endpoint(gateway, "http://127.0.0.1:9/hook", sources="/erp/*")
    (item,) = (await post(gateway, [order("1", "C1")])).json()["items"]
    matter = {"event_id": "e1", "event_source": "/erp/hz", "event_type": "order.completed", "at": NINE}
    data = example("visit.completed", matters=[matter], remark=f"{NEEDLE}很满意")
    await gateway.deliver(event("visit.completed", data, key="C1", lineage=item["lineage"]))
    assert "delivery" in await found(gateway)
    await erase(gateway)
    assert await found(gateway) == []
    assert [one["number"] for one in await deliveries(gateway)] == ["SO-1"]


async def test_who_was_not_asked_about_keeps_everything(gateway: Served, clock: ManualClock) -> None:
    await post(gateway, [order("1", "C1")])
    await erase(gateway, "C9")
    assert await found(gateway) == ["outbox", "raw_message"]
    await erase(gateway)
    clock.advance(timedelta(minutes=2))
    first = await everything_in(gateway)
    assert await erase_due(gateway.runtime) == 2
    second = await everything_in(gateway)
    own = ("event_identity", "outbox", "import_file", "delivery")
    assert {table: second[table] for table in own} == {table: first[table] for table in own}


async def test_an_administrator_asks_for_it_and_every_service_is_told(gateway: Served) -> None:
    for role, status in (("supervisor", 403), ("agent", 403), (None, 401)):
        async with gateway.client(role) as client:
            assert (await client.post("/api/v1/erasures", json={"customer_id": "C1"})).status_code == status
    async with gateway.client("admin") as client:
        asked = await client.post("/api/v1/erasures", json={"customer_id": " C1 "}, headers={"Idempotency-Key": "k"})
        again = await client.post("/api/v1/erasures", json={"customer_id": " C1 "}, headers={"Idempotency-Key": "k"})
    assert asked.status_code == 201, asked.text
    assert asked.json() == again.json()
    (told,) = await gateway.published("customer.erased")
    assert (told.key, told.data["customer_id"], told.data["asked_by"]) == ("C1", "C1", "key:test-admin")
    assert await erase_due(gateway.runtime) == 1
    async with gateway.client("admin") as client:
        (listed,) = (await client.get("/api/v1/erasures")).json()["items"]
    assert listed["customer_id"] == "C1"
    assert listed["erased_at"] is not None
    assert listed["done_at"] is None


async def test_a_number_typed_as_a_customer_is_kept_sealed(gateway: Served) -> None:
    async with gateway.client("admin") as client:
        assert (await client.post("/api/v1/erasures", json={"customer_id": "13800138000"})).status_code == 201
    (told,) = await gateway.published("customer.erased")
    assert gateway.runtime.sealer.unseal(told.key) == "+8613800138000"
    assert not [table for table, rows in (await everything_in(gateway)).items() if "13800138000" in rows]


async def test_the_page_asks_for_a_customer_who_was_verified_and_lists_them(gateway: Served) -> None:
    async with gateway.client("admin") as client:
        empty = await client.get("/erasures")
        assert "没有登记过删除" in empty.text
        for half in ({"customer_id": "C1"}, {"sure": "yes"}, {"customer_id": " ", "sure": "yes"}):
            assert (await client.post("/erasures", data=half)).status_code == 303
        assert await gateway.published("customer.erased") == []
        assert (await client.post("/erasures", data={"customer_id": " C1 ", "sure": "yes"})).status_code == 303
        shown = (await client.get("/erasures")).text
    assert ">C1<" in shown
    assert "清理中" in shown
    async with gateway.client("supervisor") as client:
        assert (await client.get("/erasures")).status_code == 403
