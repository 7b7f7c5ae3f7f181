"""A number is a number at every door, and what is none is told and becomes nobody's identity."""

import json
from typing import Any

import pytest

from services.gateway.commands import as_its_sender_knows_it
from services.gateway.domain.writeback import Origin, body_of
from shared.messaging.event import Event
from shared.privacy import Sealer
from shared.testing.events import event, example
from shared.testing.served import DATA_KEY, Served
from tests.gateway.test_api_imports import gbk, result_rows, row, upload
from tests.gateway.test_api_ingress import ORDER, SALE, new_source, push, results, signed

ONE = [
    ("138 2222 9701", "+8613822229701"),
    ("+86 138 2222 9701", "+8613822229701"),
    ("(+86)138-2222-9701", "+8613822229701"),
    ("１３８２２２２９７０１", "+8613822229701"),
    ("13822229701（妻子）", "+8613822229701"),
    ("\u202d138 2222 9701\u202c", "+8613822229701"),
    ("0571 88882701", "+8657188882701"),
    ("（0571）8888-2701", "+8657188882701"),
    ("0571-88882701转801", "+8657188882701;ext=801"),
    ("+852 6123 2701", "+85261232701"),
]
NONE = [
    "138****9701",
    "138xxxx9701",
    "暂无",
    "-",
    "0",
    "无",
    "11111111111",
    "88882701",
    "1382222970",
    "330106197003072701",
]
CASE = {
    "工单编号": "33012026030199001", "诉求内容": "路灯不亮", "诉求性质": "求助", "事发区域": "西湖区", "诉求人": "何女士",
    "联系电话": "", "办结时间": "2026-03-01 15:40:12", "主办单位": "区城管局", "工单状态": "已办结", "处置结果": "已更换",
}  # fmt: skip


def number(served: Served, event: Event) -> list[str]:
    """The customer's numbers in clear."""
    customer = event.data["customer"]
    tokens = [token for token in (customer.get("phone"), *customer.get("phones", [])) if token]
    return [served.runtime.sealer.unseal(token) for token in tokens]


async def sent(served: Served, door: str, phone: Any) -> tuple[Event, str]:
    """The fact that a door makes of a number, and what its sender is told."""
    if door == "events":
        data = example("order.completed", customer={"id": "C1", "name": "何女士", "phone": phone})
        cloud = {"specversion": "1.0", "id": "e1", "source": "/erp/1", "type": "order.completed", "data": data}
        async with served.client("integrator") as client:
            (receipt,) = (await client.post("/api/v1/events", json=cloud)).json()["items"]
        told = "；".join(f"{note['field']}：{note['reason']}" for note in receipt.get("notes", []))
        assert receipt["status"] == "accepted", receipt
    elif door == "file":
        response = await upload(served, gbk([row(1, 求助号码=phone)]))
        await served.run_job("import")
        (line,) = (await result_rows(served, response))[1:]
        assert line[1] == "已接收", line
        told = line[3]
    else:
        told = await pushed(served, door, phone)
    (event,) = await served.published()
    return event, told


async def pushed(served: Served, door: str, phone: Any) -> str:
    options = {"type": "order.completed", "fields": {"customer.phone": "buyer.tel"}} if door == "generic" else {}
    source = await new_source(served, door, options=options)
    body: dict[str, Any] = {
        "hotline": CASE | {"联系电话": phone},
        "erpnext": ORDER | {"contact_mobile": phone},
        "odoo": SALE | {"partner_id": [3, "何女士"], "partner_mobile": phone},
        "generic": {"data": example("order.completed", customer={"id": "C1"}), "buyer": {"tel": phone}},
    }[door]
    raw = json.dumps(body).encode()
    answer = await push(served, source["path"], raw, **(signed(raw, source["secret"]) if door == "erpnext" else {}))
    assert answer.status_code < 300, answer.text
    ((result, reason),) = await results(served)
    assert result == "new", reason
    return reason


DOORS = ["events", "file", "hotline", "erpnext", "odoo", "generic"]


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("written", "meant"), ONE[:1] + ONE[4:5] + ONE[8:10])
async def test_a_number_is_read_in_every_spelling_at_every_door(
    gateway: Served, door: str, written: str, meant: str
) -> None:
    if door == "file" and written.encode("gbk", "ignore").decode("gbk") != written:
        pytest.skip("GBK has no such mark")
    event, told = await sent(gateway, door, written)
    assert number(gateway, event) == [meant]
    assert told == ""


@pytest.mark.parametrize("door", DOORS)
async def test_several_numbers_in_one_field_are_several(gateway: Served, door: str) -> None:
    event, told = await sent(gateway, door, "13822229718/13922229718 0571-88882701")
    assert number(gateway, event) == ["+8613822229718", "+8613922229718", "+8657188882701"]
    assert told == ""


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("written", NONE[:1] + NONE[2:4] + NONE[6:8])
async def test_what_is_no_number_is_told_and_the_fact_is_kept_without(gateway: Served, door: str, written: str) -> None:
    event, told = await sent(gateway, door, written)
    assert number(gateway, event) == []
    assert told
    assert written not in told or written == "-"
    assert "电话" in told or "号码" in told or "phone" in told


async def test_people_without_a_number_stay_as_many_as_they_are(gateway: Served) -> None:
    source = await new_source(gateway, "hotline")
    cases = [("33012026030199001", "何女士"), ("33012026030199002", "林先生")]
    for case_no, name in cases:
        await push(gateway, source["path"], CASE | {"工单编号": case_no, "诉求人": name, "联系电话": "138****9701"})
    redone = CASE | {"办结时间": "2026-03-02 09:00:00", "工单编号": cases[0][0], "联系电话": "暂无"}
    await push(gateway, source["path"], redone)
    await results(gateway)
    first, second, again = await gateway.published()
    assert first.key != second.key
    assert [event.data["customer"]["name"] for event in (first, second)] == ["何女士", "林先生"]
    assert again.key == first.key
    assert first.data["customer"]["id"] == first.key


async def test_two_people_whose_numbers_have_blanks_stay_two(gateway: Served) -> None:
    source = await new_source(gateway, "hotline")
    await push(gateway, source["path"], CASE | {"联系电话": "138 2222 9701"})
    await push(gateway, source["path"], CASE | {"工单编号": "33012026030199002", "联系电话": "138 3333 9702"})
    await results(gateway)
    first, second = await gateway.published()
    assert first.key != second.key
    assert number(gateway, first) == ["+8613822229701"]
    assert number(gateway, second) == ["+8613833339702"]


async def test_people_behind_one_switchboard_stay_as_many_as_they_are(gateway: Served) -> None:
    source = await new_source(gateway, "hotline")
    for at, extension in enumerate(("801", "802")):
        case = CASE | {"工单编号": f"3301202603019900{at}", "联系电话": f"0571-88882701转{extension}"}
        await push(gateway, source["path"], case)
    await results(gateway)
    first, second = await gateway.published()
    assert first.key != second.key


@pytest.mark.parametrize("written", ["call-13822229701-1", "evt/138 2222 9701", "0571-88882701#3", "VIP13822229701"])
async def test_an_event_id_with_a_number_is_sealed_and_means_the_same_event(gateway: Served, written: str) -> None:
    cloud = {"specversion": "1.0", "id": written, "source": "/erp/1", "type": "my.own", "data": {"x": 1}}
    async with gateway.client("integrator") as client:
        first = (await client.post("/api/v1/events", json=cloud)).json()["items"][0]
        second = (await client.post("/api/v1/events", json=cloud)).json()["items"][0]
    assert (first["status"], second["status"]) == ("accepted", "duplicate")
    assert first["lineage"] == second["lineage"]
    (event,) = await gateway.published()
    assert event.id == first["event_id"]
    assert gateway.runtime.sealer.unseal(event.id) == written


async def test_a_number_in_a_source_gets_a_name_that_patterns_still_match(gateway: Served) -> None:
    sources = []
    for number_of_shop in ("13822229701", "138-2222-9702", "138 2222 9701"):
        cloud = {"specversion": "1.0", "id": "e1", "source": f"/erp/{number_of_shop}/1", "type": "my.own", "data": {}}
        async with gateway.client("integrator") as client:
            sources.append((await client.post("/api/v1/events", json=cloud)).json()["items"][0]["source"])
    assert sources[0] == sources[2] != sources[1]
    assert all(source.startswith("/erp/P") and source.endswith("/1") for source in sources)


def test_a_source_is_told_the_right_number_in_clear_when_it_is_sent() -> None:
    sealer = Sealer.from_text(DATA_KEY)
    wrong, phone = sealer.seal_phone("13800138000"), sealer.seal_phone("13700137021")
    sent = event("customer.number_corrected", example("customer.number_corrected", wrong=wrong, phone=phone))
    kept = json.dumps(body_of(sent, Origin("/erp", "e1", "repair.closed", "WX1", "L1")))
    assert "13700137021" not in kept
    told = json.loads(as_its_sender_knows_it(kept, sealer))
    assert told["type"] == "customer.number_corrected"
    assert (told["data"]["wrong_phone"], told["data"]["phone"]) == ("+8613800138000", "+8613700137021")
    assert (told["data"]["case_no"], told["data"]["customer_id"]) == ("WX1", "C0001017")


def test_a_result_names_the_document_and_event_as_its_sender_knows_them() -> None:
    sealer = Sealer.from_text(DATA_KEY)
    sealed = {
        "case_no": sealer.seal("SO-13822229701"),
        "source_event_id": sealer.seal("evt-13822229701"),
        "remark": "好",
    }
    told = as_its_sender_knows_it(json.dumps({"type": "visit.completed", "data": sealed}), sealer)
    assert json.loads(told)["data"] == {
        "case_no": "SO-13822229701",
        "source_event_id": "evt-13822229701",
        "remark": "好",
    }
