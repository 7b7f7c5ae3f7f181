"""A fact that is sent to try: accepted like any other, as a practice customer's, and the real one is still to come."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from shared.messaging.event import attributes
from shared.practice import practice_id
from shared.testing import Served, example
from tests.gateway.test_api_imports import gbk, progress, row, upload
from tests.gateway.test_api_ingress import SALE, new_source, push, results


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


def counted(kind: str) -> float:
    return sum(REGISTRY.get_sample_value("huifang_gateway_events_total", {"source_kind": kind, "outcome": outcome}) or 0
               for outcome in ("new", "duplicate", "accepted", "rejected", "ignored"))  # fmt: skip


async def facts_of(served: Served, name: str) -> list[tuple[str, bool]]:
    return [(event.source, event.practice) for event in await served.published(name)]


@pytest.mark.parametrize("mark", ["header", "address"])
async def test_a_push_that_says_so_is_practice_and_the_real_document_comes_afterwards(
    gateway: Served, mark: str
) -> None:
    source = await new_source(gateway, "odoo")
    before = counted("odoo")
    if mark == "header":
        answer = await push(gateway, source["path"], SALE, **{"ce-practice": "true"})
    else:
        answer = await push(gateway, f"{source['path']}?practice=true", SALE)
    assert answer.status_code == 200, answer.text
    assert [result for result, _ in await results(gateway)] == ["new"]
    assert counted("odoo") == before
    await push(gateway, source["path"], SALE)
    assert [result for result, _ in await results(gateway)] == ["new", "new"]
    assert counted("odoo") == before + 1
    (tried, was_practice), (real, is_practice) = await facts_of(gateway, "order.completed")
    assert (was_practice, is_practice, tried) == (True, False, f"/practice{real}")
    async with gateway.client("integrator") as client:
        shown = (await client.get("/api/v1/messages")).json()["items"]
    assert [one["practice"] for one in shown] == [False, True]


async def test_what_is_undone_after_it_was_tried_is_practice_too(gateway: Served) -> None:
    source = await new_source(gateway, "odoo")
    undone = SALE | {"state": "cancel", "write_date": "2026-03-01 11:32:07"}
    for body in (SALE, undone):
        await push(gateway, source["path"], body, **{"ce-practice": "true"})
        await results(gateway)
    assert {practice for _, practice in await facts_of(gateway, "fact.withdrawn")} == {True}
    [gone] = await gateway.published("fact.withdrawn")
    [fact] = await gateway.published("order.completed")
    assert (gone.data["event_id"], gone.data["event_source"], gone.key) == (fact.id, fact.source, fact.key)


async def test_a_mark_that_is_neither_yes_nor_no_is_refused_and_nothing_is_kept(gateway: Served) -> None:
    source = await new_source(gateway, "odoo")
    answer = await push(gateway, source["path"], SALE, **{"ce-practice": "ja"})
    assert (answer.status_code, "practice" in answer.json()["detail"]) == (400, True)
    assert await results(gateway) == []


async def test_a_file_is_tried_and_then_uploaded_in_earnest(gateway: Served) -> None:
    content = gbk([row(1)])
    before = counted("file")
    tried = await upload(gateway, content, practice="true")
    await gateway.run_job("import")
    real = await upload(gateway, content)
    assert tried.json()["id"] != real.json()["id"]
    assert (await upload(gateway, content, practice="true")).json()["id"] == tried.json()["id"]
    await gateway.run_job("import")
    assert [(await progress(gateway, one))["practice"] for one in (tried, real)] == [True, False]
    assert [(await progress(gateway, one))["accepted"] for one in (tried, real)] == [1, 1]
    assert [practice for _, practice in await facts_of(gateway, "hotline.case_closed")] == [True, False]
    assert counted("file") == before + 1
    assert (await upload(gateway, content, practice="vielleicht")).status_code == 422
