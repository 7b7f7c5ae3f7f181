"""Odoo automation rules: `_model`, `_id`, `_action` and the chosen fields; times are UTC without a zone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from services.gateway.domain.documents import Document, Options, Read, Reading, Refused, fact_id, stamp
from services.gateway.domain.facts import Candidate
from services.gateway.domain.mapping import (
    NotText,
    amount_at,
    apply_options,
    compact,
    prose_at,
    text_at,
    text_of,
    with_branch,
)
from services.gateway.domain.problems import FieldError
from services.gateway.domain.times import parse_time
from services.gateway.domain.words import meaning
from shared.contracts.registry import wire_type

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """How one Odoo model becomes a fact. `states` are those that complete it, and those that no completed one has."""

    event: str
    states: Mapping[str, str]
    data: Callable[[Body, str], dict[str, Any]]


def read(body: Body, options: Options) -> Read:
    """An Odoo record. Customer and company ids are numbers of that Odoo only, so they get the source's name in front."""
    try:
        return _read(body, options)
    except NotText as error:
        return Refused([FieldError(error.field, NotText.reason)])


def _read(body: Body, options: Options) -> Read:
    name = text_at(body, "_model")
    model = MODELS.get(name)
    if model is None:
        return Reading(None, ignored=f"模型 {name or '（空）'} 不产生回访事实")
    record, status = text_at(body, "_id"), text_at(body, "state")
    modified = parse_time(body.get("write_date"), UTC)
    errors = [FieldError("_id", "缺少记录编号")] if not record else []
    errors += [FieldError("state", "缺少状态字段，请在自动化规则中勾选")] if not status else []
    errors += [FieldError("write_date", "缺少或无法识别的修改时间，请在自动化规则中勾选")] if modified is None else []
    if errors or modified is None:
        return Refused(errors)
    # "sale" and then "done" (locked) are one completion, not two
    state = meaning(model.states, options.own("state"), status)
    fact = "final" if state == "completed" else ""
    document = Document(f"{name}/{record}", status, modified, fact, state if state and not fact else "")
    if not fact:
        return Reading(document, ignored=f"状态 {status[:50]} 不是完成状态", source=options.uri)
    data = apply_options(model.data(_qualified(body, options.source), modified.isoformat()), body, options)
    candidate = Candidate(
        id=fact_id(name, record, status, stamp(modified)),
        source=options.uri,
        type=wire_type(model.event),
        data=compact(with_branch(data, options)),
        time=modified,
        subject=text_at(body, "name") or record,
    )
    return Reading(document, candidate)


def reference(body: Body, field: str) -> tuple[str, str]:
    """A many2one as (id, name): a bare id, `[id, name]` of older versions, `{"id", "display_name"}` of web reads, or false.
    Raises NotText.
    """
    value = body.get(field)
    if isinstance(value, Mapping):
        value = [value.get("id"), value.get("display_name") or value.get("name")]
    parts = [*value, None, None][:2] if isinstance(value, list | tuple) else [value, None]
    try:
        identity, name = (text_of(part) for part in parts)
    except NotText as error:
        raise NotText(field) from error
    return identity, name


def _qualified(body: Body, source: str) -> Body:
    partner, partner_name = reference(body, "partner_id")
    company, company_name = reference(body, "company_id")
    user, user_name = reference(body, "user_id")
    return dict(body) | {
        "partner": {"id": f"{source}-{partner}" if partner else "", "name": partner_name},
        "company": {"code": f"{source}-{company}" if company else "", "name": company_name},
        "user": {"code": f"{source}-{user}", "name": user_name} if user else None,
    }


def _customer(body: Body) -> dict[str, Any]:
    phones = [text_at(body, name) for name in ("partner_mobile", "mobile", "partner_phone", "phone")]
    known = list(dict.fromkeys(phone for phone in phones if phone))
    return {
        "id": body["partner"]["id"],
        "name": body["partner"]["name"] or text_at(body, "partner_name"),
        "phone": known[0] if known else None,
        "phones": known[1:],
        "email": text_at(body, "partner_email", "email_from"),
    }


def _order(body: Body, at: str) -> dict[str, Any]:
    return {
        "order_no": text_at(body, "name", "_id"),
        "order_type": "sale",
        "status": "completed",
        "completed_at": at,
        "amount": amount_at(body, "amount_total"),
        "org": body["company"],
        "salesperson": body["user"],
        "customer": _customer(body),
    }


def _repair(body: Body, at: str) -> dict[str, Any]:
    product, product_name = reference(body, "product_id")
    return {
        "work_order_no": text_at(body, "name", "_id"),
        "result": "repaired",
        "closed_at": at,
        "product": {"category": product_name or product or "未分类", "sn": reference(body, "lot_id")[1]},
        "fault": {"description": prose_at(body, "internal_notes")},
        "provider": body["company"],
        "org": body["company"],
        "engineer": body["user"],
        "customer": _customer(body),
    }


MODELS = {
    "sale.order": Model(
        "order.completed",
        {"sale": "completed", "done": "completed", "cancel": "cancelled", "draft": "reopened", "sent": "reopened"},
        _order,
    ),
    "repair.order": Model(
        "repair.closed",
        {
            "done": "completed",
            "cancel": "cancelled",
            "draft": "reopened",
            "confirmed": "reopened",
            "under_repair": "reopened",
        },
        _repair,
    ),
}
