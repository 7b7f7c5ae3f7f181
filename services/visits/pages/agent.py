"""The agent's workbench: the page, and the parts it loads while the agent works.

What changes anything goes through the API (`api.work`); these routes only show.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.visits.access import AGENTS, Agent
from services.visits.api.dependencies import RulesDep, SettingsDep, ShownRulesDep
from services.visits.commands.claiming import claimant
from services.visits.domain import callbacks
from services.visits.domain.attempts import Attempt
from services.visits.domain.claiming import ON_SITE, alone_word
from services.visits.domain.errors import VisitNotFound
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.visit import Visit, require_holder
from services.visits.domain.work_rules import WorkRules
from services.visits.pages.documents import document_lines
from services.visits.pages.rows import clock_text, result_of, row_of, source_of
from services.visits.schemas.visits import NoticeOut
from services.visits.schemas.work_rules import ResultCodeOut
from services.visits.schemas.workbench import CallbackTimeOut, Sheet
from services.visits.store import queries, rows, shifts
from services.visits.store import workbench as store
from services.visits.store.workbench import Tab
from shared.auth import Principal
from shared.contracts.words import SKILLS, word_of
from shared.http import ClockDep, ReadSession, SealerDep, etag
from shared.live import open_stream
from shared.moments import Instant
from shared.web import render
from shared.web.addresses import panel_of
from shared.zone import ORG_ZONE, local_day, midnight

router = APIRouter(include_in_schema=False)
TABS = {Tab.OPEN: "待回访", Tab.CALLBACKS: "预约", Tab.MINE: "跟进中", Tab.DONE: "今日已完成"}
EMPTY = {
    Tab.OPEN: "现在没有待回访的单。新的单下达后会出现在这里；可以先看「预约」和「跟进中」。",
    Tab.CALLBACKS: "没有约好的回呼。客户说「现在不方便」时，按 F6 约一个时间。",
    Tab.MINE: "手上没有未办结的单。按 Enter 领取下一单。",
    Tab.DONE: "今天还没有完成的回访。",
}
# fragments of other services, beside the call
PANELS = (
    ("complaints", "/fragments/cases", "未结投诉"),
    ("notifications", "/fragments/messages", "已发消息"),
)
SHOWN = 30
EARLIER = 8


@router.get("/agent")
async def workbench(
    request: Request,
    agent: Agent,
    session: ReadSession,
    clock: ClockDep,
    settings: SettingsDep,
    current: ShownRulesDep,
    tab: Annotated[Tab, Query()] = Tab.OPEN,
) -> Response:
    """The page; a visit that the agent already holds is opened again."""
    held = await store.held_by(session, claimant(agent), agent.scope)
    return render(
        request,
        "agent.html",
        start_with=str(held.id) if held else "",
        cti=settings.cti,
        newcomer=not await store.has_worked(session, agent.id),
        languages=await languages(session),
        codes=[ResultCodeOut.of(code).model_dump(mode="json") for code in current.rules.selectable],
        rules_version=current.version,
        queue=await _queue(session, agent, clock.now(), tab),
    )


@router.get("/agent/queue")
async def queue(
    request: Request, agent: Agent, session: ReadSession, clock: ClockDep, tab: Annotated[Tab, Query()] = Tab.OPEN
) -> Response:
    """Tabs with their counters and the first rows of one."""
    return render(request, "agent/queue.html", queue=await _queue(session, agent, clock.now(), tab))


@router.get("/agent/due-callbacks")
async def due_callbacks(agent: Agent, session: ReadSession) -> dict[str, int]:
    """How many callbacks that may be the agent's have come to their time: asked for by the head of every page."""
    return {"due": await store.count_due_callbacks(session, claimant(agent), agent.scope)}


@router.get("/agent/live")
async def live(request: Request, agent: Agent) -> Response:
    """A stream that says when to ask for the queue, and for what is said of the visit in hand, again (`shared.live`)."""
    return await open_stream(request, agent, *AGENTS)


@router.get("/agent/visits/{visit_id}")
async def sheet(
    visit_id: UUID, agent: Agent, session: ReadSession, clock: ClockDep, current: ShownRulesDep, response: Response
) -> Sheet:
    """What the page needs to lead the agent through the call."""
    visit, questionnaire = await _mine(session, visit_id, agent)
    response.headers["ETag"] = etag(visit.version)
    response.headers["Cache-Control"] = "no-store"
    return Sheet.of_call(visit, questionnaire, current.version, clock.now())


@router.get("/agent/visits/{visit_id}/notices")
async def notices(visit_id: UUID, agent: Agent, session: ReadSession) -> list[NoticeOut]:
    """What has changed since the visit was claimed; asked for again and again, also to hear that it was taken away."""
    visit, _ = await _mine(session, visit_id, agent)
    return [NoticeOut.model_validate(notice) for notice in visit.notices]


@router.get("/agent/visits/{visit_id}/aside")
async def aside(
    request: Request,
    visit_id: UUID,
    agent: Agent,
    session: ReadSession,
    sealer: SealerDep,
    clock: ClockDep,
    current: ShownRulesDep,
) -> Response:
    """The customer, the source documents, and the earlier contacts."""
    visit, _ = await _mine(session, visit_id, agent)
    earlier = await queries.list_visits(
        session, queries.Filter(customer_id=visit.customer.id), agent.scope, None, EARLIER
    )
    attempts = await queries.attempts_of(session, earlier)
    now = clock.now()
    return render(
        request,
        "agent/aside.html",
        visit=visit,
        source=source_of(visit),
        documents=[(matter, document_lines(matter, sealer)) for matter in visit.matters],
        contacts=_contacts(earlier, attempts, current.rules, now),
        reached=_reached(attempts),
        agreed=f"{clock_text(visit.callback_at, now)} 回呼" if visit.callback_at and not visit.on_site else "",
        preferred=_preferred(visit),
        alone=alone_word(visit),
        needs=[word_of(SKILLS, need) for need in visit.needs if need != ON_SITE],
        skilled=bool(agent.skills),
        invited_until=clock_text(visit.invited_until, now) if visit.invitation and visit.invited_until else "",
        panels=_panels(request, visit.customer.id),
    )


@router.get("/agent/callback-times")
async def callback_times(
    _agent: Agent, clock: ClockDep, rules: RulesDep, at: Instant | None = None
) -> list[CallbackTimeOut]:
    """Times to offer to a customer; with `at`, only when that one would really be called."""
    times = [callbacks.placed("", at, rules.hours)] if at else callbacks.offered(clock.now(), rules.hours)
    return [CallbackTimeOut.of(time) for time in times]


async def _mine(session: ReadSession, visit_id: UUID, agent: Principal) -> tuple[Visit, Questionnaire | None]:
    found = await rows.get_visit(session, visit_id, agent.scope)
    if found is None:
        raise VisitNotFound
    require_holder(found[0], agent.id)
    return found


async def _queue(session: ReadSession, agent: Principal, now: datetime, tab: Tab) -> dict[str, object]:
    today, who = midnight(local_day(now)), claimant(agent)
    counts = await store.count_tabs(session, who, agent.scope, today)
    visits = await store.list_tab(session, tab, who, agent.scope, today, SHOWN)
    return {
        "tab": tab,
        "tabs": [(each, TABS[each], _counted(counts[each])) for each in Tab],
        "due": await store.count_due_callbacks(session, who, agent.scope) if counts[Tab.CALLBACKS] else 0,
        "rows": [row_of(visit, now) for visit in visits],
        "empty": EMPTY[tab],
        "more": max(0, counts[tab] - sum(not visit.practice for visit in visits)),
    }


async def languages(session: ReadSession) -> list[tuple[str, str]]:
    """(skill, name) of what a customer may speak: first what somebody here speaks, an organisation's own words too."""
    spoken = [code for code in await shifts.list_skills(session) if code != ON_SITE]
    known = [code for code in SKILLS if code != ON_SITE and code not in spoken]
    return [(code, word_of(SKILLS, code)) for code in (*spoken, *known)]


def _counted(number: int) -> str:
    return str(number) if number < store.MOST_COUNTED else f"{store.MOST_COUNTED - 1}+"


def _contacts(
    visits: list[Visit], attempts: dict[UUID, list[Attempt]], rules: WorkRules, now: datetime
) -> list[dict[str, object]]:
    """Every try at this customer, what they answered by themselves, and what finished visits came to, newest first."""
    made = [(attempt.at, _tried(attempt, visit, rules)) for visit in visits for attempt in attempts.get(visit.id, ())]
    made += [
        (visit.finished_at, _self_answered(visit)) for visit in visits if visit.self_answered and visit.finished_at
    ]
    made.sort(key=lambda pair: pair[0], reverse=True)
    return [{"at": clock_text(at, now), **contact} for at, contact in made[:EARLIER]]


def _tried(attempt: Attempt, visit: Visit, rules: WorkRules) -> dict[str, object]:
    return {
        "what": source_of(visit),
        "result": result_of(visit) if _last(attempt, visit) else rules.label_of(attempt.own_code or attempt.result),
        "rating": (visit.outcome or {}).get("rating") if _last(attempt, visit) else None,
        "agent": attempt.agent,
        "note": attempt.note,
    }


def _self_answered(visit: Visit) -> dict[str, object]:
    outcome = visit.outcome or {}
    shown = {"what": source_of(visit), "result": result_of(visit), "rating": outcome.get("rating")}
    return {**shown, "agent": "客户自助", "note": outcome.get("remark", "")}


def _panels(request: Request, customer_id: str) -> list[tuple[str, str]]:
    """(address, what) of what other services know of the customer."""
    return [(panel_of(request, service, path, customer_id=customer_id), what) for service, path, what in PANELS]


def _last(attempt: Attempt, visit: Visit) -> bool:
    return visit.finished and not visit.self_answered and attempt.number == visit.attempts


def _reached(attempts: dict[UUID, list[Attempt]]) -> list[str]:
    """The times of day at which the customer picked up, newest first."""
    connected = sorted((a.at for made in attempts.values() for a in made if a.connected), reverse=True)
    return [f"{at.astimezone(ORG_ZONE):%H:%M}" for at in connected[:3]]


def _preferred(visit: Visit) -> list[str]:
    """The times of day that the customer asked for, where a source says so."""
    given = (matter.facts.get("preferred_times") for matter in visit.matters)
    return [str(frame) for frames in given if isinstance(frames, list) for frame in frames]
