"""The agent's work: claim, answer, record, give back."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.visits.access import Agent
from services.visits.api.dependencies import RulesDep, SettingsDep
from services.visits.api.reports import report_of
from services.visits.commands import claiming, invitations, working
from services.visits.domain.attempts import Attempt
from services.visits.domain.questionnaire import Questionnaire
from services.visits.procedures import calls
from services.visits.procedures.held import Held
from services.visits.schemas.questionnaires import Script
from services.visits.schemas.requests import AttemptIn, ClaimIn, ClaimOneIn, RevealIn, SaveAnswersIn
from services.visits.schemas.visits import (
    CallOut,
    Card,
    ClaimableOut,
    ClaimOut,
    DialOut,
    LeaseOut,
    PhoneOut,
    ReasonOut,
    ResultOut,
    VisitOut,
)
from services.visits.store.claims import Wanted
from shared.http import IfMatch, OnceDep, SealerDep, WorkDep, etag
from shared.observability.catalogue import counter
from shared.privacy import Sealer, as_dialled
from shared.zone import ORG_ZONE

router = APIRouter(prefix="/api/v1/visits", tags=["坐席作业"])
CompanionQuery = Annotated[str, Query(max_length=64, description="上门时的同行人员")]
ATTEMPTS = counter("huifang_visits_attempts_total", "Attempts by result code", "拨打次数", labels={"result": 40})
CLAIMED = counter("huifang_visits_claims_total", "Visits that agents claimed", "领取数")
CALLBACKS = counter(
    "huifang_visits_callbacks_total", "Attempts after an agreed callback: at the agreed time, or not", "预约回呼数",
    labels={"outcome": ("kept", "missed")},
)  # fmt: skip


@router.post("/claim", summary="领取下一批回访单")
async def claim(
    body: ClaimIn, agent: Agent, work: WorkDep, sealer: SealerDep, settings: SettingsDep, rules: RulesDep
) -> ClaimOut:
    """按「到点回呼、优先级、时限、应访时间」的顺序，领取本人班组、单位与技能范围内的单；同一客户的单一并领取，已被他人领取的不会重复给出。"""
    wanted = Wanted(body.limit, body.team)
    held = await claiming.claim_visits(work, agent, wanted, body.companion, rules, settings.lease)
    CLAIMED.inc(len(held))
    ends = [one.visit.lease_until for one in held if one.visit.lease_until]
    first = min(ends, default=settings.lease.until("phone", work.clock.machine()))
    return ClaimOut(items=[_card(one, sealer) for one in held], lease_until=first)


@router.get("/{visit_id}/claimable", summary="本人为何领不到这张单")
async def claimable(
    visit_id: UUID, agent: Agent, work: WorkDep, rules: RulesDep, companion: CompanionQuery = ""
) -> ClaimableOut:
    """逐条说明领取规则：状态、班组、本人完成的服务、独立回访、二次回访换人、同行人员、技能、时段等。"""
    reasons = await claiming.explain(work, agent, visit_id, companion, rules)
    listed = [ReasonOut(rule=reason.rule, message=reason.text) for reason in reasons]
    return ClaimableOut(claimable=not reasons, reasons=listed)


@router.post("/{visit_id}/claim", summary="领取指定的回访单")
async def claim_one(
    visit_id: UUID, body: ClaimOneIn, agent: Agent, work: WorkDep, sealer: SealerDep, settings: SettingsDep,
    rules: RulesDep, response: Response,
) -> Card:  # fmt: skip
    """从列表中领取一张，规则与「领取下一批」相同；不能领取时逐条说明原因。"""
    held = await claiming.claim_one(work, agent, visit_id, body.companion, rules, settings.lease)
    if not held.visit.practice:
        CLAIMED.inc()
    response.headers["ETag"] = etag(held.visit.version)
    return _card(held, sealer)


@router.post("/{visit_id}/dial", summary="拨打")
async def dial(visit_id: UUID, agent: Agent, work: WorkDep, sealer: SealerDep, rules: RulesDep) -> DialOut:
    """再次确认可以联系（未撤销、未推迟、客户未拒绝、同事未在联系、在可拨打时段内或客户约定此时），记录开始时间，给出号码；重复调用不重新计时。"""
    visit, numbers = await calls.dial(work, agent, visit_id, sealer, rules)
    dialled = [as_dialled(number) for number in numbers]
    return DialOut(started_at=visit.call_started_at, ended_at=visit.call_ended_at, numbers=dialled)


@router.post("/{visit_id}/hang-up", summary="挂断")
async def hang_up(visit_id: UUID, agent: Agent, work: WorkDep) -> CallOut:
    """记录通话结束，开始整理；重复调用不改变时间。"""
    visit = await working.hang_up(work, agent, visit_id)
    return CallOut(started_at=visit.call_started_at, ended_at=visit.call_ended_at)


@router.put("/{visit_id}/answers", summary="暂存答案")
async def save_answers(
    visit_id: UUID,
    body: SaveAnswersIn,
    agent: Agent,
    work: WorkDep,
    settings: SettingsDep,
    seen: IfMatch,
    response: Response,
) -> Script:
    """整体替换已暂存的答案并续期，返回答案变化后当前可见的问题。"""
    held = await working.save_answers(work, agent, visit_id, body.answers, seen, settings.lease)
    response.headers["ETag"] = etag(held.visit.version)
    assert isinstance(held.questionnaire, Questionnaire)
    return Script.of(held.visit, held.questionnaire)


@router.post("/{visit_id}/attempts", status_code=201, summary="提交通话小结")
async def record_attempt(
    visit_id: UUID,
    body: AttemptIn,
    agent: Agent,
    work: WorkDep,
    sealer: SealerDep,
    rules: RulesDep,
    once: OnceDep,
) -> ResultOut:
    """记录一次联系，并据结果办结、约定回呼或安排重拨；一次调用完成，带 Idempotency-Key 可安全重试。"""

    async def create() -> ResultOut:
        report = report_of(body, agent.id, sealer, rules)
        visit, attempt, clashes = await working.record_attempt(work, agent, visit_id, report, rules, sealer)
        visit = await invitations.invite_after(work, sealer, visit, report.code.code, rules)
        if not visit.practice:
            _count(attempt)
        moved = body.callback_at is not None and visit.next_at != body.callback_at
        return ResultOut(
            visit_id=visit.id,
            attempt_id=attempt.id,
            attempts=visit.attempts,
            state=visit.state,
            next_at=visit.next_at,
            ended=visit.ended,
            outcome=dict(visit.outcome) if visit.outcome else None,
            warnings=[
                *(["约定时间不在可拨打时段内，已顺延到 next_at"] if moved and visit.next_at else []),
                *(
                    f"您 {_local(other.callback_at)} 已约了 {other.customer.name or other.customer.id}"
                    for other in clashes
                ),
            ],
        )

    return await once(ResultOut, create)


@router.post("/{visit_id}/release", summary="退回未办结的单")
async def give_back(visit_id: UUID, agent: Agent, work: WorkDep, response: Response) -> VisitOut:
    """把自己领取的单退回队列。"""
    visit = await working.give_back(work, agent, visit_id)
    response.headers["ETag"] = etag(visit.version)
    return VisitOut.of(visit)


@router.post("/{visit_id}/refresh-lease", summary="续期")
async def refresh_lease(visit_id: UUID, agent: Agent, work: WorkDep, settings: SettingsDep) -> LeaseOut:
    """仍在处理，延长领取时间。"""
    visit = await working.refresh_lease(work, agent, visit_id, settings.lease)
    assert visit.lease_until is not None
    return LeaseOut(lease_until=visit.lease_until)


@router.post("/{visit_id}/reveal-phone", summary="显示完整号码")
async def reveal_phone(visit_id: UUID, body: RevealIn, agent: Agent, work: WorkDep, sealer: SealerDep) -> PhoneOut:
    """坐席只能查看自己领取的单；每次查看都记入审计日志。"""
    first, *others = map(as_dialled, await working.reveal_phones(work, agent, visit_id, sealer, body.reason))
    return PhoneOut(phone=first, others=others)


def _count(attempt: Attempt) -> None:
    ATTEMPTS.labels(attempt.result).inc()
    if attempt.callback_kept is not None:
        CALLBACKS.labels("kept" if attempt.callback_kept else "missed").inc()


def _card(held: Held, sealer: Sealer) -> Card:
    return Card.of_call(held.visit, held.questionnaire, held.attempts, sealer)


def _local(at: datetime | None) -> str:
    return f"{at.astimezone(ORG_ZONE):%m-%d %H:%M}" if at else ""
