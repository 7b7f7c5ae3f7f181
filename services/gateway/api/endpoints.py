"""Write-back: receivers, deliveries and their log."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.gateway import commands
from services.gateway.access import Operator, RawReader, Viewer
from services.gateway.api.dependencies import SettingsDep
from services.gateway.domain.addresses import ForbiddenTarget, check_url
from services.gateway.schemas import (
    AttemptOut,
    DeliveryDetailOut,
    DeliveryOut,
    EndpointChange,
    EndpointIn,
    EndpointIssuedOut,
    EndpointOut,
)
from services.gateway.settings import GatewaySettings
from services.gateway.store import deliveries, endpoints
from services.gateway.store.endpoints import Endpoint
from shared.errors import InvalidInput, NotFound
from shared.http import IfMatch, OnceDep, ReadSession, SealerDep, WorkDep, etag
from shared.pagination import Cursor, Limit, Page, page_by_name, paged, time_and_id

router = APIRouter(prefix="/api/v1", tags=["回写"])


@router.get("/endpoints", summary="回写端点列表")
async def list_endpoints(
    session: ReadSession, _: Viewer, cursor: Cursor = None, limit: Limit = 50
) -> Page[EndpointOut]:
    found = [EndpointOut.model_validate(item) for item in await endpoints.list_endpoints(session)]
    return page_by_name(found, cursor, limit, lambda endpoint: endpoint.name)


@router.get("/endpoints/{endpoint_id}", summary="回写端点详情")
async def get_endpoint(endpoint_id: UUID, response: Response, session: ReadSession, _: Viewer) -> EndpointOut:
    endpoint = await endpoints.get_endpoint(session, endpoint_id)
    if endpoint is None:
        raise NotFound("没有这个回写端点")
    response.headers["ETag"] = etag(endpoint.version)
    return EndpointOut.model_validate(endpoint)


@router.post(
    "/endpoints",
    status_code=201,
    summary="新建回写端点",
    description="来源匹配的事实有了回访或投诉结果，即以 Standard Webhooks 签名投递。"
    "密钥只出现一次。可带 Idempotency-Key，重复提交只建一个。",
)
async def create_endpoint(
    body: EndpointIn,
    response: Response,
    work: WorkDep,
    sealer: SealerDep,
    principal: Operator,
    settings: SettingsDep,
    once: OnceDep,
) -> EndpointIssuedOut:
    _check(body.url, settings)

    async def create() -> EndpointIssuedOut:
        endpoint, secret = await commands.create_endpoint(
            work, principal, sealer, body.name, body.url, body.sources, list(body.types)
        )
        return _issued(endpoint, secret, response)

    return await once(EndpointIssuedOut, create)


@router.patch("/endpoints/{endpoint_id}", summary="修改回写端点", description="须带 If-Match。")
async def update_endpoint(
    principal: Operator,
    endpoint_id: UUID,
    body: EndpointChange,
    seen: IfMatch,
    response: Response,
    work: WorkDep,
    sealer: SealerDep,
    settings: SettingsDep,
) -> EndpointIssuedOut:
    if body.url is not None:
        _check(body.url, settings)
    changes = body.model_dump(exclude_none=True, exclude={"rotate_secret"})
    grace = timedelta(hours=body.rotate_secret.grace_hours) if body.rotate_secret else None
    endpoint, secret = await commands.update_endpoint(work, principal, sealer, endpoint_id, seen, changes, grace)
    return _issued(endpoint, secret, response)


def _check(url: str, settings: GatewaySettings) -> None:
    try:
        check_url(url, settings.allowed_networks)
    except ForbiddenTarget as error:
        raise InvalidInput(str(error)) from error


def _issued(endpoint: Endpoint, secret: str | None, response: Response) -> EndpointIssuedOut:
    response.headers["ETag"] = etag(endpoint.version)
    return EndpointIssuedOut(**EndpointOut.model_validate(endpoint).model_dump(), secret=secret)


@router.get("/deliveries", summary="回写记录", description="最近的在前。")
async def list_deliveries(
    session: ReadSession,
    _: RawReader,
    endpoint_id: Annotated[UUID | None, Query(description="回写端点")] = None,
    state: Annotated[Literal["pending", "delivered", "failed"] | None, Query(description="状态")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DeliveryOut]:
    rows = await deliveries.list_deliveries(session, endpoint_id, state, time_and_id(cursor), limit + 1)
    items, following = paged(rows, limit, lambda row: (row.created_at, row.id))
    return Page(items=[DeliveryOut.model_validate(row) for row in items], next_cursor=following)


@router.get("/deliveries/{delivery_id}", summary="回写详情与投递记录")
async def get_delivery(delivery_id: UUID, session: ReadSession, _: RawReader) -> DeliveryDetailOut:
    row = await deliveries.get_delivery(session, delivery_id)
    if row is None:
        raise NotFound("没有这条回写记录")
    log = [AttemptOut.model_validate(item) for item in await deliveries.list_attempts(session, delivery_id)]
    return DeliveryDetailOut(**DeliveryOut.model_validate(row).model_dump(), body=row.body, log=log)


@router.post("/deliveries/{delivery_id}/resend", status_code=202, summary="手工重发", description="webhook-id 不变。")
async def resend(delivery_id: UUID, work: WorkDep, principal: Operator) -> DeliveryOut:
    await commands.resend_delivery(work, principal, delivery_id)
    return DeliveryOut.model_validate(await deliveries.get_delivery(work.session, delivery_id))
