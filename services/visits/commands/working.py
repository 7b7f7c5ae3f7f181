"""An agent's work on a visit: answers, attempts, the lease, the customer's numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from services.visits.domain import attempts, calls
from services.visits.domain import visit as lifecycle
from services.visits.domain.answering import validated
from services.visits.domain.attempts import Attempt, Report
from services.visits.domain.errors import PhoneUnknown, QuestionnaireNotPublished
from services.visits.domain.leases import Leases
from services.visits.domain.visit import Visit
from services.visits.domain.work_rules import WorkRules
from services.visits.procedures import numbers
from services.visits.procedures.calls import numbers_of
from services.visits.procedures.held import Held, lock, lock_held, publish
from services.visits.procedures.invitations import tell_ended
from services.visits.store import attachments, lines, queries, rows
from shared.auth import Principal, Role
from shared.http import audit, require_version
from shared.messaging import Work
from shared.privacy import Sealer


async def save_answers(
    work: Work, principal: Principal, visit_id: UUID, answers: Mapping[str, Any], seen: int, lease: Leases
) -> Held:
    """Replace the answers of a visit the caller holds. `seen` is the version the caller changed."""
    visit, questionnaire = await lock_held(work, principal, visit_id)
    require_version(seen, visit.version)
    if questionnaire is None:
        raise QuestionnaireNotPublished("该单没有可填写的问卷")
    valid = validated(questionnaire, answers)
    visit = lifecycle.renew(visit, lease.until(visit.channel, work.clock.machine()))
    visit = replace(visit, answers=valid, version=visit.version + 1)
    await rows.save_visits(work.session, [visit])
    return Held(visit, questionnaire)


async def record_attempt(
    work: Work, principal: Principal, visit_id: UUID, report: Report, rules: WorkRules, sealer: Sealer
) -> tuple[Visit, Attempt, Sequence[Visit]]:
    """Keep an attempt at a visit the caller holds and do what follows from it, also for the customer's other visits.

    Returns with it the caller's other callbacks at about the time now agreed.
    """
    others = await numbers.lock_others(work, principal, visit_id) if attempts.learns_number(report) else []
    visit, questionnaire = await lock_held(work, principal, visit_id)
    report = attempts.timed(report, visit, work.now())
    brought = await attachments.unused_of(work.session, visit_id, principal.id)
    drawn = any(each.kind == "signature" for each in brought)
    report = replace(report, signing=replace(report.signing, drawn=drawn))
    before = visit
    visit, attempt, events = attempts.record(visit, report, questionnaire, rules, work.now())
    others = [] if visit.practice_call else numbers.corrected(others, events, sealer)
    await rows.save_visits(work.session, [visit, *others], [attempt])
    await lines.keep_with_attempt(work.session, visit_id, principal.id, attempt.id)
    await attachments.keep_with_attempt(work.session, visit_id, principal.id, attempt.id)
    publish(work, visit, events)
    tell_ended(work, [(before, visit)])
    clashes = []
    if visit.callback_at and visit.callback_owner:
        clashes = await queries.callbacks_near(
            work.session, visit.callback_owner, visit.callback_at, rules.callback_takes, visit.id
        )
    return visit, attempt, clashes


async def give_back(work: Work, principal: Principal, visit_id: UUID) -> Visit:
    """Give a visit back that the caller holds."""
    visit, _ = await lock_held(work, principal, visit_id)
    back = lifecycle.give_back(visit, work.now())
    await rows.save_visits(work.session, [back])
    tell_ended(work, [(visit, back)])
    return back


async def refresh_lease(work: Work, principal: Principal, visit_id: UUID, lease: Leases) -> Visit:
    """The caller still works on a visit it holds."""
    visit, _ = await lock_held(work, principal, visit_id)
    visit = lifecycle.renew(visit, lease.until(visit.channel, work.clock.machine()))
    await rows.save_visits(work.session, [visit])
    return visit


async def reveal_phones(work: Work, principal: Principal, visit_id: UUID, sealer: Sealer, reason: str) -> list[str]:
    """The customer's numbers in full, for the agent who holds the visit or a supervisor; audited (R02.7, X4)."""
    visit, _ = await lock(work, principal, visit_id)
    if not principal.may(Role.SUPERVISOR):
        lifecycle.require_holder(visit, principal.id)
    found = numbers_of(visit, sealer)
    if not found:
        raise PhoneUnknown("请向受理单位或客户索取号码，随下一次呼叫结果填入 corrected_phone；或改用其他渠道联系")
    await audit(work, principal, "phone.revealed", str(visit_id), customer_id=visit.customer.id, reason=reason)
    return found


async def hang_up(work: Work, principal: Principal, visit_id: UUID) -> Visit:
    """The line is closed; the agent wraps up. Raises NotDialled."""
    visit, _ = await lock_held(work, principal, visit_id)
    ended = calls.end_talk(visit, work.now())
    if ended is not visit:
        await rows.save_visits(work.session, [ended])
    return ended
