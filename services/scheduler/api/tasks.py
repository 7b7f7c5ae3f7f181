"""Follow-up tasks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.scheduler.access import Canceller, Reader
from services.scheduler.commands import release
from services.scheduler.domain.task import TaskState
from services.scheduler.schemas import CancelIn, TaskOut
from services.scheduler.schemas.policies import Moment
from services.scheduler.store import tasks
from shared.http import ReadSession, WorkDep
from shared.pagination import Cursor, Limit, Page, paged, time_and_id

router = APIRouter(prefix="/api/v1/tasks", tags=["回访任务"])


@router.get("", summary="回访任务列表")
async def list_tasks(
    session: ReadSession,
    by: Reader,
    state: Annotated[TaskState | None, Query(description="状态")] = None,
    customer_id: Annotated[str | None, Query(description="客户编号")] = None,
    due_from: Annotated[Moment, Query(description="最早联系时间不早于")] = None,
    due_to: Annotated[Moment, Query(description="最早联系时间早于")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[TaskOut]:
    """按最早联系时间排列。"""
    given = {"state": state, "customer_id": customer_id, "due_from": due_from, "due_to": due_to}
    after = time_and_id(cursor)
    filters = {name: value for name, value in given.items() if value is not None}
    items, following = paged(
        await tasks.list_tasks(session, filters, by.scope, after, limit),
        limit,
        lambda row: (row.task.due_at, row.task.id),
    )
    return Page(items=[TaskOut.of(row) for row in items], next_cursor=following)


@router.get("/{task_id}", summary="一个回访任务")
async def get_task(task_id: UUID, session: ReadSession, by: Reader) -> TaskOut:
    """为什么有此任务：以 task_id 查询决定。"""
    stored = await tasks.get_task(session, task_id, by.scope)
    if stored is None:
        raise release.TaskNotFound(f"任务编号 {task_id}")
    return TaskOut.of(stored)


@router.post("/{task_id}/cancel", summary="取消尚未完成的任务")
async def cancel_task(task_id: UUID, body: CancelIn, work: WorkDep, by: Canceller) -> TaskOut:
    """取消留有审计记录。"""
    return TaskOut.of(await release.cancel_task(work, by, task_id, body.reason, body.lawful))
