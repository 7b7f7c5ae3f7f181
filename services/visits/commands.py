"""What can change about visits, and in which order: lock → decide → save → publish. The edges commit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from services.visits.domain import attempts
from services.visits.domain import visit as lifecycle
from services.visits.domain.answering import validated
from services.visits.domain.attempts import Attempt, Report
from services.visits.domain.definition import read_definition
from services.visits.domain.errors import PhoneUnknown, QuestionnaireNotPublished, VisitNotFinished, VisitNotFound
from services.visits.domain.hours import RetryPlan, read_hours
from services.visits.domain.questionnaire import Questionnaire
from services.visits.domain.visit import Visit
from services.visits.store import claims, queries, questionnaires, rows
from shared.auth import Principal, Role
from shared.calendar import WorkCalendar
from shared.contracts import EventData
from shared.contracts.tasks import FollowupCancelled, FollowupReleased
from shared.http import audit, require_version
from shared.ids import new_id
from shared.messaging import Event, Work
from shared.privacy import Sealer

PORTION = 500


@dataclass(frozen=True, slots=True)
class Held:
    """A visit with the questionnaire its agent asks, if any."""

    visit: Visit
    questionnaire: Questionnaire | None
    attempts: Sequence[Attempt] = ()


# tasks come and go


async def take_in(work: Work, events: Sequence[Event]) -> None:
    """Make a visit of every released task that people do; one released again has lost a matter that doesn't stand any more."""
    released = [(event.read(FollowupReleased), event.lineage or event.id) for event in events]
    visits = [lifecycle.open_visit(task, lineage) for task, lineage in released if lifecycle.is_for_agents(task)]
    known = {visit.task_id: visit for visit in await rows.lock_of_tasks(work.session, [v.task_id for v in visits])}
    await rows.add_visits(work.session, [visit for visit in visits if visit.task_id not in known])
    told = [lifecycle.about(known[visit.task_id], visit.matters) for visit in visits if visit.task_id in known]
    await rows.save_matters(work.session, [visit for visit in told if visit is not known[visit.task_id]])


async def withdraw(work: Work, events: Sequence[Event]) -> None:
    """Cancel the unfinished visits of cancelled tasks."""
    reasons = {task.task_id: task.reason for task in (event.read(FollowupCancelled) for event in events)}
    found = await rows.lock_of_tasks(work.session, list(reasons))
    changed = [lifecycle.cancel(visit, reasons[visit.task_id], work.now()) for visit in found if not visit.finished]
    await rows.save_visits(work.session, changed)


# the agent's work


async def claim_visits(
    work: Work, principal: Principal, team: str | None, limit: int, lease: timedelta, calendar: WorkCalendar
) -> tuple[list[Held], datetime]:
    """Claim the next visits for the caller; returns them with the end of the lease (machine time)."""
    lease_until = work.clock.machine() + lease
    known = await claims.list_hours(work.session)
    open_hours = ["", *(hours for hours in known if hours and read_hours(hours, calendar).is_open(work.now()))]
    claimed = await claims.claim(work.session, principal.id, lease_until, limit, team, principal.scope, open_hours)
    wanted = {(visit.questionnaire, visit.questionnaire_version) for visit in claimed if visit.questionnaire_version}
    loaded = await questionnaires.load_many(work.session, wanted)
    made = await queries.attempts_of(work.session, claimed)
    held = [
        Held(visit, loaded.get((visit.questionnaire, visit.questionnaire_version)), made.get(visit.id, ()))
        for visit in claimed
    ]
    return held, lease_until


async def save_answers(
    work: Work, principal: Principal, visit_id: UUID, answers: Mapping[str, Any], seen: int, lease: timedelta
) -> Held:
    """Replace the answers of a visit the caller holds. `seen` is the version the caller changed."""
    visit, questionnaire = await _lock_held(work, principal, visit_id)
    require_version(seen, visit.version)
    if questionnaire is None:
        raise QuestionnaireNotPublished("该单没有可填写的问卷")
    valid = validated(questionnaire, answers)
    visit = lifecycle.renew(visit, work.clock.machine() + lease)
    visit = replace(visit, answers=valid, version=visit.version + 1)
    await rows.save_visits(work.session, [visit])
    return Held(visit, questionnaire)


async def record_attempt(
    work: Work, principal: Principal, visit_id: UUID, report: Report, plan: RetryPlan
) -> tuple[Visit, Attempt]:
    """Keep an attempt at a visit the caller holds and do what follows from it."""
    visit, questionnaire = await _lock_held(work, principal, visit_id)
    visit, attempt, events = attempts.record(visit, report, questionnaire, plan, work.now())
    await rows.save_visits(work.session, [visit], [attempt])
    _publish(work, visit, events)
    return visit, attempt


async def release(work: Work, principal: Principal, visit_id: UUID) -> Visit:
    """Give a visit back that the caller holds."""
    visit, _ = await _lock_held(work, principal, visit_id)
    visit = lifecycle.give_back(visit, work.now())
    await rows.save_visits(work.session, [visit])
    return visit


async def refresh_lease(work: Work, principal: Principal, visit_id: UUID, lease: timedelta) -> Visit:
    """The caller still works on a visit it holds."""
    visit, _ = await _lock_held(work, principal, visit_id)
    visit = lifecycle.renew(visit, work.clock.machine() + lease)
    await rows.save_visits(work.session, [visit])
    return visit


async def reveal_phones(work: Work, principal: Principal, visit_id: UUID, sealer: Sealer, reason: str) -> list[str]:
    """The customer's numbers in full, for the agent who holds the visit or a supervisor; audited (R02.7, X4)."""
    visit, _ = await _lock(work, principal, visit_id)
    if not principal.may(Role.SUPERVISOR):
        lifecycle.require_holder(visit, principal.id)
    card = visit.customer
    numbers = [sealer.unseal(token) for token in dict.fromkeys((card.phone, *card.phones)) if token]
    numbers = [
        number for number in numbers if number.startswith("+")
    ]  # else a text that an earlier version took for one
    if not numbers:
        raise PhoneUnknown("请向受理单位或客户索取号码，随下一次呼叫结果填入 corrected_phone；或改用其他渠道联系")
    await audit(work, principal, "phone.revealed", str(visit_id), customer_id=card.id, reason=reason)
    return numbers


# oversight


async def reassign(work: Work, principal: Principal, visit_id: UUID, team: str, seen: int) -> Visit:
    """Hand an unfinished visit to another team, even if somebody holds it."""
    visit, _ = await _lock(work, principal, visit_id)
    require_version(seen, visit.version)
    moved = lifecycle.reassign(visit, team)
    await rows.save_visits(work.session, [moved])
    await audit(work, principal, "visit.reassigned", str(visit_id), from_team=visit.team, to_team=team)
    return moved


async def review(work: Work, principal: Principal, visit_id: UUID, remark: str) -> dict[str, Any]:
    """Keep a supervisor's remark on a finished visit (R03.4)."""
    visit, _ = await _lock(work, principal, visit_id)
    if not visit.finished:
        raise VisitNotFinished("办结后才能复核")
    kept = {"id": new_id(), "visit_id": visit_id, "at": work.now(), "reviewer": principal.id, "remark": remark}
    await queries.add_review(work.session, **kept)
    await audit(work, principal, "visit.reviewed", str(visit_id), review=str(kept["id"]))
    return kept


async def publish_questionnaire(work: Work, principal: Principal, raw: Any) -> tuple[Questionnaire, bool]:
    """Publish a definition as the next version; the newest version again when nothing changed. True if it is new."""
    questionnaire = read_definition(raw)
    definition = orjson.dumps(raw, option=orjson.OPT_SORT_KEYS).decode()
    newest = await questionnaires.lock_questionnaire(work.session, questionnaire.id)
    if newest and newest.definition == definition:
        return replace(questionnaire, version=newest.version), False
    numbered = replace(questionnaire, version=newest.version + 1 if newest else 1)
    await questionnaires.add_version(work.session, numbered, definition, work.now(), principal.id)
    await audit(work, principal, "questionnaire.published", numbered.id, version=numbered.version)
    return numbered, True


# as time passes


async def return_leases(work: Work) -> int:
    """Put claimed visits back whose lease has run out."""
    lapsed = await rows.lock_lapsed(work.session, work.clock.machine(), PORTION)
    await rows.save_visits(work.session, [lifecycle.give_back(visit, work.now()) for visit in lapsed])
    return len(lapsed)


async def bring_back(work: Work) -> int:
    """Open waiting and appointed visits whose time has come."""
    due = await rows.lock_called_for(work.session, work.now(), PORTION)
    await rows.save_visits(work.session, [lifecycle.bring_back(visit) for visit in due])
    return len(due)


async def expire(work: Work, grace: timedelta) -> int:
    """Fail visits nobody worked on in time."""
    now = work.now()
    late = await rows.lock_expired(work.session, now, grace, PORTION)
    failed = [lifecycle.expire(visit, now) for visit in late]
    await rows.save_visits(work.session, [visit for visit, _ in failed])
    for visit, events in failed:
        _publish(work, visit, events)
    return len(late)


def _publish(work: Work, visit: Visit, events: Sequence[EventData]) -> None:
    for data in events:
        work.publish(data, key=visit.customer.id, lineage=visit.lineage, subject=str(visit.id))


async def _lock(work: Work, principal: Principal, visit_id: UUID) -> tuple[Visit, Questionnaire | None]:
    found = await rows.lock_visit(work.session, visit_id, principal.scope)
    if found is None:
        raise VisitNotFound
    return found


async def _lock_held(work: Work, principal: Principal, visit_id: UUID) -> tuple[Visit, Questionnaire | None]:
    visit, questionnaire = await _lock(work, principal, visit_id)
    lifecycle.require_holder(visit, principal.id)
    return visit, questionnaire
