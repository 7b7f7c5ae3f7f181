"""Photographs and signatures of visits on site."""

import hashlib
from typing import Annotated, Any, cast, get_args
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile

from services.visits.access import Agent, Reader, Viewer
from services.visits.adapters.files import Files, files_of
from services.visits.adapters.pictures import Picture, Pictures
from services.visits.api.dependencies import SettingsDep
from services.visits.commands import attachments as commands
from services.visits.domain.attachments import Attachment, Kind
from services.visits.domain.errors import VisitNotFound
from services.visits.schemas.attachments import AttachmentOut
from services.visits.settings import VisitsSettings
from services.visits.store import attachments as store
from services.visits.store import rows
from shared.auth import Principal
from shared.errors import InvalidInput, PayloadTooLarge
from shared.http import ClockDep, ReadSession, WorkDep, transaction
from shared.ids import new_id
from shared.pagination import Cursor, Limit, Page, id_of, paged

router = APIRouter(prefix="/api/v1/visits/{visit_id}/attachments", tags=["上门回访"])
OVERHEAD = 64 << 10  # of a form around its file
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "JPEG、PNG 或 WebP"},
                        "kind": {
                            "type": "string",
                            "enum": list(get_args(Kind)),
                            "default": "photo",
                            "description": "photo 照片、signature 签名",
                        },
                    },
                }
            }
        },
    }
}
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in ("image/jpeg", "image/png")}}
}
# shown by nobody but an <img> or a viewer: never run, never framed, never kept
GUARDED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


async def _files(request: Request) -> Files:
    return files_of(request.app.state.runtime)


async def _pictures(request: Request) -> Pictures:
    return cast(Pictures, request.app.state.runtime.state.setdefault("pictures", Pictures()))


FilesDep = Annotated[Files, Depends(_files)]
PicturesDep = Annotated[Pictures, Depends(_pictures)]


@router.post("", status_code=201, summary="上传签名或照片", openapi_extra=_BODY)
async def add(
    visit_id: UUID, request: Request, agent: Agent, settings: SettingsDep, clock: ClockDep, files: FilesDep,
    pictures: PicturesDep,
) -> AttachmentOut:  # fmt: skip
    """只收本人领取的上门回访的 JPEG、PNG、WebP；重新绘制后保存，不留拍摄地点等信息。同一文件再次上传得到原来的那一份。"""
    async with transaction(request) as work:  # callers without the right get 403 before the body is read
        await commands.require_welcome(work, agent, visit_id)
    kind, sent = await _read_form(request, settings)
    async with transaction(request) as work:
        await commands.require_welcome(work, agent, visit_id, kind)
    picture = await pictures.redraw(sent, kind)
    async with transaction(request) as work:
        kept = await commands.announce(work, agent, _attachment(visit_id, agent, kind, sent, picture, clock))
    if not kept.stored:
        await files.keep(kept.file, picture.content)
        async with transaction(request) as work:
            kept = await commands.mark_stored(work, kept)
    return AttachmentOut.of(kept)


def _attachment(
    visit_id: UUID, agent: Principal, kind: Kind, sent: bytes, picture: Picture, clock: ClockDep
) -> Attachment:
    return Attachment(
        id=new_id(),
        visit_id=visit_id,
        agent=agent.id,
        kind=kind,
        digest=hashlib.sha256(sent).digest(),
        media_type=picture.media_type,
        width=picture.width,
        height=picture.height,
        size=len(picture.content),
        at=clock.now(),
    )


async def _read_form(request: Request, settings: VisitsSettings) -> tuple[Kind, bytes]:
    """The kind and the file. The route has a larger body limit than others, so it reads the form itself."""
    request.scope["max_body"] = settings.file_max_bytes + OVERHEAD
    async with request.form(max_files=1, max_fields=2) as form:
        file, kind = form.get("file"), form.get("kind", "photo")
        if not isinstance(file, UploadFile) or kind not in get_args(Kind):
            raise InvalidInput("请以 multipart/form-data 上传，文件字段名为 file，kind 为 photo 或 signature")
        content = await file.read()
    if len(content) > settings.file_max_bytes:
        raise PayloadTooLarge(f"照片超过 {settings.file_max_bytes >> 20} MiB，请缩小后再传")
    if not content:
        raise InvalidInput("文件是空的")
    return cast(Kind, kind), content


@router.get("", summary="签名和照片清单")
async def list_attachments(
    visit_id: UUID, reader: Reader, session: ReadSession, cursor: Cursor = None, limit: Limit = 50
) -> Page[AttachmentOut]:
    """一张回访单有哪些，先传的在前；不含图像。"""
    after = id_of(cursor)
    if await rows.get_visit(session, visit_id, reader.scope) is None:
        raise VisitNotFound
    found = await store.list_of(session, visit_id, after, limit + 1)
    shown, next_cursor = paged(found, limit, lambda each: (each.id,))
    return Page(items=[AttachmentOut.of(each) for each in shown], next_cursor=next_cursor)


@router.get("/{attachment_id}", summary="查看签名或照片", response_class=Response, responses=_PICTURE)
async def look_at(visit_id: UUID, attachment_id: UUID, viewer: Viewer, request: Request, files: FilesDep) -> Response:
    """坐席只能看本人上传的；每次查看都记入审计日志。"""
    async with transaction(request) as work:
        found = await commands.look_at(work, viewer, visit_id, attachment_id)
    content = await files.read(found.file)
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.filename)}", **GUARDED}
    return Response(content, media_type=found.media_type, headers=headers)


@router.delete("/{attachment_id}", status_code=204, summary="删除未提交的签名或照片")
async def drop(visit_id: UUID, attachment_id: UUID, agent: Agent, work: WorkDep) -> None:
    """只能删除本人上传、还没有随结果提交的。"""
    await commands.drop(work, agent, visit_id, attachment_id)
