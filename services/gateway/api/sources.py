"""Sources: list, make, change, rotate."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from services.gateway import commands
from services.gateway.access import Operator, Viewer
from services.gateway.commands import Issued
from services.gateway.schemas import IssuedOut, Rotation, SourceChange, SourceIn, SourceOut
from services.gateway.store import sources
from shared.errors import NotFound
from shared.http import IfMatch, OnceDep, ReadSession, SealerDep, WorkDep, etag
from shared.pagination import Cursor, Limit, Page, page_by_name

router = APIRouter(prefix="/api/v1/sources", tags=["来源"])
SourceName = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$", description="来源名称")]


@router.get("", summary="来源列表")
async def list_sources(session: ReadSession, _: Viewer, cursor: Cursor = None, limit: Limit = 50) -> Page[SourceOut]:
    found = [SourceOut.model_validate(item) for item in await sources.list_sources(session)]
    return page_by_name(found, cursor, limit, lambda source: source.name)


@router.get("/{name}", summary="来源详情")
async def get_source(name: SourceName, response: Response, session: ReadSession, _: Viewer) -> SourceOut:
    source = await sources.get_source(session, name)
    if source is None:
        raise NotFound(f"没有来源 {name}")
    response.headers["ETag"] = etag(source.version)
    return SourceOut.model_validate(source)


@router.post(
    "",
    status_code=201,
    summary="新建来源",
    description="令牌与签名密钥只在应答中出现一次。可带 Idempotency-Key，重复提交只建一个。",
)
async def create_source(
    body: SourceIn, response: Response, work: WorkDep, sealer: SealerDep, principal: Operator, once: OnceDep
) -> IssuedOut:
    async def create() -> IssuedOut:
        options = body.options.model_dump()
        return _issued(
            await commands.create_source(work, principal, sealer, body.name, body.kind, body.zone, options), response
        )

    return await once(IssuedOut, create)


@router.patch("/{name}", summary="修改来源", description="停用、时区、字段映射；须带 If-Match。")
async def update_source(
    principal: Operator, name: SourceName, body: SourceChange, seen: IfMatch, response: Response, work: WorkDep
) -> SourceOut:
    changes: dict[str, Any] = body.model_dump(exclude_none=True)
    changed = await commands.update_source(work, principal, name, seen, changes)
    response.headers["ETag"] = etag(changed.version)
    return SourceOut.model_validate(changed)


@router.post(
    "/{name}/rotate", summary="更换令牌与签名密钥", description="旧的在 grace_hours 内继续有效；须带 If-Match。"
)
async def rotate_source(
    principal: Operator,
    name: SourceName,
    seen: IfMatch,
    response: Response,
    work: WorkDep,
    sealer: SealerDep,
    body: Rotation | None = None,
) -> IssuedOut:
    grace = timedelta(hours=(body or Rotation()).grace_hours)
    return _issued(await commands.rotate_source(work, principal, sealer, name, seen, grace), response)


def _issued(issued: Issued, response: Response) -> IssuedOut:
    response.headers["ETag"] = etag(issued.source.version)
    shown = SourceOut.model_validate(issued.source).model_dump()
    path = f"/ingress/v1/{issued.source.name}/{issued.token}"
    return IssuedOut(**shown, token=issued.token, path=path, secret=issued.secret)
