"""Quotas and ceilings: how full they are, and what found no room."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.scheduler.access import Overseer
from services.scheduler.schemas.limits import LimitDayOut
from services.scheduler.store import slots
from shared.http import ReadSession
from shared.pagination import Cursor, Limit, Page, day_and_texts, paged

router = APIRouter(prefix="/api/v1/limits", tags=["上限"])


@router.get("", summary="每日上限与数量上限")
async def list_limits(
    session: ReadSession,
    by: Overseer,
    policy_id: Annotated[str | None, Query(max_length=64, description="策略编号")] = None,
    lacking: Annotated[bool, Query(description="只列出有联系因此顺延或不回访的")] = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[LimitDayOut]:
    """每个策略每一天（数量上限为每段期间、每个分层）一行：上限、已计划、顺延或不回访，日期新的在前。"""
    rows = await slots.list_counts(session, policy_id, lacking, day_and_texts(cursor), limit + 1)
    items, following = paged(rows, limit, lambda row: (row.slot.day, row.policy_id, row.slot.stratum))
    return Page(items=[LimitDayOut.of(row) for row in items], next_cursor=following)
