"""A fact that is sent to try: accepted like any other, as a practice customer's, and the real one is still to come."""

from typing import Any

import pytest

from shared.messaging.event import attributes
from shared.practice import practice_id
from shared.testing import Served, example


def told(**attributes: Any) -> dict[str, Any]:
    order = example("order.completed", order_no="SO-1", completed_at="2026-03-01T10:00:00+08:00")
    whole = {"specversion": "1.0", "id": "so-1", "source": "/erp/hz", "type": "order.completed", "data": order}
    return whole | attributes


async def post(served: Served, body: Any, **headers: str) -> dict[str, Any]:
    async with served.client("integrator") as client:
        answer = await client.post("/api/v1/events", json=body, headers=headers)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items[0]


async def test_it_is_a_practice_customers_at_a_source_of_its_own_and_says_so_on_the_wire(gateway: Served) -> None:
    receipt = await post(gateway, told(practice=True))
    assert (receipt["status"], receipt["source"]) == ("accepted", "/practice/erp/hz")
    [event] = await gateway.published("order.completed")
    customer = practice_id(told()["data"]["customer"]["id"])
    assert (event.key, event.data["customer"]["id"], event.practice) == (customer, customer, True)
    assert ("ce_practice", "true") in attributes(event)
    assert event.lineage == receipt["lineage"]


async def test_the_real_one_comes_afterwards_as_if_nothing_had_been_tried(gateway: Served) -> None:
    await post(gateway, told(practice=True))
    assert (await post(gateway, told(practice=True)))["status"] == "duplicate"
    assert (await post(gateway, told()))["status"] == "accepted"
    tried, real = await gateway.published("order.completed")
    assert (tried.practice, real.practice, real.source) == (True, False, "/erp/hz")
    assert "ce_practice" not in dict(attributes(real))
    assert tried.lineage != real.lineage


async def test_a_header_says_it_in_binary_mode(gateway: Served) -> None:
    headers = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/erp/hz", "ce-type": "order.completed"}
    receipt = await post(gateway, told()["data"], **headers, **{"ce-practice": "true"})
    assert receipt["source"] == "/practice/erp/hz"
    assert (await post(gateway, told()["data"], **headers, **{"ce-practice": "false"}))["source"] == "/erp/hz"


@pytest.mark.parametrize("value", ["ja", "", 1, 0, [], {"a": 1}])
async def test_what_is_neither_yes_nor_no_is_refused_by_its_name(gateway: Served, value: Any) -> None:
    receipt = await post(gateway, told(practice=value))
    assert receipt["status"] == "rejected"
    assert [error["field"] for error in receipt["errors"]] == ["practice"]


async def test_a_practice_customer_is_practice_whatever_key_or_mark_comes_with_it(gateway: Served) -> None:
    data = told()["data"] | {"customer": {"id": practice_id("C9"), "name": "试"}}
    assert (await post(gateway, told(data=data, partitionkey="C1")))["source"] == "/practice/erp/hz"
    [event] = await gateway.published("order.completed")
    assert (event.key, event.practice) == (practice_id("C1"), True)


async def test_a_case_whose_customer_is_read_from_its_appellant_and_a_kind_without_one(gateway: Served) -> None:
    case = example("hotline.case_closed", case_no="5101", closed_at="2026-03-01T10:00:00+08:00")
    del case["customer"]
    case["appellant"] = {"name": "陈静", "phone": "13800138000"}
    await post(gateway, told(type="hotline.case_closed", data=case, practice=True))
    await post(gateway, told(type="cn.acme.tried", id="2", data={"a": 1}, practice=True))
    [hotline], [other] = await gateway.published("hotline.case_closed"), await gateway.published("cn.acme.tried")
    assert hotline.data["customer"]["id"] == hotline.key
    assert (hotline.practice, other.practice) == (True, True)


async def test_practice_is_withdrawn_by_practice(gateway: Served) -> None:
    await post(gateway, told(practice=True))
    await post(gateway, told())
    gone = {
        "event_id": "so-1",
        "event_source": "/erp/hz",
        "reason": "cancelled",
        "withdrawn_at": "2026-03-01T11:00:00+08:00",
    }
    await post(gateway, told(id="w", type="fact.withdrawn", data=gone, practice=True))
    [event] = await gateway.published("fact.withdrawn")
    assert event.practice
    assert (event.data["event_source"], event.data["number"]) == ("/practice/erp/hz", "SO-1")
    assert event.data["customer_id"] == event.key
