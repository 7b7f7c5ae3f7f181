"""Exact draws: what was drawn of which population, and everything that is needed to compute it again."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from services.scheduler.access import Mender, Overseer
from services.scheduler.commands import draws as commands
from services.scheduler.domain.whom.draw_record import DrawRecord, draw_line, member_line
from services.scheduler.schemas.draws import DrawOut
from services.scheduler.store import draws, picks
from shared.http import ReadSession, WorkDep, audit
from shared.pagination import Cursor, Limit, Page, id_of, paged
from shared.runtime import Runtime

router = APIRouter(prefix="/api/v1/draws", tags=["抽取"])
LINES = "application/x-ndjson"


@router.get("", summary="抽取列表")
async def list_draws(
    session: ReadSession,
    by: Overseer,
    policy_id: Annotated[str | None, Query(description="策略编号")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DrawOut]:
    """每个策略版本每段期间一次抽取，新近的在前；尚未结束的期间也在其中。"""
    rows = await draws.list_draws(session, policy_id, id_of(cursor), limit)
    items, following = paged(rows, limit, lambda row: (row.id,))
    return Page(items=[DrawOut.of(row) for row in items], next_cursor=following)


@router.get("/{draw_id}", summary="一次抽取")
async def get_draw(draw_id: UUID, session: ReadSession, by: Overseer) -> DrawOut:
    """规则、种子、各分层的总量与抽取数量。"""
    return DrawOut.of(await commands.get_draw(session, draw_id))


@router.post("/{draw_id}/retry", status_code=202, summary="重试一次搁置的抽取")
async def retry_draw(draw_id: UUID, work: WorkDep, by: Mender) -> DrawOut:
    """处理多次中断的抽取会搁置，不影响其他抽取；排除原因后由此重试。"""
    return DrawOut.of(await commands.retry_draw(work, by, draw_id))


@router.get(
    "/{draw_id}/population",
    summary="导出一次抽取的总量",
    response_class=StreamingResponse,
    responses={200: {"content": {LINES: {"schema": {"type": "string"}}}}},
)
async def export_population(draw_id: UUID, work: WorkDep, by: Overseer, request: Request) -> StreamingResponse:
    """JSON Lines：首行是抽取的规则与结果，其后每行一件事实；凭此可离线重算（huifang draws verify --file）。"""
    draw = await commands.get_draw(work.session, draw_id)
    await audit(work, by, "population.exported", str(draw_id), policy=draw.policy_id)
    return StreamingResponse(_lines(request.app.state.runtime, draw), media_type=LINES)


async def _lines(runtime: Runtime, draw: DrawRecord) -> AsyncIterator[bytes]:
    """A session of its own: the request's is closed before the answer is sent."""
    yield draw_line(draw)
    async with runtime.db.read() as session:
        async for members in picks.read_members(session, draw):
            yield b"".join(map(member_line, members))
