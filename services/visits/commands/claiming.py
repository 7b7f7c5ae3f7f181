"""An agent claims visits, the next ones or a named one, and is told why one is not theirs."""

from uuid import UUID

from services.visits.domain import shifts
from services.visits.domain import visit as lifecycle
from services.visits.domain.appointments import is_own
from services.visits.domain.claiming import Circumstances, Claimant, Reason, marks_of, off_shift_text, reasons_against
from services.visits.domain.errors import (
    AgentAway,
    AgentFull,
    AgentOffShift,
    InvalidCompanion,
    NotClaimable,
    NotYourTeam,
    VisitNotFound,
)
from services.visits.domain.hours import read_hours
from services.visits.domain.leases import Leases
from services.visits.domain.visit import Visit
from services.visits.domain.work_rules import WorkRules
from services.visits.procedures.held import Held, lock
from services.visits.store import claims, presence, queries, questionnaires, rows
from services.visits.store.claims import Wanted
from shared.auth import Principal
from shared.calendar import WorkCalendar
from shared.messaging import Work


def claimant(principal: Principal, companion: str = "") -> Claimant:
    """The caller, with who comes along. Raises InvalidCompanion."""
    if companion and companion == principal.id:
        raise InvalidCompanion
    marks = marks_of(principal.id, principal.worker, principal.teams, principal.units)
    return Claimant(principal.id, principal.teams, principal.skills, marks, companion)


async def claim_visits(
    work: Work,
    principal: Principal,
    wanted: Wanted,
    companion: str,
    rules: WorkRules,
    lease: Leases,
) -> list[Held]:
    """Claim the next visits for the caller. Raises AgentAway, AgentOffShift, AgentFull, NotYourTeam."""
    if wanted.team is not None and principal.teams and wanted.team not in principal.teams:
        raise NotYourTeam(f"您的班组：{'、'.join(principal.teams)}")
    around = await _of_caller(work, principal.id, rules)
    if around.away:
        raise AgentAway(f"您现在是「{around.away}」，改为「示闲」后才能领取")
    if around.off_shift:
        raise AgentOffShift(off_shift_text(around.off_shift))
    if around.room < 1:
        raise AgentFull("请先办结或退回手上的单")
    limited = Wanted(min(wanted.limit, around.room), wanted.team)
    return await _claim(work, principal, claimant(principal, companion), limited, rules.calendar, lease)


async def claim_one(
    work: Work, principal: Principal, visit_id: UUID, companion: str, rules: WorkRules, lease: Leases
) -> Held:
    """Claim this visit for the caller. Raises VisitNotFound, and NotClaimable with every reason."""
    if reasons := await explain(work, principal, visit_id, companion, rules):
        raise _not_claimable(reasons)
    who = claimant(principal, companion)
    await _bring_forward(work, principal, visit_id)
    held = await _claim(work, principal, who, Wanted(one=visit_id), rules.calendar, lease)
    if not held:  # somebody was quicker
        reasons = await explain(work, principal, visit_id, companion, rules)
        raise _not_claimable(reasons or [Reason("colleague", "同事正在领取这位客户的单")])
    return held[0]


async def explain(work: Work, principal: Principal, visit_id: UUID, companion: str, rules: WorkRules) -> list[Reason]:
    """Every rule that keeps the caller from this visit; none = it is theirs for the claiming. Raises VisitNotFound."""
    found = await rows.get_visit(work.session, visit_id, principal.scope)
    if found is None:
        raise VisitNotFound
    visit, _ = found
    colleague, refused = await claims.look_around(work.session, visit_id, principal.id)
    caller = await _of_caller(work, principal.id, rules)
    around = Circumstances(
        _is_open(visit, rules.calendar, work), colleague, refused, caller.away, caller.off_shift, caller.room
    )
    return reasons_against(visit, claimant(principal, companion), around)


async def _bring_forward(work: Work, principal: Principal, visit_id: UUID) -> None:
    """The caller sets out to an appointment of their own before its time."""
    visit, _ = await lock(work, principal, visit_id)
    if is_own(visit, principal.id):
        await rows.save_visits(work.session, [lifecycle.bring_back(visit)])


def _not_claimable(reasons: list[Reason]) -> NotClaimable:
    errors = [{"rule": reason.rule, "message": reason.text} for reason in reasons]
    return NotClaimable("；".join(reason.text for reason in reasons), errors=errors)


async def _of_caller(work: Work, agent: str, rules: WorkRules) -> Circumstances:
    said, held, shift = await presence.get(work.session, agent)
    return Circumstances(
        away=said.away if said else "",
        off_shift="" if shifts.is_on(shift, work.now()) else shift,
        room=(said.capacity if said else rules.most_held) - held,
    )


def _is_open(visit: Visit, calendar: WorkCalendar, work: Work) -> bool:
    return not visit.hours or read_hours(visit.hours, calendar).is_open(work.now())


async def _claim(
    work: Work, principal: Principal, who: Claimant, wanted: Wanted, calendar: WorkCalendar, lease: Leases
) -> list[Held]:
    known = await claims.list_hours(work.session)
    open_hours = ["", *(hours for hours in known if hours and read_hours(hours, calendar).is_open(work.now()))]
    now = work.clock.machine()
    until = claims.Until(lease.until("phone", now), lease.until("on_site", now))
    claimed = await claims.claim(work.session, who, wanted, until, principal.scope, open_hours)
    asked = await questionnaires.asked_by(work.session, claimed)
    made = await queries.attempts_of(work.session, claimed)
    return [Held(visit, asked.get(visit.id), made.get(visit.id, ())) for visit in claimed]
