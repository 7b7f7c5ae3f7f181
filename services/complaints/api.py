"""What HTTP can ask of complaints."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.complaints import commands, store
from services.complaints.access import Reader, Supervisor, Taker
from services.complaints.domain.case import Case, State
from services.complaints.domain.rules import Rules
from services.complaints.schemas import (
    Assign,
    Assigned,
    BulkAssign,
    BulkAssigned,
    CaseDetail,
    CaseOut,
    Close,
    Escalate,
    NewCase,
    Promise,
    Reason,
    Remark,
    Resolve,
    Stats,
    report_of,
    shown,
    shown_whole,
    stats_of,
)
from services.complaints.settings import ComplaintsSettings
from services.complaints.store import CaseFilter
from shared.auth import Caller
from shared.contracts.complaints import Grade
from shared.http import ClockDep, IfMatch, OnceDep, ReadSession, SealerDep, WorkDep, etag
from shared.official import KeptCalendar
from shared.pagination import Cursor, Limit, Page, paged, time_and_id
from shared.runtime import Runtime

router = APIRouter(prefix="/api/v1", tags=["投诉"])


async def _rules(request: Request, session: AsyncSession) -> Rules:
    runtime: Runtime = request.app.state.runtime
    calendar: KeptCalendar = runtime.state["calendar"]
    return runtime.settings_as(ComplaintsSettings).rules.on(await calendar.current(session))


# anonymous callers get 401 before the database is asked
async def _rules_to_read(_caller: Caller, request: Request, session: ReadSession) -> Rules:
    return await _rules(request, session)


async def _rules_to_change(_caller: Caller, request: Request, work: WorkDep) -> Rules:
    return await _rules(request, work.session)


ReadRules = Annotated[Rules, Depends(_rules_to_read)]
RulesDep = Annotated[Rules, Depends(_rules_to_change)]


class Show:
    """Answers a change: the case as it is now, with its ETag."""

    def __init__(self, response: Response, rules: RulesDep, sealer: SealerDep, clock: ClockDep) -> None:
        self.response = response
        self.rules = rules
        self.sealer = sealer
        self.clock = clock

    def __call__(self, case: Case) -> CaseOut:
        self.response.headers["ETag"] = etag(case.version)
        return shown(case, self.rules.limits, self.sealer, self.clock.now())


ShowDep = Annotated[Show, Depends(Show)]


@router.get("/cases", summary="投诉列表")
async def list_cases(
    session: ReadSession,
    rules: ReadRules,
    sealer: SealerDep,
    clock: ClockDep,
    principal: Reader,
    state: Annotated[list[State] | None, Query(description="状态，可多选")] = None,
    unit: Annotated[str | None, Query(description="责任单位")] = None,
    owner: Annotated[str | None, Query(description="责任人；填 me 只看本人负责的")] = None,
    grade: Annotated[Grade | None, Query(description="等级")] = None,
    overdue: Annotated[bool | None, Query(description="是否超时")] = None,
    important: Annotated[bool, Query(description="只看重要投诉")] = False,
    customer_id: Annotated[str | None, Query(description="客户编号")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CaseOut]:
    """按立案时间倒序；用 next_cursor 翻页。"""
    now = clock.now()
    answers_for = principal.id if owner == "me" else owner
    wanted = CaseFilter(tuple(state or ()), unit, answers_for, grade, customer_id, overdue, important, principal.scope)
    rows = await store.list_cases(session, wanted, now, time_and_id(cursor), limit + 1)
    items, following = paged(rows, limit, lambda case: (case.opened_at, case.id))
    return Page(items=[shown(case, rules.limits, sealer, now) for case in items], next_cursor=following)


@router.post("/cases", status_code=201, summary="人工登记投诉")
async def open_case(
    body: NewCase, response: Response, once: OnceDep, work: WorkDep, rules: RulesDep, show: ShowDep, taker: Taker
) -> CaseOut:
    """首问负责：登记人为责任人，直至客户得到答复；限于部分单位的只能为这些单位登记。带 Idempotency-Key 重复提交只立一次案。"""

    async def create() -> CaseOut:
        return show(await commands.open_by_hand(work, rules, report_of(body, show.sealer), taker))

    opened = await once(CaseOut, create)
    response.headers["ETag"] = etag(opened.version)
    response.headers["Location"] = f"/api/v1/cases/{opened.id}"
    return opened


@router.post("/cases/assign", summary="批量派发")
async def assign_cases(body: BulkAssign, work: WorkDep, rules: RulesDep, principal: Supervisor) -> BulkAssigned:
    """逐条给出结果；未能派发的说明原因，不影响其他。"""
    problems = await commands.assign_cases(work, rules, principal, body.ids, body.unit, body.owner)
    return BulkAssigned(items=[Assigned(id=i, assigned=not p, problem=p) for i, p in problems.items()])


@router.get("/cases/{case_id}", summary="投诉详情")
async def get_case(
    case_id: UUID,
    response: Response,
    session: ReadSession,
    rules: ReadRules,
    sealer: SealerDep,
    clock: ClockDep,
    principal: Reader,
) -> CaseDetail:
    """含全部经过与按工作时间计的倒计时。"""
    case = await store.get_case(session, case_id)
    commands.require_visible(principal, case)
    entries = await store.list_entries(session, case_id)
    response.headers["ETag"] = etag(case.version)
    return shown_whole(case, entries, rules.limits, sealer, clock.now())


@router.post("/cases/{case_id}/assign", summary="派发到责任单位")
async def assign(
    principal: Supervisor, case_id: UUID, body: Assign, seen: IfMatch, work: WorkDep, rules: RulesDep, show: ShowDep
) -> CaseOut:
    return show(await commands.assign_case(work, rules, principal, case_id, seen, body.unit, body.owner))


@router.post("/cases/{case_id}/resolve", summary="填报整改结果")
async def resolve(
    principal: Supervisor, case_id: UUID, body: Resolve, seen: IfMatch, work: WorkDep, show: ShowDep
) -> CaseOut:
    """整改后自动安排二次回访，以二次评价为准。"""
    return show(await commands.resolve_case(work, principal, case_id, seen, body.measures))


@router.post("/cases/{case_id}/reopen", summary="退回重办")
async def reopen(
    principal: Supervisor, case_id: UUID, body: Reason, seen: IfMatch, work: WorkDep, rules: RulesDep, show: ShowDep
) -> CaseOut:
    return show(await commands.reopen_case(work, rules, principal, case_id, seen, body.reason))


@router.post("/cases/{case_id}/close", summary="人工办结")
async def close(
    principal: Supervisor, case_id: UUID, body: Close, seen: IfMatch, work: WorkDep, show: ShowDep
) -> CaseOut:
    """须已征求客户意见：已有二次回访，或填写 customer_opinion。"""
    return show(await commands.close_case(work, principal, case_id, seen, body.reason, body.customer_opinion))


@router.post("/cases/{case_id}/reject", summary="驳回（须说明理由）")
async def reject(
    principal: Supervisor, case_id: UUID, body: Reason, seen: IfMatch, work: WorkDep, show: ShowDep
) -> CaseOut:
    return show(await commands.reject_case(work, principal, case_id, seen, body.reason))


@router.post("/cases/{case_id}/escalate", summary="人工提级")
async def escalate(
    principal: Supervisor, case_id: UUID, body: Escalate, seen: IfMatch, work: WorkDep, show: ShowDep
) -> CaseOut:
    return show(await commands.escalate_case(work, principal, case_id, seen, body.note))


@router.post("/cases/{case_id}/remarks", summary="添加主管复核备注")
async def remark(
    principal: Supervisor, case_id: UUID, body: Remark, seen: IfMatch, work: WorkDep, show: ShowDep
) -> CaseOut:
    return show(await commands.remark_case(work, principal, case_id, seen, body.text))


@router.post("/cases/{case_id}/promise", summary="登记承诺的下次答复时间")
async def promise(
    principal: Supervisor, case_id: UUID, body: Promise, seen: IfMatch, work: WorkDep, show: ShowDep
) -> CaseOut:
    return show(await commands.promise_reply(work, principal, case_id, seen, body.next_reply_at))


@router.get("/stats", summary="投诉统计")
async def stats(
    session: ReadSession,
    clock: ClockDep,
    principal: Reader,
    unit: Annotated[str | None, Query(description="责任单位")] = None,
) -> Stats:
    wanted = CaseFilter(unit=unit, scope=principal.scope)
    counts = await store.count_cases(session, wanted, clock.now(), ["responsible_unit", "state", "grade"])
    return stats_of(counts)
