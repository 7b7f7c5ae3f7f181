"""Odoo automation rules: `_model`, `_id`, `_action` and the chosen fields; times are UTC without a zone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from services.gateway.domain.documents import Document, Options, Outcome, Reading, Refused, fact_id, stamp
from services.gateway.domain.facts import Candidate
from services.gateway.domain.mapping import apply_options, compact, decimal_text, text_of, with_branch
from services.gateway.domain.problems import FieldError
from services.gateway.domain.times import parse_time
from shared.contracts.registry import wire_type

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Model:
    """How one Odoo model becomes a fact."""

    event: str
    final: frozenset[str]
    data: Callable[[Body, str], dict[str, Any]]


def read(body: Body, options: Options) -> Outcome:
    """An Odoo record. Customer and company ids are numbers of that Odoo only, so they get the source's name in front."""
    name = text_of(body.get("_model"))
    model = MODELS.get(name)
    if model is None:
        return Reading(None, ignored=f"模型 {name or '（空）'} 不产生回访事实")
    record, status = text_of(body.get("_id")), text_of(body.get("state"))
    modified = parse_time(body.get("write_date"), UTC)
    errors = [FieldError("_id", "缺少记录编号")] if not record else []
    errors += [FieldError("state", "缺少状态字段，请在自动化规则中勾选")] if not status else []
    errors += [FieldError("write_date", "缺少或无法识别的修改时间，请在自动化规则中勾选")] if modified is None else []
    if errors or modified is None:
        return Refused(errors)
    # "sale" and then "done" (locked) are one completion, not two
    fact = "final" if status in model.final else ""
    document = Document(f"{name}/{record}", status, modified, fact)
    if not fact:
        return Reading(document, ignored=f"状态 {status} 不是完成状态")
    data = apply_options(model.data(_qualified(body, options.source), modified.isoformat()), body, options)
    candidate = Candidate(
        id=fact_id(name, record, status, stamp(modified)),
        source=options.uri,
        type=wire_type(model.event),
        data=compact(with_branch(data, options)),
        time=modified,
        subject=text_of(body.get("name")) or record,
    )
    return Reading(document, candidate)


def reference(value: Any) -> tuple[str, str]:
    """A many2one as (id, name): a bare id, `[id, name]` of older versions, or false."""
    if isinstance(value, list):
        return text_of(value[0] if value else None), text_of(value[1] if len(value) > 1 else None)
    return text_of(value), ""


def _qualified(body: Body, source: str) -> Body:
    partner, partner_name = reference(body.get("partner_id"))
    company, company_name = reference(body.get("company_id"))
    user, user_name = reference(body.get("user_id"))
    return dict(body) | {
        "partner": {"id": f"{source}-{partner}" if partner else "", "name": partner_name},
        "company": {"code": f"{source}-{company}" if company else "", "name": company_name},
        "user": {"code": f"{source}-{user}", "name": user_name} if user else None,
    }


def _customer(body: Body) -> dict[str, Any]:
    phones = [text_of(body.get(name)) for name in ("partner_mobile", "mobile", "partner_phone", "phone")]
    known = list(dict.fromkeys(phone for phone in phones if phone))
    return {
        "id": body["partner"]["id"],
        "name": body["partner"]["name"] or text_of(body.get("partner_name")),
        "phone": known[0] if known else None,
        "phones": known[1:],
        "email": text_of(body.get("partner_email") or body.get("email_from")),
    }


def _order(body: Body, at: str) -> dict[str, Any]:
    return {
        "order_no": text_of(body.get("name")) or text_of(body.get("_id")),
        "order_type": "sale",
        "status": "completed",
        "completed_at": at,
        "amount": decimal_text(body.get("amount_total")),
        "org": body["company"],
        "salesperson": body["user"],
        "customer": _customer(body),
    }


def _repair(body: Body, at: str) -> dict[str, Any]:
    product, product_name = reference(body.get("product_id"))
    return {
        "work_order_no": text_of(body.get("name")) or text_of(body.get("_id")),
        "result": "repaired",
        "closed_at": at,
        "product": {"category": product_name or product or "未分类", "sn": reference(body.get("lot_id"))[1]},
        "fault": {"description": text_of(body.get("internal_notes"))},
        "provider": body["company"],
        "org": body["company"],
        "engineer": body["user"],
        "customer": _customer(body),
    }


MODELS = {
    "sale.order": Model("order.completed", frozenset({"sale", "done"}), _order),
    "repair.order": Model("repair.closed", frozenset({"done"}), _repair),
}
