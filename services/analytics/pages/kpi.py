"""The KPI page: figures with their formulas, charts, filters kept in the address; the timeline of a customer or a matter."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from services.analytics import queries, store
from services.analytics.access import READERS, Reader, TimelineReader
from services.analytics.api import timeline_of
from services.analytics.domain.board import BRANCH_TABLE, GROUPS, TREND
from services.analytics.domain.formatting import NOTHING, shown_parts, shown_value
from services.analytics.domain.funnel import FUNNEL
from services.analytics.domain.kpis import Kpi
from services.analytics.domain.labels import Labels
from services.analytics.domain.periods import PERIOD_NAMES, Period, label, start_of
from services.analytics.domain.selection import Dimension, Selection
from services.analytics.queries import KpiRow
from services.analytics.schemas import Filters, all_kpis, entry_out, filters, scoped, timeline_asked, today_of
from shared.auth import Principal
from shared.front_door import own_address
from shared.http import ClockDep, ReadSession, WorkDep
from shared.live import open_stream
from shared.pagination import Cursor
from shared.web import render
from shared.zone import ORG_ZONE, local_day

router = APIRouter(include_in_schema=False)
SHOWN = 100
WEEKDAYS = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
PERIODS = {period: name for period, name in PERIOD_NAMES.items() if period is not Period.TOTAL}


@router.get("/")
async def home(request: Request, _reader: Reader) -> Response:
    return RedirectResponse(own_address(request, "/kpi"), 303)


@router.get("/kpi")
async def kpi_page(
    request: Request,
    session: ReadSession,
    principal: Reader,
    clock: ClockDep,
    asked: Annotated[Filters, Depends(filters)],
    period: Period = Period.DAY,
    basically: Annotated[bool | None, Query()] = None,
) -> Response:
    """One selection for everything on the page, so that its figures agree with each other."""
    today = today_of(request)
    wanted = asked.selection(principal, today).until(today)
    kpis = all_kpis(request, basically)
    figures = {row.kpi.id: row for row in await queries.kpi_rows(session, wanted, list(kpis.values()))}
    found = await queries.funnel(session, wanted)
    labels = await queries.labels(session)
    return render(
        request,
        "kpi.html",
        as_of=clock.now().astimezone(ORG_ZONE),
        asked=asked,
        wanted=wanted,
        chosen=labels.filters(wanted),
        period=period,
        periods=PERIODS,
        basically=basically,
        groups={name: [_card(figures[id_]) for id_ in ids] for name, ids in GROUPS.items()},
        empty=not any(found.stages.values()),
        funnel=[(FUNNEL[stage], amount) for stage, amount in found.stages.items()],
        branches=await _branches(session, wanted, kpis, labels),
        columns=[kpis[id_] for id_ in BRANCH_TABLE],
        totals=[shown_value(figures[id_].kpi, figures[id_].figure) for id_ in BRANCH_TABLE],
        trend=await _trend(session, wanted, period, kpis[TREND]),
        heat=await queries.contact_heat(session, wanted),
        choices=await _choices(session, principal, labels),
        presets=_presets(request, today),
        export=own_address(request, "/api/v1/kpis.xlsx?")
        + _query(request, to=wanted.last, by="branch", **{"from": wanted.first}),
    )


@router.get("/kpi/live")
async def live(request: Request, reader: Reader) -> Response:
    """A stream that says when figures have changed (`shared.live`)."""
    return await open_stream(request, reader, *READERS)


@router.get("/timeline")
async def timeline_page(
    request: Request,
    work: WorkDep,
    principal: TimelineReader,
    asked: Annotated[dict[str, str], Depends(timeline_asked)],
    cursor: Cursor = None,
) -> Response:
    """What happened to a customer or in a matter, asked for by number: the first page of any enquiry."""
    entries, following = await timeline_of(work, principal, asked, cursor, SHOWN) if asked else ([], None)
    labels = await queries.labels(work.session)
    days = groupby((entry_out(entry, labels) for entry in entries), key=lambda entry: local_day(entry.at))
    return render(
        request,
        "timeline.html",
        asked=asked,
        days=[(f"{day:%Y-%m-%d}（{WEEKDAYS[day.weekday()]}）", list(of_day)) for day, of_day in days],
        zone=ORG_ZONE,
        labels=labels,
        branch=Dimension.BRANCH,
        more=own_address(request, "/timeline?") + _query(request, cursor=following) if following else "",
    )


def _card(row: KpiRow) -> Mapping[str, Any]:
    figure = row.figure
    return {
        "kpi": row.kpi,
        "value": shown_value(row.kpi, figure),
        "parts": shown_parts(row.kpi, figure),
        "small": figure.small_sample and bool(figure.denominator),
        "interval": tuple(f"{bound:.1%}" for bound in figure.interval) if figure.interval else (),
    }


async def _trend(session: ReadSession, wanted: Selection, period: Period, kpi: Kpi) -> Sequence[Mapping[str, Any]]:
    rows = await queries.kpi_rows(session, wanted.cut(period), [kpi])
    return [_point(label(period, row.start), row) for row in rows]


async def _branches(
    session: ReadSession, wanted: Selection, kpis: Mapping[str, Kpi], labels: Labels
) -> Sequence[Mapping[str, Any]]:
    """One row per branch: the trend's KPI for the chart, all columns for the table."""
    rows = await queries.kpi_rows(session, wanted.cut(by=(Dimension.BRANCH,)), [kpis[id_] for id_ in BRANCH_TABLE])
    found: dict[str, dict[str, KpiRow]] = {}
    for row in rows:
        found.setdefault(row.group[0], {})[row.kpi.id] = row
    return [
        {
            "name": labels.text(Dimension.BRANCH, branch),
            "cells": [shown_value(r.kpi, r.figure) if (r := row.get(id_)) else NOTHING for id_ in BRANCH_TABLE],
            "point": _point(labels.text(Dimension.BRANCH, branch), row[TREND]) if TREND in row else None,
        }
        for branch, row in found.items()
    ]


def _point(name: str, row: KpiRow) -> Mapping[str, Any]:
    """A point of a chart; `n` is shown beside it, small samples are greyed."""
    return {
        "name": name,
        "value": row.figure.value,
        "shown": shown_value(row.kpi, row.figure),
        "n": row.figure.sample_size,
        "small": row.figure.small_sample,
        "interval": row.figure.interval,
    }


async def _choices(
    session: ReadSession, principal: Principal, labels: Labels
) -> Mapping[Dimension, Sequence[tuple[str, str]]]:
    """What the filters offer, as (code, text)."""
    visible = scoped(principal, ())
    return {
        dimension: [
            (code, labels.text(dimension, code))
            for code in await store.list_choices(session, dimension)
            if dimension is not Dimension.BRANCH or visible is None or code in visible
        ]
        for dimension in Dimension
    }


def _presets(request: Request, today: date) -> Sequence[tuple[str, str]]:
    """Links to usual ranges that keep the other filters."""
    month = start_of(Period.MONTH, today)
    before = month - timedelta(days=1)
    ranges = {
        "本月": (month, today),
        "上月": (start_of(Period.MONTH, before), before),
        "近 7 天": (today - timedelta(days=6), today),
        "近 30 天": (today - timedelta(days=29), today),
        "本年": (start_of(Period.YEAR, today), today),
    }
    page = own_address(request, "/kpi?")
    return [(name, page + _query(request, to=last, **{"from": first})) for name, (first, last) in ranges.items()]


def _query(request: Request, **changes: object) -> str:
    """The address's query with some parameters changed, so that filters survive every link."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if value and name not in changes]
    return urlencode([*kept, *((name, str(value)) for name, value in changes.items())])
