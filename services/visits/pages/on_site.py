"""The page of visits on site, for a phone: the day's appointments with their addresses, and the visit that is open.

The visit itself is shown and changed as at the workbench: `pages.agent` gives the sheet, the API takes what is recorded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request, Response

from services.visits.access import Agent
from services.visits.api.dependencies import ShownRulesDep
from services.visits.commands.claiming import claimant
from services.visits.domain.appointments import address_of
from services.visits.domain.results import RESULTS, ResultCode
from services.visits.domain.visit import State, Visit
from services.visits.pages.agent import languages
from services.visits.pages.rows import clock_text, result_of, source_of
from services.visits.schemas.work_rules import ResultCodeOut
from services.visits.store import workbench
from shared.auth import Principal
from shared.http import ClockDep, ReadSession
from shared.web import render
from shared.zone import local_day, midnight

router = APIRouter(include_in_schema=False)
SHOWN = 30
# what can come of a visit at the door
AT_THE_DOOR = {
    "completed": "完成",
    "partly": "部分完成",
    "callback_agreed": "改约",
    "refused": "拒访",
    "wrong_person": "非本人",
    "language_barrier": "语言不通",
    "no_answer": "家中无人",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """One visit of the list. `time` is when the customer expects somebody, `late` whether that has passed."""

    id: str
    time: str
    name: str
    address: str
    what: str
    held: bool
    late: bool
    confirmed: bool
    open: bool


@router.get("/on-site")
async def on_site(
    request: Request, agent: Agent, session: ReadSession, clock: ClockDep, current: ShownRulesDep
) -> Response:
    """The page; the visit that was open in this browser is opened again."""
    return render(
        request,
        "on_site.html",
        languages=await languages(session),
        codes=_codes(current.rules.selectable),
        rules_version=current.version,
        groups=await _groups(session, agent, clock.now()),
    )


@router.get("/on-site/list")
async def stops(request: Request, agent: Agent, session: ReadSession, clock: ClockDep) -> Response:
    """The list alone, asked for every few seconds."""
    return render(request, "on_site/list.html", groups=await _groups(session, agent, clock.now()))


@router.get("/on-site/result-codes")
async def result_codes(_agent: Agent, current: ShownRulesDep) -> list[dict[str, object]]:
    """What can come of a visit at the door, as the work rules have it now."""
    return _codes(current.rules.selectable)


def _codes(codes: Iterable[ResultCode]) -> list[dict[str, object]]:
    """Those of a visit at the door; in its words, unless the deployment has words of its own."""
    at_the_door = [code for code in codes if code.means in AT_THE_DOOR]
    return [ResultCodeOut.of(code).model_dump(mode="json") | {"label": _label(code)} for code in at_the_door]


def _label(code: ResultCode) -> str:
    return AT_THE_DOOR[code.means] if code.label == RESULTS[code.means].label else code.label


async def _groups(session: ReadSession, agent: Principal, now: datetime) -> list[tuple[str, list[Stop]]]:
    """(title, visits) of what there is, the most urgent first; empty groups are left out."""
    today = midnight(local_day(now))
    tomorrow, who = today + timedelta(days=1), claimant(agent)
    agreed = await workbench.list_appointments(session, who, agent.scope, SHOWN)
    groups = {
        "手上的": await workbench.list_held_on_site(session, who, agent.scope),
        "今天": [visit for visit in agreed if _expected(visit) < tomorrow],
        "以后": [visit for visit in agreed if _expected(visit) >= tomorrow],
        "可领取": await workbench.list_open_on_site(session, who, agent.scope, SHOWN),
        "今天已完成": await workbench.list_done_on_site(session, who, agent.scope, today),
    }
    return [(title, _stops(visits, now)) for title, visits in groups.items() if visits]


def _expected(visit: Visit) -> datetime:
    return visit.callback_at or visit.due_at


def _stops(visits: Iterable[Visit], now: datetime) -> list[Stop]:
    return [
        Stop(
            id=str(visit.id),
            time=result_of(visit) if visit.finished else _time(visit, now),
            name=visit.customer.name or "客户",
            address=address_of(visit) or "来源没有带来地址",
            what=source_of(visit),
            held=visit.state is State.CLAIMED,
            late=not visit.finished and visit.callback_at is not None and visit.callback_at < now,
            confirmed=visit.confirmed,
            open=not visit.finished,
        )
        for visit in visits
    ]


def _time(visit: Visit, now: datetime) -> str:
    return clock_text(visit.callback_at, now) if visit.callback_at else "未约时间"
