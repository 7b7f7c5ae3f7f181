"""Uploaded sheets of 12345 cases."""

import asyncio
from typing import Annotated, Any, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from starlette.datastructures import UploadFile

from services.gateway import commands
from services.gateway.access import Templates, Uploader, UploadOperator, UploadViewer
from services.gateway.adapters.workbooks import MEDIA_TYPE, result_workbook, template_workbook
from services.gateway.api.dependencies import SettingsDep
from services.gateway.domain.practice import says_practice
from services.gateway.schemas import ImportOut
from services.gateway.settings import GatewaySettings
from services.gateway.store import imports
from shared.errors import Conflict, InvalidInput, NotFound, PayloadTooLarge, raises
from shared.http import ReadSession, SealerDep, WorkDep, audit, transaction
from shared.pagination import Cursor, Limit, Page, id_of, paged
from shared.privacy import mask_text
from shared.texts import printable, text_fault

router = APIRouter(prefix="/api/v1/imports", tags=["12345 文件导入"])
DEFAULT_SOURCE = "12345"
_WORKBOOK: dict[int | str, dict[str, Any]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}
OVERHEAD = 64 << 10
LONGEST_NAME = 200  # of a file
ImportState = Literal["pending", "running", "done", "failed"]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": ".xlsx、.xls 或 .csv（GBK、UTF-8）",
                        },
                        "source": {"type": "string", "default": DEFAULT_SOURCE, "description": "12345 来源名称"},
                        "practice": {
                            "type": "string",
                            "enum": ["true", "false"],
                            "default": "false",
                            "description": "true 为练习：用来试，不影响真实业务，之后可再正式上传同一文件",
                        },
                    },
                }
            }
        },
    }
}


@router.post(
    "",
    status_code=202,
    openapi_extra=_BODY,
    summary="上传 12345 工单文件",
    description="立即受理，逐行结果稍后可取；同一文件再次上传得到原来的导入，不会重复。",
)
async def upload(
    request: Request, response: Response, principal: Uploader, sealer: SealerDep, settings: SettingsDep
) -> ImportOut:
    source, filename, content, practice = await _read_form(request, settings)
    async with transaction(request) as work:
        kept = await commands.add_import(work, principal, sealer, source, filename, content, practice)
    summary = ImportOut.model_validate(kept)
    response.headers["Location"] = f"/api/v1/imports/{summary.id}"
    return summary


async def _read_form(request: Request, settings: GatewaySettings) -> tuple[str, str, bytes, bool]:
    """Source name, file name, content, and whether it is practice.

    The route has a larger body limit than others, so it reads the form itself.
    """
    request.scope["max_body"] = settings.import_max_bytes + OVERHEAD
    async with request.form(max_files=1, max_fields=5) as form:
        if len(form.multi_items()) > len(form):
            raise InvalidInput("同名的字段只能有一个")
        file, source = form.get("file"), form.get("source", DEFAULT_SOURCE)
        if not isinstance(file, UploadFile) or not isinstance(source, str) or text_fault(source):
            raise InvalidInput("请以 multipart/form-data 上传，文件字段名为 file")
        content = await file.read()
        if len(content) > settings.import_max_bytes:
            raise PayloadTooLarge(f"文件超过 {settings.import_max_bytes >> 20} MiB")
        if not content:
            raise InvalidInput("文件是空的")
        name = printable(file.filename or "")
        if len(name) > LONGEST_NAME:
            raise InvalidInput(f"文件名超过 {LONGEST_NAME} 个字，请改短后再上传")
        return source, mask_text(name), content, _is_practice(form.get("practice"))


def _is_practice(mark: Any) -> bool:
    try:
        return says_practice(str(mark) if mark is not None else None)
    except ValueError as error:
        raise InvalidInput(str(error)) from error


@router.get("/template", summary="下载模板", response_class=Response, responses=_WORKBOOK)
async def template(_: Templates) -> Response:
    return workbook_answer(await asyncio.to_thread(template_workbook), "12345工单导入模板.xlsx")


@router.get("", summary="导入列表", description="最近的在前；state=failed 为未能处理完的。")
async def list_imports(
    session: ReadSession,
    _: UploadViewer,
    state: Annotated[ImportState | None, Query(description="状态")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ImportOut]:
    rows = await imports.list_imports(session, state, id_of(cursor), limit + 1)
    items, following = paged(rows, limit, lambda row: (row.id,))
    return Page(items=[ImportOut.model_validate(row) for row in items], next_cursor=following)


@router.post(
    "/{import_id}/retry", status_code=202, summary="重试导入", description="失败或已搁置的导入从停下的那一行继续。"
)
async def retry_import(import_id: UUID, work: WorkDep, principal: UploadOperator) -> ImportOut:
    await commands.retry_import(work, principal, import_id)
    return ImportOut.model_validate(await imports.get_import(work.session, import_id))


@router.get("/{import_id}", summary="导入进度")
async def get_import(import_id: UUID, session: ReadSession, _: UploadViewer) -> ImportOut:
    row = await imports.get_import(session, import_id)
    if row is None:
        raise NotFound("没有这次导入")
    return ImportOut.model_validate(row)


@router.get(
    "/{import_id}/result",
    summary="下载逐行结果",
    description="行号、状态、列、原因；完成后可取。",
    response_class=Response,
    responses=_WORKBOOK,
)
@raises(Conflict)
async def get_result(import_id: UUID, work: WorkDep, viewer: UploadViewer) -> Response:
    summary = await get_import(import_id, work.session, viewer)
    if summary.state != "done":
        raise Conflict(summary.reason or "导入尚未完成，请稍后再取")
    rows = await imports.list_rows(work.session, import_id)
    await audit(work, viewer, "import.exported", str(import_id), rows=len(rows))
    return workbook_answer(await asyncio.to_thread(result_workbook, rows), f"导入结果_{import_id}.xlsx")


def workbook_answer(content: bytes, filename: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(filename)}"
    return Response(content, media_type=MEDIA_TYPE, headers={"Content-Disposition": disposition})
