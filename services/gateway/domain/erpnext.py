"""ERPNext / Frappe webhooks: a document as it stands, on every insert, update, submit or cancel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from services.gateway.domain.documents import Document, Options, Read, Reading, Refused, fact_id, stamp
from services.gateway.domain.facts import Candidate
from services.gateway.domain.fitting import fitted
from services.gateway.domain.mapping import NotText, amount_at, apply_options, compact, prose_at, text_at, with_branch
from services.gateway.domain.problems import FieldError
from services.gateway.domain.times import parse_time
from services.gateway.domain.words import COMPLETED, meaning
from shared.contracts.registry import wire_type

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Doctype:
    """How one doctype becomes a fact: which states of which field are final, and the data it then amounts to.

    `undone` says of states that no completion has, why one doesn't stand any more; other states say nothing about it.
    A `submittable` document is a draft until it is submitted, whatever its fields say.
    """

    event: str
    status_field: str
    final: frozenset[str]
    undone: Mapping[str, str]
    data: Callable[[Body, str], dict[str, Any]]
    submittable: bool = True


def read(body: Body, options: Options) -> Read:
    """A Frappe document. Times are in the source's zone; only final states are facts."""
    try:
        return _read(body, options)
    except NotText as error:
        return Refused([FieldError(error.field, NotText.reason)])


def _read(body: Body, options: Options) -> Read:
    kind = text_at(body, "doctype")
    doctype = DOCTYPES.get(kind)
    if doctype is None:
        return Reading(None, ignored=f"单据类型 {kind[:50] or '（空）'} 不产生回访事实")
    name, status = text_at(body, "name"), text_at(body, doctype.status_field)
    modified = parse_time(body.get("modified"), options.zone)
    errors = [FieldError("name", "缺少单据编号")] if not name else []
    errors += [FieldError(doctype.status_field, "缺少单据状态")] if not status else []
    errors += [FieldError("modified", "缺少或无法识别的修改时间")] if modified is None else []
    if errors or modified is None:
        return Refused(errors)
    if _is_return(body):
        return Reading(None, ignored=_RETURN, source=options.uri)
    final, undone = _standing(body, doctype, status, options)
    document = Document(f"{kind}/{name}", status, modified, status if final else "", undone)
    if not final:
        return Reading(document, ignored=_WHY.get(undone) or f"状态 {status[:50]} 不是完成状态", source=options.uri)
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


_DRAFT, _CANCELLED = "0", "2"
WHOLE = 100  # percent
# how much comes back only the original says: its status is "Return Issued", its `per_returned` 100, once everything has
_RETURN = "退货单据，不是完成的事实；原单全部退回后，以原单的状态 Return Issued 撤回"
_WHY = {"cancelled": "单据已取消，不是完成的事实", "returned": "退货单据，不是完成的事实"}


def _standing(body: Body, doctype: Doctype, status: str, options: Options) -> tuple[bool, str]:
    """Whether the document is completed, and if it can't be any more, why: cancelled, returned or reopened."""
    docstatus = text_at(body, "docstatus") if doctype.submittable else ""
    written = (status, text_at(body, "status"))
    if docstatus == _CANCELLED or "Cancelled" in written:
        return False, "cancelled"
    if docstatus == _DRAFT or "Draft" in written:
        return False, "reopened"
    if _is_returned(body):
        return False, "returned"
    if state := meaning({}, options.own("state"), status):
        return state == COMPLETED["completed"], "" if state == COMPLETED["completed"] else state
    return status in doctype.final, doctype.undone.get(status, "")


def _is_return(body: Body) -> bool:
    return text_at(body, "is_return") in ("1", "True", "true")


def _is_returned(body: Body) -> bool:
    """Whether everything came back; of a note that is billed as well, earlier versions keep the status Completed."""
    try:
        return Decimal(str(body.get("per_returned") or 0)) >= WHOLE
    except InvalidOperation:
        return False


def _customer(body: Body) -> dict[str, Any]:
    phones = [text_at(body, name) for name in ("contact_mobile", "contact_phone", "mobile_no", "phone")]
    known = list(dict.fromkeys(phone for phone in phones if phone))
    return {
        "id": text_at(body, "customer", "party_name"),
        "name": text_at(body, "customer_name", "customer"),
        "phone": known[0] if known else None,
        "phones": known[1:],
        "email": text_at(body, "contact_email"),
        "address": prose_at(body, "address_display"),
    }


def _org(body: Body) -> dict[str, Any]:
    return {"code": text_at(body, "branch", "company"), "name": text_at(body, "company")}


def _line(item: Body) -> dict[str, Any]:
    return compact(
        {
            "sku": text_at(item, "item_code"),
            "name": text_at(item, "item_name"),
            "qty": amount_at(item, "qty"),
            "unit": text_at(item, "uom", "stock_uom"),
            "amount": amount_at(item, "amount"),
            "serial_no": text_at(item, "serial_no"),
            "category": text_at(item, "item_group"),
        }
    )


def _order(body: Body, at: str) -> dict[str, Any]:
    items = body.get("items")
    return {
        "order_no": text_at(body, "name"),
        "order_type": {"Maintenance": "service"}.get(text_at(body, "order_type"), "sale"),
        "status": "completed",
        "completed_at": at,
        "amount": amount_at(body, "grand_total"),
        "currency": text_at(body, "currency"),
        "org": _org(body),
        "customer": _customer(body),
        "lines": [_line(item) for item in items if isinstance(item, Mapping)] if isinstance(items, list) else [],
    }


def _repair(body: Body, at: str) -> dict[str, Any]:
    company = text_at(body, "service_provider", "branch", "company")
    done = _purposes(body)
    first = done[0] if done else body
    return {
        "work_order_no": text_at(body, "name"),
        "result": "repaired",
        "closed_at": at,
        "product": {
            "category": text_at(first, "item_group", "item_name", "item_code") or "未分类",
            "model": text_at(first, "item_code"),
            "sn": text_at(first, "serial_no"),
        },
        "fault": {"description": prose_at(body, "complaint", "customer_feedback") or _joined(done, "description")},
        "measures": prose_at(body, "resolution_details", "work_done") or _joined(done, "work_done"),
        "engineer": _engineer(done),
        "provider": {"code": company, "name": company},
        "org": _org(body),
        "customer": _customer(body),
        "service_address": prose_at(body, "service_address", "address_display"),
    }


def _purposes(body: Body) -> list[Body]:
    """The lines of a maintenance visit: what was looked at, and what was done to it."""
    purposes = body.get("purposes")
    return [line for line in purposes if isinstance(line, Mapping)] if isinstance(purposes, list) else []


def _joined(lines: list[Body], name: str) -> str:
    return "；".join(dict.fromkeys(text for line in lines if (text := prose_at(line, name))))


def _engineer(lines: list[Body]) -> dict[str, str] | None:
    name = next((text for line in lines if (text := text_at(line, "service_person"))), "")
    return {"code": fitted(name, 64), "name": name} if name else None


_ORDER_UNDONE = {"To Deliver": "reopened", "To Deliver and Bill": "reopened"}
_DELIVERY_UNDONE = {"Return": "returned", "Return Issued": "returned"}
_CLAIM_UNDONE = {"Open": "reopened", "Work In Progress": "reopened"}
_VISIT_UNDONE = {"Partially Completed": "reopened"}
DOCTYPES = {
    "Sales Order": Doctype("order.completed", "status", frozenset({"Completed"}), _ORDER_UNDONE, _order),
    "Delivery Note": Doctype("order.completed", "status", frozenset({"Completed"}), _DELIVERY_UNDONE, _order),
    "Warranty Claim": Doctype(
        "repair.closed", "status", frozenset({"Closed"}), _CLAIM_UNDONE, _repair, submittable=False
    ),
    "Maintenance Visit": Doctype(
        "repair.closed", "completion_status", frozenset({"Fully Completed"}), _VISIT_UNDONE, _repair
    ),
}
