"""Documents of ERPNext and Odoo in the shapes that real senders give them."""

from typing import Any

import pytest

from services.gateway.domain import erpnext, generic, odoo
from services.gateway.domain.documents import Options, Refused
from shared.zone import ORG_ZONE
from tests.gateway.domain.readings import data

FRAPPE = Options("f", "erpnext", ORG_ZONE)


ODOO = Options("o", "odoo", ORG_ZONE)


VISIT: dict[str, Any] = {
    "doctype": "Maintenance Visit", "name": "MV-7", "docstatus": 1, "status": "Submitted",
    "completion_status": "Fully Completed", "customer": "K7", "customer_name": "丁", "company": "CD",
    "modified": "2026-11-20 09:00:00",
}  # fmt: skip


SALE = {"_model": "sale.order", "_id": 7, "name": "S7", "state": "sale", "write_date": "2026-11-20 01:30:00"}


def test_html_in_text_fields_arrives_as_plain_text() -> None:
    told = data(
        erpnext.read(VISIT | {"address_display": "<p>文三路 9 号</p><br>", "customer_feedback": "<b>滴漏</b>"}, FRAPPE)
    )
    assert (told["customer"]["address"], told["fault"]["description"]) == ("文三路 9 号", "滴漏")
    repair = SALE | {"_model": "repair.order", "state": "done", "partner_id": 1, "internal_notes": "<p>滴漏</p>"}
    assert data(odoo.read(repair, ODOO))["fault"] == {"description": "滴漏"}


def test_a_maintenance_visit_says_in_its_purposes_what_was_done() -> None:
    lines = [
        {
            "item_code": "RQ-2",
            "item_name": "燃气灶",
            "serial_no": "SN2",
            "service_person": "老陈",
            "work_done": "换电池",
        },
        {"item_code": "RQ-3", "work_done": "<p>清火盖</p>", "description": "火小"},
    ]
    told = data(erpnext.read(VISIT | {"purposes": lines}, FRAPPE))
    assert told["product"] == {"category": "燃气灶", "model": "RQ-2", "sn": "SN2"}
    assert (told["measures"], told["fault"], told["engineer"]["name"]) == (
        "换电池；清火盖",
        {"description": "火小"},
        "老陈",
    )


@pytest.mark.parametrize("value", [{"id": 42, "display_name": "丁"}, [42, "丁"], {"id": 42, "name": "丁"}])
def test_a_reference_is_read_in_each_shape(value: Any) -> None:
    told = data(odoo.read(SALE | {"partner_id": value, "company_id": {"id": 2, "display_name": "城东"}}, ODOO))
    assert told["customer"] == {"id": "o-42", "name": "丁"}
    assert told["org"] == {"code": "o-2", "name": "城东"}


@pytest.mark.parametrize(
    ("read", "field"),
    [
        (lambda: erpnext.read(VISIT | {"customer": {"id": 1}}, FRAPPE), "customer"),
        (lambda: erpnext.read(VISIT | {"purposes": [{"work_done": ["x"]}]}, FRAPPE), "work_done"),
        (
            lambda: erpnext.read(
                VISIT | {"doctype": "Delivery Note", "status": "Completed", "grand_total": [1]}, FRAPPE
            ),
            "grand_total",
        ),
        (lambda: odoo.read(SALE | {"partner_id": {"id": [1]}}, ODOO), "partner_id"),
        (lambda: odoo.read(SALE | {"partner_id": 1, "name": ["S"]}, ODOO), "name"),
        (lambda: generic.read({"type": ["x"]}, Options("g", "generic", ORG_ZONE)), "type"),
    ],
)
def test_a_container_in_a_text_field_is_an_error_with_its_name(read: Any, field: str) -> None:
    refused = read()
    assert isinstance(refused, Refused), refused
    assert [(error.field, error.reason) for error in refused.errors] == [(field, "应为文本，收到的是对象或列表")]
