"""The agent's work: claim, answer, record, give back."""

from uuid import UUID

from fastapi import APIRouter, Response
from prometheus_client import Counter

from services.visits.api.dependencies import Agent, CalendarDep, SettingsDep
from services.visits.commands import claiming, working
from services.visits.domain.attempts import Report
from services.visits.domain.errors import InvalidAttempt
from services.visits.domain.questionnaire import Questionnaire
from services.visits.schemas.questionnaires import Script
from services.visits.schemas.requests import AttemptIn, ClaimIn, RevealIn, SaveAnswersIn
from services.visits.schemas.visits import Card, ClaimOut, LeaseOut, PhoneOut, ResultOut, VisitOut
from shared.http import IfMatch, OnceDep, SealerDep, WorkDep, etag
from shared.ids import new_id
from shared.privacy import Sealer, as_dialled, mask_phone, one_number

router = APIRouter(prefix="/api/v1/visits", tags=["坐席作业"])
ATTEMPTS = Counter("huifang_visits_attempts_total", "Attempts by result code", ["result"])


@router.post("/claim", summary="领取下一批回访单")
async def claim(
    body: ClaimIn, agent: Agent, work: WorkDep, sealer: SealerDep, settings: SettingsDep, calendar: CalendarDep
) -> ClaimOut:
    """按「到点回呼、优先级、时限、应访时间」的顺序领取；同一客户的单一并领取，已被他人领取的不会重复给出。"""
    held, lease_until = await claiming.claim_visits(work, agent, body.team, body.limit, settings.lease, calendar)
    cards = [Card.of_call(one.visit, one.questionnaire, one.attempts, sealer) for one in held]
    return ClaimOut(items=cards, lease_until=lease_until)


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
    settings: SettingsDep,
    calendar: CalendarDep,
    once: OnceDep,
) -> ResultOut:
    """记录一次联系，并据结果办结、约定回呼或安排重拨；一次调用完成，带 Idempotency-Key 可安全重试。"""

    async def create() -> ResultOut:
        report, plan = _report(body, sealer), settings.retry_plan.on(calendar)
        visit, attempt = await working.record_attempt(work, agent, visit_id, report, plan)
        ATTEMPTS.labels(body.result).inc()
        moved = body.callback_at is not None and visit.next_at != body.callback_at
        return ResultOut(
            visit_id=visit.id,
            attempt_id=attempt.id,
            attempts=visit.attempts,
            state=visit.state,
            next_at=visit.next_at,
            ended=visit.ended,
            outcome=dict(visit.outcome) if visit.outcome else None,
            warnings=["约定时间不在可拨打时段内，已顺延到 next_at"] if moved and visit.next_at else [],
        )

    return await once(ResultOut, create)


@router.post("/{visit_id}/release", summary="退回未办结的单")
async def release(visit_id: UUID, agent: Agent, work: WorkDep, response: Response) -> VisitOut:
    """把自己领取的单退回队列。"""
    visit = await working.release(work, agent, visit_id)
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


def _report(body: AttemptIn, sealer: Sealer) -> Report:
    try:
        number = one_number(body.corrected_phone or "")
    except ValueError as error:
        raise InvalidAttempt(f"更正后的号码{error}") from error
    corrected = (sealer.seal(number), mask_phone(number)) if number else None
    values = body.model_dump(exclude={"corrected_phone"})
    return Report(id=new_id(), corrected_phone=corrected, **values)
