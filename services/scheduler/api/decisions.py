"""Why, and why not: the decision records, and decisions tried without effect."""

from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from services.scheduler.access import Checker, Reader
from services.scheduler.commands import events
from services.scheduler.commands import explain as explaining
from services.scheduler.domain.explain.decision import policies_in
from services.scheduler.procedures.policies import policies_of
from services.scheduler.procedures.standings import with_standings
from services.scheduler.schemas import DecisionOut, ExplainOut, TryIn
from services.scheduler.store import decisions, policies
from shared.contracts.registry import wire_type
from shared.errors import CustomerNotFound, InvalidInput, raises
from shared.http import ClockDep, ReadSession
from shared.messaging import Event
from shared.moments import Day
from shared.pagination import Cursor, Limit, Page, paged, time_and_id

router = APIRouter(prefix="/api/v1", tags=["决定"])
STATS_DAYS = timedelta(days=30)


@router.get("/decisions", summary="查询决定：为什么回访或不回访")
async def list_decisions(
    session: ReadSession,
    by: Reader,
    event_id: Annotated[str | None, Query(description="发送方给出的事件编号")] = None,
    source: Annotated[str | None, Query(description="来源，与事件编号合用")] = None,
    task_id: Annotated[UUID | None, Query(description="回访任务编号")] = None,
    customer_id: Annotated[str | None, Query(description="客户编号")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[DecisionOut]:
    """须给出事件、任务或客户之一；新近的事实在前。事件尚未处理时为空。"""
    given = {"event_id": event_id, "task_id": str(task_id) if task_id else None, "customer_id": customer_id}
    filters = {name: value for name, value in given.items() if value}
    if not filters:
        raise InvalidInput("请给出 event_id、task_id 或 customer_id 之一")
    if source:
        filters["source"] = source
    after = time_and_id(cursor)
    rows = await decisions.list_decisions(session, filters, by.scope, after, limit)
    items, following = paged(rows, limit, lambda row: (row.at, row.event_key))
    items = await with_standings(session, items)
    titles = await policies.get_titles(session, policies_in(*(row.details for row in items)))
    return Page(items=[DecisionOut.of(row, titles) for row in items], next_cursor=following)


@router.get("/explain", summary="为什么回访或没有回访一位客户的单据")
async def explain(
    request: Request,
    session: ReadSession,
    by: Reader,
    customer_id: Annotated[str, Query(description="客户编号，与 order 合用", max_length=64)] = "",
    order: Annotated[str, Query(description="单号：订单、工单、12345 工单、户号、项目号", max_length=200)] = "",
    event_id: Annotated[str, Query(description="发送方给出的事件编号", max_length=256)] = "",
    source: Annotated[str, Query(description="来源，与事件编号合用", max_length=256)] = "",
) -> ExplainOut:
    """须给出客户与单号，或事件编号。逐句说明收到的事实、每条策略的决定与依据、任务此后的全部经过；没有决定时说明在哪里。"""
    if not event_id and not (customer_id and order):
        raise InvalidInput("请给出 customer_id 与 order，或 event_id")
    runtime = request.app.state.runtime
    (runner,) = runtime.consumers
    queue = explaining.Queue(runtime.broker, runner.group, runner.topics)
    question = explaining.Question(customer_id, order, event_id, source)
    return ExplainOut.of(await explaining.answer(session, question, queue, by.scope))


@router.get("/decisions/stats", summary="决定统计：各结果的数量")
async def get_stats(
    session: ReadSession,
    clock: ClockDep,
    by: Reader,
    first: Annotated[Day | None, Query(alias="from", description="事实的首日（UTC），默认末日前 30 天")] = None,
    last: Annotated[Day | None, Query(alias="to", description="事实的末日（UTC），默认不限")] = None,
) -> dict[str, int]:
    """planned 已计划、merged 已合并、sampled_out 未抽中、no_policy_matches 没有策略匹配等，各有多少。"""
    if first is None:  # whose units' they are is looked up for each: not for years of them unless somebody means it
        ends = last or clock.now().date()
        first = max(ends, date.min + STATS_DAYS) - STATS_DAYS
    return await decisions.count_outcomes(session, first, last, by.scope)


@router.post("/policies/try", summary="试算一个事件")
@raises(CustomerNotFound)
async def try_event(tried: TryIn, request: Request, session: ReadSession, clock: ClockDep, by: Checker) -> DecisionOut:
    """按现行策略给出决定，不产生任何记录与任务。"""
    event = Event(tried.id, tried.source, wire_type(tried.type), tried.time or clock.now(), "", tried.data)
    decision = await events.try_event(session, policies_of(request.app.state.runtime), event, by.scope)
    titles = await policies.get_titles(session, policies_in(decision.details))
    return DecisionOut.tried(decision, titles)
