"""Figures over HTTP."""

import asyncio
from collections.abc import Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from services.analytics import queries, store
from services.analytics.access import Agent, Reader, TimelineReader
from services.analytics.domain.kpis import Kpi
from services.analytics.domain.periods import Period
from services.analytics.domain.selection import Dimension, Selection
from services.analytics.domain.timeline import Entry
from services.analytics.schemas import (
    DefinitionOut,
    EntryOut,
    Filters,
    FunnelOut,
    KpiOut,
    all_kpis,
    chosen_kpis,
    definition_out,
    dimensions,
    entry_out,
    filters,
    funnel_out,
    kpi_out,
    timeline_named,
    today_of,
)
from services.analytics.schemas_agents import AgentOut, OwnFiguresOut, agent_kpis_of, agent_out, own_figures_out
from services.analytics.workbook import kpi_workbook
from shared.auth import Principal
from shared.errors import InvalidInput
from shared.http import ReadSession, WorkDep, audit
from shared.messaging import Work
from shared.pagination import Cursor, Limit, Page, paged, time_and_id

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 50_000
EPOCH = date(2000, 1, 1)

router = APIRouter(prefix="/api/v1", tags=["指标"])
Asked = Annotated[Filters, Depends(filters)]
Kpis = Annotated[list[Kpi], Depends(chosen_kpis)]


def selection(
    request: Request,
    principal: Reader,
    asked: Asked,
    by: Annotated[tuple[Dimension, ...], Depends(dimensions)],
    period: Annotated[Period, Query(description="期间：日、ISO 周、月、季、年或合计")] = Period.TOTAL,
) -> Selection:
    """What was asked, within the caller's scope; nothing has fallen due after today yet, so that is where it ends."""
    today = today_of(request)
    return asked.selection(principal, today, period, by).until(today)


Wanted = Annotated[Selection, Depends(selection)]


@router.get("/kpis", summary="指标", response_model=list[KpiOut])
async def get_kpis(session: ReadSession, wanted: Wanted, kpis: Kpis) -> list[KpiOut]:
    """任意期间、任意分组的指标，附分子、分母、样本量、公式版本与置信区间。"""
    return [kpi_out(row, wanted) for row in await _rows(session, wanted, kpis)]


@router.get("/kpis/definitions", summary="指标口径")
async def get_definitions(request: Request, _reader: Reader) -> list[DefinitionOut]:
    """每个指标唯一的口径：公式、归属日期、分子与分母的度量。"""
    return [definition_out(kpi) for kpi in all_kpis(request).values()]


@router.get(
    "/kpis.xlsx",
    summary="导出 Excel",
    response_class=Response,
    responses={200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_workbook(work: WorkDep, reader: Reader, wanted: Wanted, kpis: Kpis) -> Response:
    """与指标接口相同的筛选条件；第二张表为口径说明。"""
    rows = await _rows(work.session, wanted, kpis)
    labels = await queries.labels(work.session)
    await audit(work, reader, "figures.exported", "", first=wanted.first, last=wanted.last, rows=len(rows))
    content = await asyncio.to_thread(kpi_workbook, rows, wanted, kpis, labels)
    name = f"kpi-{wanted.first:%Y%m%d}-{wanted.last:%Y%m%d}.xlsx"
    return Response(content, media_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})


@router.get("/funnel", summary="漏斗")
async def get_funnel(request: Request, session: ReadSession, principal: Reader, asked: Asked) -> FunnelOut:
    """从业务事实到闭环的各环节数量，各按其发生日；不填日期则为全部。"""
    wanted = asked.selection(principal, today_of(request), default_first=EPOCH)
    return funnel_out(await queries.funnel(session, wanted), wanted)


@router.get("/agents", summary="坐席业绩")
async def get_agents(request: Request, session: ReadSession, principal: Reader, asked: Asked) -> list[AgentOut]:
    """坐席的拨打、接通、有效、通话与整理时长；按作业当时的班组计。"""
    wanted, kpis = asked.selection(principal, today_of(request)), agent_kpis_of(request)
    return [agent_out(figures, kpis) for figures in await queries.agents(session, wanted)]


@router.get("/agents/me", summary="我的业绩")
async def get_own_figures(request: Request, session: ReadSession, principal: Agent, asked: Asked) -> OwnFiguresOut:
    """坐席只能看到自己的业绩，以及同班组的中位数（不含姓名，不足 3 人不给出）。"""
    wanted, kpis = asked.selection(principal, today_of(request)), agent_kpis_of(request)
    own = await queries.own_figures(session, wanted, principal.id, kpis.values())
    return own_figures_out(own, wanted, kpis)


@router.get("/timeline", summary="时间线")
async def get_timeline(
    work: WorkDep,
    principal: TimelineReader,
    asked: Annotated[dict[str, str], Depends(timeline_named)],
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[EntryOut]:
    """一位客户或一件事项在各服务中发生的全部事，逐条用中文说明，先发生的在前；查看会记入审计。"""
    entries, following = await timeline_of(work, principal, asked, cursor, limit)
    labels = await queries.labels(work.session)
    return Page(items=[entry_out(entry, labels) for entry in entries], next_cursor=following)


async def timeline_of(
    work: Work, principal: Principal, asked: Mapping[str, str], cursor: Cursor, limit: int
) -> tuple[list[Entry], str | None]:
    """A page of a timeline as far as the reader sees it, and where the next one begins; the look is recorded."""
    await audit(work, principal, "timeline.read", asked.get("customer_id", ""), **asked)
    found = await store.list_entries(work.session, asked, principal.scope, time_and_id(cursor), limit + 1)
    return paged(found, limit, lambda entry: (entry.at, entry.event_key))


async def _rows(session: ReadSession, wanted: Selection, kpis: list[Kpi]) -> list[queries.KpiRow]:
    rows = await queries.kpi_rows(session, wanted, kpis)
    if len(rows) > MOST_ROWS:
        raise InvalidInput(f"结果超过 {MOST_ROWS:,} 行，请缩短期间、减少分组或指定指标")
    return rows
