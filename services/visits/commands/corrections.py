"""Finished records are corrected."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.visits.domain import corrections
from services.visits.domain.attempts import EMPTY
from services.visits.domain.corrections import Correction, Version
from services.visits.domain.visit import Visit
from services.visits.domain.work_rules import WorkRules
from services.visits.procedures.held import lock, publish
from services.visits.store import queries, rows, versions
from shared.auth import Principal, Role
from shared.http import audit, require_version
from shared.messaging import Work


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
    corrections.require_may_correct(visit, principal.id, supervises, rules.correct_within, work.now())
    corrected, version, events = corrections.correct(
        visit, questionnaire or EMPTY, known, correction, principal.id, work.now()
    )
    await rows.save_visits(work.session, [corrected])
    await versions.add_versions(work.session, [*known, version] if version.number == 1 else [version])
    publish(work, corrected, events)
    await audit(work, principal, "visit.corrected", str(visit_id), version=version.number, reason=version.reason)
    return corrected


async def versions_with_first(session: AsyncSession, visit: Visit) -> list[Version]:
    """All versions of a finished record, also of one that was never corrected. Raises NotCorrectable."""
    if known := await versions.versions_of(session, visit.id):
        return known
    made = (await queries.attempts_of(session, [visit])).get(visit.id)
    return [corrections.first_version(visit, made[-1].note if made else "")]
