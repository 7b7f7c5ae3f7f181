"""Raw messages and what they came to."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from services.gateway import commands
from services.gateway.access import Operator, RawReader
from services.gateway.domain.preview import preview
from services.gateway.schemas import MessageOut
from services.gateway.store import messages
from shared.bodies import aside
from shared.errors import NotFound
from shared.http import ReadSession, SealerDep, WorkDep, audit
from shared.pagination import Cursor, Limit, Page, id_of, paged
from shared.privacy import Sealer

router = APIRouter(prefix="/api/v1/messages", tags=["原文"])
ResultFilter = Literal["pending", "new", "duplicate", "rejected", "ignored", "failed"]
SHORT = 500


@router.get("", summary="原文列表", description="最近的在前；内容已脱敏，只显示开头。")
async def list_messages(
    session: ReadSession,
    sealer: SealerDep,
    _: RawReader,
    source: Annotated[str | None, Query(description="来源")] = None,
    result: Annotated[ResultFilter | None, Query(description="结果")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MessageOut]:
    rows = await messages.list_messages(session, source, result, id_of(cursor), limit + 1)
    items, following = paged(rows, limit, lambda row: (row.id,))
    shown = [await _shown(row, sealer, SHORT) for row in items]
    return Page(items=shown, next_cursor=following)


@router.get("/{message_id}", summary="原文详情")
async def get_message(message_id: UUID, work: WorkDep, sealer: SealerDep, viewer: RawReader) -> MessageOut:
    row = await messages.get_message(work.session, message_id)
    if row is None:
        raise NotFound("没有这条原文")
    await audit(work, viewer, "message.read", str(message_id), source=row.source)
    return await _shown(row, sealer)


@router.post(
    "/{message_id}/replay", status_code=202, summary="重放原文", description="重新处理一次；已接收的不会重复发布。"
)
async def replay_message(message_id: UUID, work: WorkDep, sealer: SealerDep, principal: Operator) -> MessageOut:
    await commands.replay_message(work, principal, message_id)
    row = await messages.get_message(work.session, message_id)
    return await _shown(row, sealer)


async def _shown(row: Any, sealer: Sealer, limit: int = 65_536) -> MessageOut:
    body = await aside(len(row.body), lambda: preview(sealer.unseal_bytes(row.body), limit))
    return MessageOut(**{**row._mapping, "body": body})
