"""Trial runs of packs, on recorded or uploaded facts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.scheduler.access import Owner, Tester
from services.scheduler.commands import trials as commands
from services.scheduler.domain.packs.plan import DraftNotFound
from services.scheduler.schemas.trials import TrialDetail, TrialIn, TrialOut
from services.scheduler.store import trials
from shared.errors import InvalidInput, raises
from shared.http import OnceDep, ReadSession, WorkDep, transaction
from shared.moments import Instant
from shared.pagination import Cursor, Limit, Page, paged, time_and_id

router = APIRouter(prefix="/api/v1/trials", tags=["试算"])
EXAMPLE_TO = "2026-04-01T00:00:00+08:00"
FACTS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "每行一个 CloudEvents JSON"},
                "example": '{"id":"1","source":"/erp","type":"repair.closed","time":"2026-03-06T15:00:00+08:00","data":{}}\n',
            }
        },
    }
}


@router.post("", status_code=202, summary="用最近收到的事实试算")
@raises(DraftNotFound)
async def add_trial(body: TrialIn, work: WorkDep, by: Owner, once: OnceDep, response: Response) -> TrialOut:
    """在后台进行，不产生任何决定与任务；草稿代替它的策略包，其他策略包照常。"""

    async def add() -> TrialOut:
        if (body.draft_id is None) == (body.pack is None):
            raise InvalidInput("请给出 draft_id 或 pack 之一")
        if body.draft_id is not None:
            pack = await commands.files_of_draft(work.session, body.draft_id)
        else:
            assert body.pack is not None
            pack = body.pack.name, body.pack.files
        return TrialOut.of(await commands.add_trial(work, by, *pack, body.days, body.agents))

    trial = await once(TrialOut, add)
    response.headers["Location"] = f"/api/v1/trials/{trial.id}"
    return trial


@router.post("/upload", status_code=202, summary="用上传的事实试算一份草稿", openapi_extra=FACTS_BODY)
@raises(DraftNotFound)
async def upload_trial(
    request: Request,
    by: Owner,
    response: Response,
    draft_id: Annotated[UUID, Query(description="草稿编号")],
    agents: Annotated[list[str] | None, Query(description="班组=坐席数，可写多次；没有写的班组算一人")] = None,
    to: Annotated[
        Instant | None,
        Query(description="此时及以后的事实不算，时间走到此时；默认到最后一个事实", examples=[EXAMPLE_TO]),
    ] = None,
) -> TrialOut:
    """请求内容是事实文件，每行一个 CloudEvents JSON；试算结束后即删除。"""
    seats = _seats(agents or [])
    request.scope["max_body"] = request.app.state.runtime.settings.trial_upload_bytes
    parts = await commands.compress_facts(request.stream())
    async with transaction(request) as work:
        name, files = await commands.files_of_draft(work.session, draft_id)
        trial = await commands.add_trial(work, by, name, files, 0, seats, to)
        await commands.keep_facts(work, trial.id, parts)
    response.headers["Location"] = f"/api/v1/trials/{trial.id}"
    return TrialOut.of(trial)


@router.get("", summary="试算列表")
async def list_trials(session: ReadSession, by: Tester, cursor: Cursor = None, limit: Limit = 50) -> Page[TrialOut]:
    """新的在前。"""
    rows = await trials.list_trials(session, time_and_id(cursor), limit)
    items, following = paged(rows, limit, lambda row: (row.created_at, row.id))
    return Page(items=[TrialOut.of(row) for row in items], next_cursor=following)


@router.get("/{trial_id}", summary="一次试算的进度与结果")
async def get_trial(trial_id: UUID, session: ReadSession, by: Tester) -> TrialDetail:
    """完成后给出每日每班组的电话与能力、达上限、合并、无法按时联系的，以及与现行策略的不同。"""
    stored = await trials.get_trial(session, trial_id)
    if stored is None:
        raise commands.TrialNotFound(f"试算编号 {trial_id}")
    return TrialDetail.with_result(stored)


@router.post("/{trial_id}/cancel", status_code=204, summary="取消试算")
async def cancel_trial(trial_id: UUID, work: WorkDep, by: Owner) -> None:
    """正在进行的随即停止。"""
    await commands.cancel_trial(work, by, trial_id)


def _seats(agents: list[str]) -> dict[str, int]:
    seats = {}
    for each in agents:
        team, _, count = each.rpartition("=")
        if not team or not count.isdecimal() or len(count) > 6:
            raise InvalidInput(f"agents 应写成 班组=坐席数，如 hotline=4，现在是 {each[:40]!r}")
        seats[team] = int(count)
    return seats
