"""Digits that customers sent back and that could be matched to no visit, or to several."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.visits.access import Reader, Supervisor
from services.visits.commands import replies
from services.visits.schemas.replies import SettleIn, StrayReplyOut
from services.visits.store import replies as store
from shared.http import ReadSession, WorkDep
from shared.pagination import Cursor, Limit, Page, paged, time_and_id

router = APIRouter(prefix="/api/v1/stray-replies", tags=["主管"])


@router.get("", summary="待处理的数字回复")
async def list_stray_replies(
    reader: Reader,
    session: ReadSession,
    settled: Annotated[bool, Query(description="是否已处理")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[StrayReplyOut]:
    """客户回复了数字，但没有或有几张单可以作答，等得最久的在前。"""
    found = await store.list_replies(session, settled, reader.scope, time_and_id(cursor), limit + 1)
    items, following = paged(found, limit, lambda reply: (reply.received_at, reply.id))
    return Page(items=[StrayReplyOut.of(reply) for reply in items], next_cursor=following)


@router.post("/{reply_id}/settle", summary="处理数字回复")
async def settle_stray_reply(reply_id: UUID, body: SettleIn, supervisor: Supervisor, work: WorkDep) -> StrayReplyOut:
    """指定它回答哪张单（该单随即办结，与客户自己作答相同）、是拒访，或不作任何处理；每条只处理一次。"""
    return StrayReplyOut.of(await replies.settle(work, supervisor, reply_id, body.decision))
