"""CloudEvents over HTTP: structured, batched, binary."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from services.gateway import commands
from services.gateway.access import Submitter
from services.gateway.api.gathering import gathering_of
from services.gateway.commands import Receipt
from services.gateway.domain.envelope import MOST_ITEMS, Unparseable, from_headers, split_batch
from services.gateway.domain.problems import FieldError
from services.gateway.schemas import SubmitOut
from shared import texts
from shared.bodies import aside
from shared.errors import BadRequest, HuifangError, InvalidInput, PayloadTooLarge, raises

router = APIRouter(prefix="/api/v1", tags=["接入"])

_EXAMPLE = {
    "specversion": "1.0",
    "id": "SO20260218-00417-completed",
    "source": "/erp/hz01",
    "type": "order.completed",
    "time": "2026-02-20T18:32:07+08:00",
    "data": {
        "order_no": "SO20260218-00417",
        "order_type": "sale",
        "status": "completed",
        "completed_at": "2026-02-20T18:32:07+08:00",
        "org": {"code": "CD", "name": "城东分公司"},
        "customer": {"id": "C88231", "name": "张三", "phone": "13800138000"},
    },
}
_ONE: dict[str, Any] = {"type": "object"}
_SEVERAL: dict[str, Any] = {"type": "array", "items": _ONE}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/cloudevents+json": {"schema": _ONE, "example": _EXAMPLE},
            "application/cloudevents-batch+json": {"schema": _SEVERAL, "example": [_EXAMPLE]},
            "application/json": {"schema": {"anyOf": [_ONE, _SEVERAL]}, "example": _EXAMPLE},
        },
    }
}


class UnsupportedContent(HuifangError):
    status = 415
    title = "不支持的内容类型"
    code = "unsupported-content"


class NothingAccepted(InvalidInput):
    title = "没有可接收的事件"
    code = "nothing-accepted"


@router.post(
    "/events",
    status_code=202,
    response_model=SubmitOut,
    openapi_extra=_BODY,
    summary="提交业务事实",
    description="CloudEvents 1.0：结构化、批量（不超过 500 条、1 MiB）或二进制模式（ce-* 头）。逐条给出结果；"
    "同一 source 与 id 再次提交为重复，不会重复发布。限于部分单位的密钥只能提交这些单位的事实，且不能撤回事实。",
)
@raises(UnsupportedContent)
async def submit_events(request: Request, principal: Submitter) -> Response:
    body = await request.body()
    bodies = await aside(len(body), lambda: _bodies(request, _in_utf8(request, body)))
    receipts = await gathering_of(request.app.state.runtime).submit(bodies, request.state.traceparent, principal.scope)
    counts = Counter(receipt.status for receipt in receipts)
    for status, number in counts.items():
        commands.count("api", status, number)
    answer = _answer(receipts, counts)
    if receipts and counts["rejected"] == len(receipts):
        raise NothingAccepted(f"共 {len(receipts)} 条，全部被拒绝", **answer)
    return Response(orjson.dumps(answer), 202, media_type="application/json")


def _in_utf8(request: Request, body: bytes) -> bytes:
    try:
        return texts.utf8(body, request.headers.get("content-type", ""))
    except texts.Undecodable as error:
        raise BadRequest(str(error)) from error


def _bodies(request: Request, body: bytes) -> list[bytes]:
    """The submitted events as structured JSON texts, whatever mode they came in."""
    content_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if content_type == "application/cloudevents-batch+json":
        return _batch(body)
    if content_type == "application/cloudevents+json":
        return [body]
    if content_type != "application/json":
        raise UnsupportedContent(
            "请用 application/cloudevents+json、application/cloudevents-batch+json 或 application/json"
        )
    if "ce-id" in request.headers or "ce-specversion" in request.headers:
        return [from_headers(request.headers, body)]
    return _batch(body) if body.lstrip().startswith(b"[") else [body]


def _batch(body: bytes) -> list[bytes]:
    try:
        items = split_batch(body)
    except Unparseable as error:
        raise BadRequest(str(error)) from error
    if len(items) > MOST_ITEMS:
        raise PayloadTooLarge(f"一批最多 {MOST_ITEMS} 条，收到 {len(items)} 条")
    return items


def _reasons(errors: Sequence[FieldError]) -> list[dict[str, str]]:
    return [{"field": error.field, "reason": error.reason} for error in errors]


def _answer(receipts: list[Receipt], counts: Counter[str]) -> dict[str, Any]:
    items = [
        {
            "id": item.id,
            "source": item.source,
            "status": item.status,
            "event_id": item.event_id,
            "lineage": item.lineage,
            "errors": _reasons(item.errors),
        }
        | ({"notes": _reasons(item.notes)} if item.notes else {})
        for item in receipts
    ]
    return {status: counts[status] for status in ("accepted", "duplicate", "rejected")} | {"items": items}
