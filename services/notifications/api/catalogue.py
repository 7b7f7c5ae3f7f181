"""Templates and rules."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from services.notifications.access import Keeper, Reader
from services.notifications.commands import catalogue as commands
from services.notifications.office import office_of
from services.notifications.schemas import (
    DocumentOut,
    FestivalOut,
    GreetingCalendar,
    findings_about,
    shown_document,
)
from services.notifications.store import catalogue as store
from shared.documents import sent_document
from shared.errors import BadRequest
from shared.festivals import FESTIVALS
from shared.http import ReadSession, WorkDep, audit
from shared.pagination import Cursor, Limit, Page, page_by_name

router = APIRouter(prefix="/api/v1", tags=["模板与规则"])
_TEMPLATE = {
    "name": "thank_you",
    "title": "办理完成感谢短信",
    "channel": "sms",
    "category": "notice",
    "sign": "城市燃气",
    "text": "尊敬的{{ name }}，您的业务已办理完成，感谢您的信任。",
    "params": {"name": "{{ customer.name | default('客户', true) }}"},
    "sample": {"name": "张先生"},
    "codes": {"aliyun": "SMS_100000001"},
    "review": "approved",
}
_RULE = {
    "id": "thank-you",
    "events": ["order.completed"],
    "purpose": "thank_you",
    "template": "thank_you",
    "when": "same_day",
    "valid_hours": 12,
}


def _described(example: dict[str, Any]) -> dict[str, Any]:
    """The API description of a body that is YAML or JSON."""
    content = {"schema": {"type": "object"}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/yaml": content, "application/json": content}}}


async def _document(request: Request, _principal: Keeper) -> dict[str, Any]:
    """The body, YAML or JSON, of a caller who may. Raises BadRequest, PayloadTooLarge."""
    document = await sent_document(request)
    if not isinstance(document, dict):
        raise BadRequest("内容应为一个对象")
    return document


async def _sms_provider(request: Request) -> str:
    """Whom SMS go through here; "" when none is configured."""
    return office_of(request.app.state.runtime).rules.providers.get("sms", "")


SmsProvider = Annotated[str, Depends(_sms_provider)]
Body = Annotated[dict[str, Any], Depends(_document)]


@router.get("/templates", summary="消息模板")
async def list_templates(
    session: ReadSession, principal: Reader, provider: SmsProvider, cursor: Cursor = None, limit: Limit = 50
) -> Page[DocumentOut]:
    """每个模板的最新版本，按名称排列；findings 列出检查的结果，例如缺少所配置运营商的模板编号。"""
    newest = await store.list_newest(session, "template")
    used = await store.rules(session)
    found = [shown_document(document, findings_about(document, used, provider)) for document in newest]
    return page_by_name(found, cursor, limit, lambda document: document.name)


@router.post("/templates", summary="保存模板", openapi_extra=_described(_TEMPLATE))
async def save_template(body: Body, work: WorkDep, principal: Keeper, provider: SmsProvider) -> DocumentOut:
    """YAML 或 JSON；可在 rules 中附带使用它的通知规则。内容不变则版本不变；检查不通过时逐条列出原因，提醒见 findings。"""
    saved = await commands.save_template(work, body, principal.id, provider)
    await audit(work, principal, "template.saved", saved.name, version=saved.version)
    return shown_document(saved, findings_about(saved, await store.rules(work.session), provider))


@router.get("/rules", summary="通知规则")
async def list_rules(
    session: ReadSession, principal: Reader, cursor: Cursor = None, limit: Limit = 50
) -> Page[DocumentOut]:
    """什么事实、在什么条件下、向谁发什么消息；按名称排列。"""
    found = [shown_document(document) for document in await store.list_newest(session, "rule")]
    return page_by_name(found, cursor, limit, lambda document: document.name)


@router.post("/rules", summary="保存通知规则", openapi_extra=_described(_RULE))
async def save_rule(body: Body, work: WorkDep, principal: Keeper) -> DocumentOut:
    """YAML 或 JSON；内容不变则版本不变。停用请将 enabled 设为 false。"""
    saved = await commands.save_rule(work, body, principal.id)
    await audit(work, principal, "rule.saved", saved.name, version=saved.version)
    return shown_document(saved)


@router.get("/festivals", summary="节日日历")
async def list_festivals(
    principal: Reader, year: Annotated[int, Query(ge=1950, le=2099, description="公历年份")]
) -> GreetingCalendar:
    """按农历与公历推算的节日日期。"""
    days = [FestivalOut(code=f.code, name=f.name, day=f.in_year(year)) for f in FESTIVALS]
    return GreetingCalendar(year=year, festivals=sorted(days, key=lambda festival: festival.day))
