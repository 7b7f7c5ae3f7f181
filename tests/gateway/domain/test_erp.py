"""ERPNext and Odoo messages as they are really sent."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.gateway.domain import erpnext, odoo
from services.gateway.domain.documents import Options, Reading, Refused
from services.gateway.domain.facts import judge, with_read_numbers
from shared.messaging.event import Event
from shared.privacy import Sealer
from shared.zone import ORG_ZONE

NOW = datetime(2026, 11, 21, tzinfo=UTC)
SEALER = Sealer(b"k" * 64)
FRAPPE = Options("hz", "erpnext", ORG_ZONE)
ODOO = Options("shop", "odoo", ORG_ZONE)
ORDER = {
    "name": "SAL-ORD-2026-00377",
    "doctype": "Sales Order",
    "status": "Completed",
    "customer": "CUST-0912",
    "customer_name": "周先生",
    "contact_mobile": "13911112222",
    "company": "城东分公司",
    "grand_total": 990.1,
    "modified": "2026-11-20 18:32:07.123456",
    "items": [{"item_code": "HW-16", "item_name": "热水器", "qty": 1.0, "amount": 990.1, "uom": "台"}],
    "something_new": {"a": 1},
}
SALE = {
    "_action": "回访通知(#9)",
    "_id": 77,
    "_model": "sale.order",
    "name": "S00077",
    "state": "sale",
    "partner_id": 31,
    "amount_total": 450,
    "write_date": "2026-11-20 10:32:07",
}


def fact(reading: Any) -> Event:
    assert isinstance(reading, Reading), reading
    assert reading.candidate is not None, reading.ignored
    event = judge(with_read_numbers(reading.candidate), NOW, SEALER)
    assert isinstance(event, Event), event
    return event


def reasons(reading: Any) -> dict[str, str]:
    assert isinstance(reading, Refused)
    return {error.field: error.reason for error in reading.errors}


def test_a_completed_frappe_order_is_a_fact_in_the_source_zone() -> None:
    event = fact(erpnext.read(ORDER, FRAPPE))
    assert event.name == "order.completed"
    assert event.source == "/erpnext/hz"
    assert event.time == datetime(2026, 11, 20, 10, 32, 7, 123456, tzinfo=UTC)
    assert event.subject == "SAL-ORD-2026-00377"
    assert event.key == "CUST-0912"
    assert event.data["amount"] == "990.1"
    assert event.data["org"]["code"] == "城东分公司"
    assert event.data["lines"] == [{"sku": "HW-16", "name": "热水器", "qty": "1.0", "unit": "台", "amount": "990.1"}]
    assert event.data["customer"]["phone"] == SEALER.seal("+8613911112222")


def test_a_frappe_order_with_the_fewest_fields_is_a_fact_of_the_source_as_branch() -> None:
    few = {name: ORDER[name] for name in ("name", "doctype", "status", "customer", "modified")}
    event = fact(erpnext.read(few, FRAPPE))
    assert event.data["org"] == {"code": "hz", "name": "hz"}
    assert event.data["customer"] == {"id": "CUST-0912", "name": "CUST-0912"}


def test_a_closed_warranty_claim_is_a_repair() -> None:
    claim = {"doctype": "Warranty Claim", "name": "WC-3", "status": "Closed", "customer": "CUST-1", "company": "城西",
             "modified": "2026-11-20 18:32:07", "item_name": "热水器", "serial_no": "SN1", "complaint": "不点火"}  # fmt: skip
    event = fact(erpnext.read(claim, FRAPPE))
    assert event.name == "repair.closed"
    assert event.data["provider"]["code"] == "城西"
    assert event.data["fault"] == {"description": "不点火"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "To Deliver and Bill"}, "不是完成状态"),
        ({"doctype": "Journal Entry"}, "不产生回访事实"),
        ({"doctype": ""}, "（空）"),
    ],
)
def test_other_states_and_doctypes_are_acknowledged_and_ignored(changes: dict[str, Any], words: str) -> None:
    reading = erpnext.read(ORDER | changes, FRAPPE)
    assert isinstance(reading, Reading)
    assert reading.candidate is None
    assert words in reading.ignored


def test_what_a_frappe_document_lacks_is_named() -> None:
    assert set(reasons(erpnext.read({"doctype": "Sales Order"}, FRAPPE))) == {"name", "status", "modified"}


def test_a_completed_order_without_customer_is_refused_by_the_contract() -> None:
    reading = erpnext.read(ORDER | {"customer": ""}, FRAPPE)
    assert isinstance(reading, Reading)
    assert reading.candidate is not None
    errors = judge(with_read_numbers(reading.candidate), NOW, SEALER)
    assert isinstance(errors, list)
    assert [error.field for error in errors] == ["data.customer.id"]


def test_mapping_and_constants_of_a_source_are_laid_over() -> None:
    options = Options(
        "hz",
        "erpnext",
        ORG_ZONE,
        fields={"customer.id": "custom.uid"},
        constants={"org.code": "CD", "order_type": "rental"},
    )
    event = fact(erpnext.read(ORDER | {"company": None, "custom": {"uid": "U-5"}}, options))
    assert (event.key, event.data["org"]["code"], event.data["order_type"]) == ("U-5", "CD", "sale")


def test_an_odoo_order_is_a_fact_at_a_utc_time() -> None:
    event = fact(odoo.read(SALE, ODOO))
    assert event.time == datetime(2026, 11, 20, 10, 32, 7, tzinfo=UTC)
    assert event.data["customer"] == {"id": "shop-31"}
    assert event.data["org"]["code"] == "shop"
    assert event.data["order_no"] == "S00077"


def test_odoo_references_may_be_bare_pairs_or_false() -> None:
    pair = fact(odoo.read(SALE | {"partner_id": [31, "周先生"], "company_id": [2, "城东"], "user_id": False}, ODOO))
    assert pair.data["customer"] == {"id": "shop-31", "name": "周先生"}
    assert pair.data["org"] == {"code": "shop-2", "name": "城东"}
    assert "salesperson" not in pair.data


def test_sold_and_locked_are_one_completion() -> None:
    first, second = odoo.read(SALE, ODOO), odoo.read(SALE | {"state": "done"}, ODOO)
    assert isinstance(first, Reading)
    assert isinstance(second, Reading)
    assert first.document is not None
    assert second.document is not None
    assert first.document.fact == second.document.fact != ""


def test_an_unconfirmed_odoo_order_is_ignored_and_a_bare_one_refused() -> None:
    draft = odoo.read(SALE | {"state": "draft"}, ODOO)
    assert isinstance(draft, Reading)
    assert draft.candidate is None
    assert set(reasons(odoo.read({"_model": "sale.order"}, ODOO))) == {"_id", "state", "write_date"}


def test_a_finished_odoo_repair_is_a_repair() -> None:
    repair = {"_model": "repair.order", "_id": 5, "name": "R5", "state": "done", "partner_id": [3, "周"],
              "product_id": [9, "热水器"], "lot_id": [4, "SN9"],
              "write_date": "2026-11-20 10:32:07", "internal_notes": "漏水"}  # fmt: skip
    event = fact(odoo.read(repair, ODOO))
    assert event.name == "repair.closed"
    assert event.data["product"] == {"category": "热水器", "sn": "SN9"}
