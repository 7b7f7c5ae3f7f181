"""A document that was completed and is cancelled, returned or open again takes its fact back."""

import json
from typing import Any

import pytest
from sqlalchemy import text

from services.gateway.domain import erpnext, hotline, odoo
from services.gateway.domain.documents import Known, Options, Reading, following
from shared.messaging.event import Event
from shared.testing.served import Served
from shared.zone import ORG_ZONE
from tests.gateway.test_api_ingress import new_source, push, results, signed

FRAPPE = Options("hz", "erpnext", ORG_ZONE)
ODOO = Options("hz", "odoo", ORG_ZONE)
CITY = Options("city", "hotline", ORG_ZONE)
NOTE: dict[str, Any] = {
    "doctype": "Delivery Note", "name": "DN-7", "docstatus": 1, "status": "Completed", "customer": "K7", "company": "CD",
    "modified": "2026-03-01 09:00:00",
}  # fmt: skip
VISIT = NOTE | {"doctype": "Maintenance Visit", "status": "Submitted", "completion_status": "Fully Completed"}
CLAIM = {"doctype": "Warranty Claim", "name": "WC-7", "docstatus": 0, "status": "Closed", "customer": "K7",
         "modified": "2026-03-01 09:00:00"}  # fmt: skip
SALE = {
    "_model": "sale.order",
    "_id": 7,
    "name": "S7",
    "state": "sale",
    "partner_id": 1,
    "write_date": "2026-03-01 01:00:00",
}
CASE = {
    "工单编号": "W7", "诉求内容": "井盖松动", "诉求性质": "求助", "事发区域": "滨江区", "诉求人": "丁",
    "联系电话": "13700007411", "办结时间": "2026-03-01 09:10:00", "更新时间": "2026-03-01 09:10:00",
    "主办单位": "区市政所", "工单状态": "已办结", "处置结果": "已加固",
}  # fmt: skip


@pytest.mark.parametrize(
    ("read", "undone"),
    [
        (lambda: erpnext.read(NOTE, FRAPPE), None),
        (lambda: erpnext.read(NOTE | {"docstatus": "1"}, FRAPPE), None),
        (lambda: erpnext.read(CLAIM, FRAPPE), None),  # is never submitted
        (lambda: erpnext.read(NOTE | {"docstatus": 0}, FRAPPE), "reopened"),
        (lambda: erpnext.read(NOTE | {"docstatus": 2}, FRAPPE), "cancelled"),
        (lambda: erpnext.read(VISIT | {"docstatus": "2"}, FRAPPE), "cancelled"),
        (lambda: erpnext.read(VISIT | {"docstatus": None, "status": "Cancelled"}, FRAPPE), "cancelled"),
        (lambda: erpnext.read(VISIT | {"docstatus": None, "status": "Draft"}, FRAPPE), "reopened"),
        (lambda: erpnext.read(VISIT | {"completion_status": "Partially Completed"}, FRAPPE), "reopened"),
        (lambda: erpnext.read(NOTE | {"status": "Return Issued"}, FRAPPE), "returned"),
        (lambda: erpnext.read(NOTE | {"status": "To Bill"}, FRAPPE), ""),
        (lambda: erpnext.read(CLAIM | {"status": "Work In Progress"}, FRAPPE), "reopened"),
        (lambda: erpnext.read(NOTE | {"per_returned": 100.0}, FRAPPE), "returned"),
        (lambda: erpnext.read(NOTE | {"per_returned": 40.0}, FRAPPE), None),
        (lambda: erpnext.read(NOTE | {"per_returned": "many"}, FRAPPE), None),
        (lambda: odoo.read(SALE, ODOO), None),
        (lambda: odoo.read(SALE | {"state": "cancel"}, ODOO), "cancelled"),
        (lambda: odoo.read(SALE | {"state": "draft"}, ODOO), "reopened"),
        (lambda: hotline.read(CASE, CITY), None),
        (lambda: hotline.read(CASE | {"工单状态": "重办中"}, CITY), "reopened"),
        (lambda: hotline.read(CASE | {"工单状态": "退回"}, CITY), "returned"),
        (lambda: hotline.read(CASE | {"工单状态": "已撤单"}, CITY), "cancelled"),
        (lambda: hotline.read(CASE | {"工单状态": "待回访"}, CITY), ""),
    ],
)
def test_documents_are_read_as_what_they_are(read: Any, undone: str | None) -> None:
    reading = read()
    assert isinstance(reading, Reading)
    assert (reading.candidate is not None) == (undone is None)
    assert reading.document is not None
    assert reading.document.undone == (undone or "")


def test_a_return_alone_is_no_fact_and_takes_nothing_back() -> None:
    reading = erpnext.read(NOTE | {"is_return": "1", "return_against": "DN-7"}, FRAPPE)
    assert isinstance(reading, Reading)
    assert (reading.document, reading.candidate) == (None, None)


def test_a_state_that_says_nothing_of_a_completion_leaves_it_standing() -> None:
    billed = erpnext.read(NOTE | {"status": "To Bill", "modified": "2026-03-02 09:00:00"}, FRAPPE)
    assert isinstance(billed, Reading)
    assert billed.document is not None
    known = Known(billed.document.modified_at, "Completed", "e1")
    assert following(known, billed.document, "") == known


async def absorb(served: Served, source: dict[str, Any], *bodies: dict[str, Any]) -> list[tuple[str, str]]:
    for body in bodies:
        raw = json.dumps(body).encode()
        headers = signed(raw, source["secret"]) if source["secret"] else {}
        response = await push(served, source["path"], raw, **headers)
        assert response.status_code == 200, response.text
        await served.run_job("canonicalise")
    return await results(served)


async def events(served: Served) -> tuple[list[Event], list[Event]]:
    everything = await served.published()
    return [e for e in everything if e.name != "fact.withdrawn"], [e for e in everything if e.name == "fact.withdrawn"]


async def test_a_cancelled_document_withdraws_its_fact_once(gateway: Served) -> None:
    source = await new_source(gateway, "erpnext")
    gone = NOTE | {"docstatus": 2, "status": "Cancelled", "modified": "2026-03-01 10:00:00"}
    found = await absorb(gateway, source, NOTE, gone, gone | {"modified": "2026-03-01 11:00:00"})
    assert [result for result, _ in found] == ["new", "new", "ignored"]
    assert found[1][1] == "单据已取消，此前的完成事实已撤回"
    (fact,), (taken,) = await events(gateway)
    assert taken.data == {
        "event_id": fact.id, "event_source": "/erpnext/hz", "event_type": "order.completed", "number": "DN-7",
        "customer_id": "K7", "reason": "cancelled", "withdrawn_at": "2026-03-01T02:00:00+00:00",
    }  # fmt: skip
    assert (taken.key, taken.lineage, taken.subject) == (fact.key, fact.lineage, "DN-7")
    assert taken.id != fact.id


async def test_a_partial_return_leaves_the_fact_and_a_whole_one_withdraws_it(gateway: Served) -> None:
    source = await new_source(gateway, "erpnext")
    back = {"is_return": 1, "return_against": "DN-7", "status": "Return"}
    some = NOTE | back | {"name": "DN-8", "modified": "2026-03-02 09:00:00"}
    partly = NOTE | {"per_returned": 40.0, "modified": "2026-03-02 09:00:01"}
    await absorb(gateway, source, NOTE, some, partly)
    assert (await events(gateway))[1] == []
    rest = NOTE | back | {"name": "DN-9", "modified": "2026-03-03 09:00:00"}
    wholly = NOTE | {"per_returned": 100.0, "status": "Return Issued", "modified": "2026-03-03 09:00:01"}
    found = await absorb(gateway, source, rest, wholly)
    assert "原单全部退回后" in found[1][1]
    facts, (taken,) = await events(gateway)
    assert (taken.data["event_id"], taken.data["reason"]) == (facts[-1].id, "returned")


async def test_what_was_cancelled_before_it_was_heard_of_is_no_fact(gateway: Served) -> None:
    source = await new_source(gateway, "odoo")
    found = await absorb(gateway, source, SALE | {"state": "cancel", "write_date": "2026-03-01 02:00:00"}, SALE)
    assert [result for result, _ in found] == ["ignored", "ignored"]
    assert await gateway.published() == []


async def test_a_case_closed_again_at_the_same_moment_is_another_fact(gateway: Served) -> None:
    source = await new_source(gateway, "hotline", "city")
    redone = CASE | {"工单状态": "重办中", "更新时间": "2026-03-01 10:00:00"}
    closed = CASE | {"更新时间": "2026-03-01 11:00:00"}
    asked = CASE | {"工单状态": "待回访", "更新时间": "2026-03-01 12:00:00"}
    found = await absorb(gateway, source, CASE, redone, closed, closed, asked, closed)
    assert [result for result, _ in found] == ["new", "new", "new", "duplicate", "ignored", "duplicate"]
    facts, (taken,) = await events(gateway)
    assert taken.data["event_id"] == facts[0].id
    assert facts[0].id != facts[1].id


async def test_all_in_one_batch_come_to_the_same(gateway: Served) -> None:
    source = await new_source(gateway, "odoo")
    gone = SALE | {"state": "cancel", "write_date": "2026-03-01 02:00:00"}
    await push(gateway, source["path"], [SALE, gone, SALE | {"write_date": "2026-03-01 03:00:00"}])
    await gateway.run_job("canonicalise")
    (first, second), (taken,) = await events(gateway)
    assert taken.data["event_id"] == first.id != second.id
    assert (taken.key, taken.lineage) == (first.key, first.lineage)


async def test_a_sender_of_events_withdraws_its_own_facts_only(gateway: Served) -> None:
    order = {
        "specversion": "1.0",
        "id": "o1",
        "source": "/own",
        "type": "stage.done",
        "data": {"customer": {"id": "K9"}},
    }
    told = {
        "event_id": "o1",
        "event_source": "/own",
        "reason": "cancelled",
        "withdrawn_at": "2026-03-01T10:00:00+08:00",
    }
    back = {"specversion": "1.0", "id": "b1", "source": "/own", "type": "fact.withdrawn", "data": told}
    async with gateway.client("integrator") as client:
        assert (await client.post("/api/v1/events", json=order)).status_code == 202
        forged = await client.post("/api/v1/events", json=back | {"source": "/other"})
        assert (await client.post("/api/v1/events", json=back)).status_code == 202
    assert forged.status_code == 422
    assert forged.json()["items"][0]["errors"][0]["field"] == "data.event_source"
    (fact,), (taken,) = await events(gateway)
    assert (taken.key, taken.lineage, taken.data["customer_id"]) == ("K9", fact.lineage, "K9")


async def test_documents_known_before_their_events_were_kept_can_be_withdrawn(gateway: Served) -> None:
    """What the migration writes for them is what `fact_id` made."""
    source = await new_source(gateway, "odoo")
    await absorb(gateway, source, SALE)
    async with gateway.runtime.db.work() as work:
        before = (await work.session.execute(text("SELECT event_id FROM source_document"))).scalar_one()
        rebuilt = await work.session.execute(text(
            "SELECT number || '/' || status || '/' || "
            "to_char(modified_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"+00:00\"') FROM source_document"
        ))  # fmt: skip
        assert rebuilt.scalar_one() == before
