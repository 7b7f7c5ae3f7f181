"""ERPNext / Frappe webhooks: a document as it stands, on every insert, update, submit or cancel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.gateway.domain.documents import Document, Options, Outcome, Reading, Refused, fact_id, stamp
from services.gateway.domain.facts import Candidate
from services.gateway.domain.mapping import apply_options, compact, decimal_text, text_of, with_branch
from services.gateway.domain.problems import FieldError
from services.gateway.domain.times import parse_time
from shared.contracts.registry import wire_type

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Doctype:
    """How one doctype becomes a fact: which states of which field are final, and the data it then amounts to."""

    event: str
    status_field: str
    final: frozenset[str]
    data: Callable[[Body, str], dict[str, Any]]


def read(body: Body, options: Options) -> Outcome:
    """A Frappe document. Times are in the source's zone; only final states are facts."""
    doctype = DOCTYPES.get(text_of(body.get("doctype")))
    if doctype is None:
        return Reading(None, ignored=f"单据类型 {text_of(body.get('doctype')) or '（空）'} 不产生回访事实")
    name, status = text_of(body.get("name")), text_of(body.get(doctype.status_field))
    modified = parse_time(body.get("modified"), options.zone)
    errors = [FieldError("name", "缺少单据编号")] if not name else []
    errors += [FieldError(doctype.status_field, "缺少单据状态")] if not status else []
    errors += [FieldError("modified", "缺少或无法识别的修改时间")] if modified is None else []
    if errors or modified is None:
        return Refused(errors)
    kind = text_of(body.get("doctype"))
    final = status in doctype.final
    document = Document(f"{kind}/{name}", status, modified, status if final else "")
    if not final:
        return Reading(document, ignored=f"状态 {status} 不是完成状态")
    data = apply_options(doctype.data(body, modified.isoformat()), body, options)
    candidate = Candidate(
        id=fact_id(kind, name, status, stamp(modified)),
        source=options.uri,
        type=wire_type(doctype.event),
        data=compact(with_branch(data, options)),
        time=modified,
        subject=name,
    )
    return Reading(document, candidate)


def _customer(body: Body) -> dict[str, Any]:
    phones = [text_of(body.get(name)) for name in ("contact_mobile", "contact_phone", "mobile_no", "phone")]
    known = list(dict.fromkeys(phone for phone in phones if phone))
    return {
        "id": text_of(body.get("customer") or body.get("party_name")),
        "name": text_of(body.get("customer_name")) or text_of(body.get("customer")),
        "phone": known[0] if known else None,
        "phones": known[1:],
        "email": text_of(body.get("contact_email")),
        "address": text_of(body.get("address_display")),
    }


def _org(body: Body) -> dict[str, Any]:
    code = text_of(body.get("branch") or body.get("company"))
    return {"code": code, "name": text_of(body.get("company"))}


def _line(item: Body) -> dict[str, Any]:
    return compact(
        {
            "sku": text_of(item.get("item_code")),
            "name": text_of(item.get("item_name")),
            "qty": decimal_text(item.get("qty")),
            "unit": text_of(item.get("uom") or item.get("stock_uom")),
            "amount": decimal_text(item.get("amount")),
            "serial_no": text_of(item.get("serial_no")),
            "category": text_of(item.get("item_group")),
        }
    )


def _order(body: Body, at: str) -> dict[str, Any]:
    items = body.get("items")
    return {
        "order_no": text_of(body.get("name")),
        "order_type": {"Maintenance": "service"}.get(text_of(body.get("order_type")), "sale"),
        "status": "completed",
        "completed_at": at,
        "amount": decimal_text(body.get("grand_total")),
        "currency": text_of(body.get("currency")),
        "org": _org(body),
        "customer": _customer(body),
        "lines": [_line(item) for item in items[:200] if isinstance(item, Mapping)] if isinstance(items, list) else [],
    }


def _repair(body: Body, at: str) -> dict[str, Any]:
    company = text_of(body.get("service_provider") or body.get("branch") or body.get("company"))
    return {
        "work_order_no": text_of(body.get("name")),
        "result": "repaired",
        "closed_at": at,
        "product": {
            "category": text_of(body.get("item_group") or body.get("item_name") or body.get("item_code")) or "未分类",
            "model": text_of(body.get("item_code")),
            "sn": text_of(body.get("serial_no")),
        },
        "fault": {"description": text_of(body.get("complaint") or body.get("customer_feedback"))},
        "measures": text_of(body.get("resolution_details") or body.get("work_done")),
        "provider": {"code": company, "name": company},
        "org": _org(body),
        "customer": _customer(body),
        "service_address": text_of(body.get("service_address") or body.get("address_display")),
    }


DOCTYPES = {
    "Sales Order": Doctype("order.completed", "status", frozenset({"Completed"}), _order),
    "Delivery Note": Doctype("order.completed", "status", frozenset({"Completed"}), _order),
    "Warranty Claim": Doctype("repair.closed", "status", frozenset({"Closed"}), _repair),
    "Maintenance Visit": Doctype("repair.closed", "completion_status", frozenset({"Fully Completed"}), _repair),
}
