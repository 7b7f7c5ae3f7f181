"""The routes over a service's audit log, for auditors."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from shared import audit
from shared.audit_check import look
from shared.audit_export import MEDIA_TYPES, Format, export
from shared.audit_words import word_for
from shared.auth import Principal, Role, require_whole_organisation
from shared.errors import InvalidInput
from shared.http import ClockDep, ReadSession, SealerDep, WorkDep
from shared.http import audit as note
from shared.moments import Instant
from shared.pagination import Cursor, Limit, Page, paged, time_and_id

router = APIRouter(prefix="/api/v1/audit-log", tags=["审计"])
Auditor = Annotated[Principal, Depends(require_whole_organisation(Role.AUDITOR))]
MOST_EXPORTED = 50_000
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA_TYPES.values()}}
}


class AuditEntryOut(BaseModel):
    """一条审计记录，个人信息已脱敏。"""

    id: UUID = Field(description="编号")
    at: datetime = Field(description="业务时间")
    principal: str = Field(description="操作者；key: 开头的是接口密钥")
    action: str = Field(description="操作，如 phone.revealed")
    title: str = Field(description="操作的中文名称")
    object: str = Field(description="对象编号")
    detail: dict[str, Any] = Field(description="细节")


class ChainOut(BaseModel):
    """审计链：每条记录与前一条的校验值相连。"""

    whole: bool = Field(description="完整，没有被改、被删、被插入")
    wrong: str = Field(description="哪里不完整")
    entries: int = Field(description="完整的条数")
    newest: str = Field(description="末尾的 服务:序号:校验值；另行保存，以后可用 huifang audit verify --expect 证明")
    from_start_at: datetime = Field(description="最近一次从头重算的业务时间")
    from_start_entries: int = Field(description="那一次重算到第几条")


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What is looked for; "" and None = any. `principal` and `object` are whole, `action` may be what it begins with."""

    principal: str = ""
    action: str = ""
    object: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def conditions(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("principal", "action", "object", "since", "until")}


def audit_filter(
    principal: Annotated[str, Query(max_length=200, description="操作者")] = "",
    action: Annotated[str, Query(max_length=100, description="操作，或其开头，如 policy.")] = "",
    object_id: Annotated[str, Query(alias="object", max_length=200, description="对象编号")] = "",
    since: Annotated[Instant | None, Query(alias="from", description="业务时间自（含），须带时区")] = None,
    until: Annotated[Instant | None, Query(alias="to", description="业务时间至（不含），须带时区")] = None,
) -> AuditFilter:
    return AuditFilter(principal, action, object_id, since, until)


Wanted = Annotated[AuditFilter, Depends(audit_filter)]


@router.get("", summary="审计记录")
async def list_audit_log(
    session: ReadSession, sealer: SealerDep, _: Auditor, wanted: Wanted, cursor: Cursor = None, limit: Limit = 50
) -> Page[AuditEntryOut]:
    """新的在前。记录只增不改，可用 huifang audit verify 校验是否完整。"""
    rows = await audit.list_entries(session, wanted.conditions, time_and_id(cursor), limit + 1)
    items, following = paged(rows, limit, lambda entry: (entry.at, entry.id))
    shown = [
        AuditEntryOut(
            id=entry.id,
            at=entry.at,
            principal=entry.principal,
            action=entry.action,
            title=word_for(entry.action),
            object=sealer.masked_tree(entry.object),
            detail=sealer.masked_tree(entry.detail),
        )
        for entry in items
    ]
    return Page(items=shown, next_cursor=following)


@router.get("/chain", summary="审计链是否完整")
async def check_chain(request: Request, session: ReadSession, clock: ClockDep, _: Auditor) -> ChainOut:
    """从最近的检查点起逐条重算；从头重算每天一次，也可随时执行 huifang audit verify。"""
    seen = await look(session, clock.now())
    return ChainOut(
        whole=not seen.now.wrong,
        wrong=seen.now.wrong,
        entries=seen.now.newest[0],
        newest=seen.now.mark(request.app.state.service.name),
        from_start_at=seen.whole.at,
        from_start_entries=seen.whole.found.newest[0],
    )


@router.get("/export", summary="导出审计记录", response_class=Response, responses=_FILE)
async def export_audit_log(
    request: Request,
    work: WorkDep,
    sealer: SealerDep,
    auditor: Auditor,
    wanted: Wanted,
    format_: Annotated[Format, Query(alias="format", description="csv 或 xlsx")] = "xlsx",
) -> Response:
    """新的在前；导出本身也记入审计。"""
    entries = await audit.list_entries(work.session, wanted.conditions, None, MOST_EXPORTED + 1)
    if len(entries) > MOST_EXPORTED:
        raise InvalidInput(f"超过 {MOST_EXPORTED:,} 条，请缩小时间范围")
    await note(work, auditor, "audit.exported", "", rows=len(entries), format=format_)
    content = await asyncio.to_thread(export, format_, entries, sealer)
    name = quote(f"审计记录_{request.app.state.service.title}.{format_}")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(content, media_type=MEDIA_TYPES[format_], headers=headers)
