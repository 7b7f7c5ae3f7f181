"""Replies that may be refusals, for people to decide, and rows of providers that could not be read."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.notifications.access import Checker, Reader, Worker
from services.notifications.commands.doubtful import decide_reply
from services.notifications.schemas import (
    BrokenRowOut,
    Decision,
    DoubtfulReplyOut,
    shown_broken,
    shown_doubtful,
)
from services.notifications.store import doubtful
from shared.http import ReadSession, SealerDep, WorkDep, audit
from shared.pagination import Cursor, Limit, Page, paged, time_and_id

router = APIRouter(prefix="/api/v1", tags=["退订与同意"])


@router.get("/doubtful-replies", summary="疑似退订的回复")
async def list_doubtful_replies(
    session: ReadSession,
    sealer: SealerDep,
    principal: Reader,
    decided: Annotated[bool, Query(description="是否已判定")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DoubtfulReplyOut]:
    """等待人工判定的回复，等得最久的在前；判定之前不向该客户发送推广与问候。"""
    rows = await doubtful.list_replies(session, decided, principal.scope, time_and_id(cursor), limit + 1)
    items, following = paged(rows, limit, lambda row: (row.received_at, row.id))
    return Page(items=[shown_doubtful(row, sealer) for row in items], next_cursor=following)


@router.post("/doubtful-replies/{reply_id}/decision", summary="判定回复是否退订")
async def decide_doubtful_reply(
    reply_id: UUID, body: Decision, work: WorkDep, sealer: SealerDep, principal: Worker
) -> DoubtfulReplyOut:
    """判定为退订的立即生效，与客户明确回复退订相同；每条只判定一次。"""
    row = await decide_reply(work, sealer, principal, reply_id, **body.model_dump())
    await audit(work, principal, "reply.decided", str(reply_id), refuses=body.refuses, remark=body.remark)
    return shown_doubtful(row, sealer)


@router.get("/unreadable-rows", summary="无法识别的回执与回复")
async def list_unreadable_rows(
    session: ReadSession, principal: Checker, cursor: Cursor = None, limit: Limit = 50
) -> Page[BrokenRowOut]:
    """运营商推送中逐条处理时无法识别的内容，最近的在前；同样的内容只留一条。"""
    rows = await doubtful.list_broken(session, time_and_id(cursor), limit + 1)
    items, following = paged(rows, limit, lambda row: (row.received_at, row.id))
    return Page(items=[shown_broken(row) for row in items], next_cursor=following)
