"""Webhooks of other systems: the raw message is stored, the sender answered in its own words, the rest follows."""

import base64
import hashlib
import hmac
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from services.gateway import commands
from services.gateway.domain.credentials import live
from services.gateway.domain.envelope import MOST_ITEMS, Unparseable, split_batch
from services.gateway.domain.practice import says_practice
from services.gateway.domain.problems import joined
from services.gateway.store import sources
from services.gateway.store.sources import Source
from shared import texts
from shared.auth import hash_key
from shared.bodies import aside
from shared.clock import Clock
from shared.errors import BadRequest, PayloadTooLarge, Unauthorized, raises
from shared.http import ClockDep, SealerDep, WorkDep
from shared.privacy import Sealer

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/ingress/v1", tags=["接入"])

LONGEST_TYPE = 200
PRACTICE_HEADER = "ce-practice"  # as binary CloudEvents have it
PracticeMark = Annotated[str | None, Query(max_length=10, description="true 为练习，不影响真实业务")]
SIGNATURE = "X-Frappe-Webhook-Signature"
ANSWERS: dict[str, tuple[int, dict[str, Any]]] = {
    "erpnext": (200, {"message": "ok"}),
    "odoo": (200, {"result": "ok"}),
    "hotline": (200, {"code": 200, "msg": "ok"}),
    "cloudevents": (202, {}),
    "generic": (202, {"message": "ok"}),
}


@router.post(
    "/{source}/{token}",
    summary="接收外部系统推送",
    responses={202: {"content": {"application/json": {"schema": {"type": "object"}}}, "description": "已入库"}},
    description="原文入库后即按对方习惯应答；内容随后处理，结果见 /api/v1/messages。令牌即访问密钥。测试用的推送在请求头写 "
    "ce-practice: true，或在地址后加 ?practice=true：按练习处理，不拨号、不回写、不计入统计。",
)
@raises(Unauthorized, BadRequest, PayloadTooLarge)
async def receive(
    source: str,
    token: str,
    request: Request,
    work: WorkDep,
    sealer: SealerDep,
    clock: ClockDep,
    practice: PracticeMark = None,
) -> JSONResponse:
    sender = await _known_sender(work.session, source, token, clock)
    body = await request.body()
    if sender.kind == "erpnext":
        _verify(sender, body, request.headers.get(SIGNATURE, ""), sealer, clock)
    content_type = request.headers.get("content-type", "").strip().lower()
    if len(content_type) > LONGEST_TYPE:
        raise BadRequest(f"Content-Type 超过 {LONGEST_TYPE} 个字符")
    kept, content_type = await aside(len(body), lambda: _messages(sender, body, content_type))
    await commands.keep_messages(work, sealer, sender, content_type, kept, _is_practice(request, practice))
    status, answer = ANSWERS[sender.kind]
    return JSONResponse(answer, status)


def _is_practice(request: Request, mark: str | None) -> bool:
    try:
        return says_practice(mark, request.headers.get(PRACTICE_HEADER))
    except ValueError as error:
        raise BadRequest(str(error)) from error


async def _known_sender(session: Any, name: str, token: str, clock: Clock) -> Source:
    """The source this token belongs to; the same refusal whether it is unknown, switched off, or the token is wrong."""
    sender = await sources.get_source(session, name) if not texts.text_fault(name) else None
    presented = hash_key(token)
    known = live(sender.tokens, clock.machine()) if sender and sender.enabled else []
    matches = [hmac.compare_digest(item.value, presented) for item in known]
    if sender is None or not any(matches):
        _note_refusal(sender.kind if sender else "unknown", name, "token")
        raise Unauthorized("来源或令牌无效")
    return sender


def _verify(sender: Source, body: bytes, signature: str, sealer: Sealer, clock: Clock) -> None:
    """Frappe signs the raw bytes: base64 of HMAC-SHA256."""
    secrets = [sealer.unseal(item.value).encode() for item in live(sender.secrets, clock.machine())]
    expected = [base64.b64encode(hmac.digest(secret, body, hashlib.sha256)) for secret in secrets]
    matches = [hmac.compare_digest(item, signature.encode("utf-8", "replace")) for item in expected]
    if not any(matches):
        _note_refusal(sender.kind, sender.name, "signature")
        raise Unauthorized("签名不符")


def _note_refusal(kind: str, name: str, reason: str) -> None:
    commands.count(kind, "forged")
    log.warning("ingress_refused", source=name[:64], reason=reason)


def _messages(sender: Source, body: bytes, content_type: str) -> tuple[list[bytes], str]:
    """One message as it came, or the elements of an array as a message each, in UTF-8; with their Content-Type. Raises
    BadRequest for what is no JSON or form.
    """
    try:
        text = texts.utf8(body, content_type)
    except texts.Undecodable as error:
        raise _unparseable(sender, str(error)) from error
    if text.lstrip().startswith(b"["):
        try:
            items = split_batch(text)
        except Unparseable as error:
            raise _unparseable(sender, str(error)) from error
        if len(items) > MOST_ITEMS:
            raise PayloadTooLarge(f"一次最多 {MOST_ITEMS} 条，收到 {len(items)} 条")
        return items, "application/json"
    parsed = commands.parse_body(body, content_type)
    if isinstance(parsed, list):
        raise _unparseable(sender, joined(parsed))
    return [body], content_type


def _unparseable(sender: Source, reason: str) -> BadRequest:
    commands.count(sender.kind, "unparseable")
    return BadRequest(reason)
