"""The route over a service's audit log, for auditors."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from shared import audit
from shared.auth import Principal, Role, require_whole_organisation
from shared.http import ReadSession, SealerDep
from shared.pagination import Cursor, Limit, Page, paged, time_and_id

router = APIRouter(prefix="/api/v1/audit-log", tags=["审计"])


class AuditEntryOut(BaseModel):
    """一条审计记录，个人信息已脱敏。"""

    id: UUID = Field(description="编号")
    at: datetime = Field(description="业务时间")
    principal: str = Field(description="操作者；key: 开头的是接口密钥")
    action: str = Field(description="操作，如 phone.revealed")
    object: str = Field(description="对象编号")
    detail: dict[str, Any] = Field(description="细节")


@router.get("", summary="审计记录")
async def list_audit_log(
    session: ReadSession,
    sealer: SealerDep,
    _: Annotated[Principal, Depends(require_whole_organisation(Role.AUDITOR))],
    principal: Annotated[str, Query(max_length=200, description="操作者")] = "",
    action: Annotated[str, Query(max_length=100, description="操作，或其开头，如 policy.")] = "",
    object_id: Annotated[str, Query(alias="object", max_length=200, description="对象编号")] = "",
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[AuditEntryOut]:
    """新的在前。记录只增不改，可用 huifang audit verify 校验是否完整。"""
    filters = {"principal": principal, "action": action, "object": object_id}
    rows = await audit.list_entries(session, filters, time_and_id(cursor), limit + 1)
    items, following = paged(rows, limit, lambda entry: (entry.at, entry.id))
    shown = [
        AuditEntryOut(
            id=entry.id,
            at=entry.at,
            principal=entry.principal,
            action=entry.action,
            object=sealer.masked_tree(entry.object),
            detail=sealer.masked_tree(entry.detail),
        )
        for entry in items
    ]
    return Page(items=shown, next_cursor=following)
