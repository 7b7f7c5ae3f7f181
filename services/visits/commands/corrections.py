"""Finished records are corrected, and results of attempts."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain import corrections
from services.visits.domain import result_corrections as results
from services.visits.domain.attempts import EMPTY, Report
from services.visits.domain.corrections import Correction, Version
from services.visits.domain.visit import Visit
from services.visits.domain.work_rules import WorkRules
from services.visits.procedures import numbers
from services.visits.procedures.held import lock, publish
from services.visits.procedures.invitations import tell_ended
from services.visits.store import queries, rows, versions
from shared.auth import Principal, Role
from shared.http import audit, require_version
from shared.messaging import Work
from shared.privacy import Sealer


async def correct_record(
    work: Work, principal: Principal, visit_id: UUID, correction: Correction, seen: int, rules: WorkRules
) -> Visit:
    """Let a finished record say what `correction` says; the versions before stay.

    Raises what `domain.corrections` raises, VisitNotFound and PreconditionFailed.
    """
    visit, questionnaire = await lock(work, principal, visit_id)
    require_version(seen, visit.version)
    known = await versions_with_first(work.session, visit)
    supervises = principal.may(Role.SUPERVISOR)
    corrections.require_may_correct(
        visit.agent, visit.finished_at, principal.id, supervises, rules.correct_within, work.now()
    )
    corrected, version, events = corrections.correct(
        visit, questionnaire or EMPTY, known, correction, principal.id, work.now()
    )
    await rows.save_visits(work.session, [corrected])
    await versions.add_versions(work.session, [*known, version] if version.number == 1 else [version])
    publish(work, corrected, events)
    await audit(work, principal, "visit.corrected", str(visit_id), version=version.number, reason=version.reason)
    return corrected


async def correct_result(
    work: Work, principal: Principal, visit_id: UUID, report: Report, reason: str, seen: int, rules: WorkRules,
    sealer: Sealer,
) -> Visit:  # fmt: skip
    """Let a visit's last attempt have the result that `report` says; a failed visit is opened again by that.

    Raises what `domain.result_corrections` and `attempts.record` raise, NotYourRecord, CorrectionTooLate, VisitNotFound and
    PreconditionFailed.
    """
    others = await numbers.lock_others(work, principal, visit_id)
    before, questionnaire = await lock(work, principal, visit_id)
    require_version(seen, before.version)
    made = (await queries.attempts_of(work.session, [before])).get(visit_id, [])
    last = results.last_attempt(before, made)
    supervises = principal.may(Role.SUPERVISOR)
    corrections.require_may_correct(last.agent, last.at, principal.id, supervises, rules.correct_within, work.now())
    stored = [one for one in await versions.results_of(work.session, visit_id) if one.attempt_id == last.id]
    known = results.versions_of(last, stored)
    why = results.Why(known[-1].number + 1, principal.id, reason, work.now())
    visit, attempt, events = results.correct_result(before, last, report, questionnaire, rules, why)
    await rows.save_visits(work.session, [visit, *numbers.corrected(others, events, sealer)])
    new = [results.version_after(attempt, why)]
    await versions.save_result(work.session, attempt, new if stored else [*known, *new])
    publish(work, visit, events)
    tell_ended(work, [(before, visit)])
    await audit(work, principal, "visit.result_corrected", str(visit_id), result=attempt.result, reason=reason)
    return visit


async def versions_with_first(session: AsyncSession, visit: Visit) -> list[Version]:
    """All versions of a finished record, also of one that was never corrected. Raises NotCorrectable."""
    if known := await versions.versions_of(session, visit.id):
        return known
    made = (await queries.attempts_of(session, [visit])).get(visit.id)
    return [corrections.first_version(visit, made[-1].note if made else "")]
