"""「我的业绩」: what an agent did today or this week, beside the median of the team and never beside a name."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from services.analytics import queries
from services.analytics.access import Agent
from services.analytics.domain.agent_kpis import OWN_PAGE
from services.analytics.domain.formatting import shown_number_of, shown_parts, shown_value
from services.analytics.domain.kpis import Kpi
from services.analytics.domain.periods import WEEKDAYS, Period, start_of
from services.analytics.queries import OwnFigures
from services.analytics.schemas import Filters, filters, today_of
from services.analytics.schemas_agents import agent_kpis_of
from shared.http import ReadSession
from shared.web import render
from shared.web.addresses import panel_of

router = APIRouter(include_in_schema=False)


class Span(StrEnum):
    """The usual ranges, each from its start until today."""

    TODAY = "today"
    WEEK = "week"
    MONTH = "month"


SPANS = {Span.TODAY: "今日", Span.WEEK: "本周", Span.MONTH: "本月"}
_PERIODS = {Span.TODAY: Period.DAY, Span.WEEK: Period.WEEK, Span.MONTH: Period.MONTH}


@router.get("/performance")
async def performance(
    request: Request,
    session: ReadSession,
    agent: Agent,
    asked: Annotated[Filters, Depends(filters)],
    span: Span = Span.TODAY,
) -> Response:
    """Days that are asked for go before the span."""
    today = today_of(request)
    chosen = None if asked.first or asked.last else span
    if chosen:
        asked = replace(asked, first=start_of(_PERIODS[chosen], today), last=today)
    wanted, kpis = asked.selection(agent, today), agent_kpis_of(request)
    own = await queries.own_figures(session, wanted, agent.id, kpis.values())
    return render(
        request,
        "performance.html",
        wanted=wanted,
        days=_days(wanted.first, wanted.last),
        span=chosen,
        spans=SPANS,
        cards=[_card(kpis[id_], own) for id_ in OWN_PAGE] if own.teams else [],
        peers=own.peers.peers,
        reviews=panel_of(request, "visits", "/fragments/reviews", first=wanted.first, last=wanted.last),
    )


def _card(kpi: Kpi, own: OwnFigures) -> Mapping[str, Any]:
    """A figure as it is shown; `few` when so few were asked that the share says little."""
    figure, peers = own.total.figure(kpi), own.peers.values.get(kpi.id)
    is_share = kpi.unit == "ratio" and bool(figure.denominator)
    return {
        "kpi": kpi,
        "value": shown_value(kpi, figure),
        "parts": shown_parts(kpi, figure),
        "n": figure.sample_size if is_share else None,
        "few": is_share and figure.small_sample,
        "median": None if peers is None else shown_number_of(kpi.unit, peers),
    }


def _days(first: date, last: date) -> str:
    """The range in words: `2026-03-30（周一）至 2026-03-31（周二）`."""
    return " 至 ".join(f"{day}（周{WEEKDAYS[day.weekday()]}）" for day in dict.fromkeys((first, last)))
