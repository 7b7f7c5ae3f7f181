"""What people do with a case: assign, resolve, send back, close, reject, remark, promise."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.complaints.domain.case import (
    SYSTEM,
    Case,
    Change,
    Ending,
    Entry,
    changed,
    ended_limit,
    require_open,
    snapshot,
    timed,
)
from services.complaints.domain.errors import (
    CaseAlreadyResolved,
    CaseNotAssigned,
    CaseNotResolved,
    CustomerOpinionMissing,
    ReplyTimeNotAhead,
)
from services.complaints.domain.escalation import count_reworks
from services.complaints.domain.rules import Rules
from shared.contracts.complaints import ComplaintAssigned, ComplaintClosed, ComplaintReopened, ComplaintResolved
from shared.contracts.visits import CustomerNumberCorrected, Visit, VisitCorrected, VisitReopened
from shared.profile import with_right_numbers


def assign(case: Case, unit: str, owner: str, rules: Rules, actor: str, now: datetime) -> Change:
    """Give it to a unit, and to a person who answers for it (R13.1, R13.2: without one the first taker stays the owner).

    A limit that runs from assignment starts with the first one. Raises CaseIsFinal, CaseAlreadyResolved.
    """
    require_open(case)
    if case.state == "resolved":
        raise CaseAlreadyResolved
    deadlines = case.deadlines
    if case.assigned_at is None:
        deadlines = rules.limits.at_assignment(case.grade, deadlines, now)
    after = changed(
        case,
        now,
        state="reopened" if case.state == "reopened" else "assigned",
        responsible_unit=unit,
        owner=owner or case.owner,
        assigned_at=now,
        **timed(deadlines),
    )
    if deadlines != case.deadlines:
        after = replace(after, escalate_at=deadlines.overdue_at)
    event = ComplaintAssigned(**snapshot(after), assigned_at=now)
    return Change(after, (event,), (Entry(now, "assigned", actor, {"unit": unit, "owner": after.owner}),))


def resolve(case: Case, measures: str, actor: str, now: datetime) -> Change:
    """Rectified: a second follow-up is due; who says so owns a case that nobody did (R13.2).

    Raises CaseIsFinal, CaseAlreadyResolved, CaseNotAssigned.
    """
    require_open(case)
    if case.state == "resolved":
        raise CaseAlreadyResolved
    if case.state == "opened":
        raise CaseNotAssigned
    in_time = not case.is_overdue(now)
    after = changed(
        case,
        now,
        state="resolved",
        owner=case.owner or actor,
        measures=measures,
        resolved_at=now,
        **ended_limit(),
        next_reply_at=None,
        in_time=case.in_time and in_time,
    )
    event = ComplaintResolved(**snapshot(after), measures=measures, resolved_at=now, in_time=in_time)
    entry = Entry(now, "resolved", actor, {"measures": measures, "in_time": in_time, "round": case.round})
    return Change(after, (event,), (entry,))


def reopen(case: Case, reason: str, rules: Rules, actor: str, now: datetime) -> Change:
    """Sent back by a supervisor who does not accept the measures (退回重办). Raises CaseIsFinal, CaseNotResolved."""
    require_open(case)
    if case.state != "resolved":
        raise CaseNotResolved
    return sent_back(case, reason, rules, now, actor).then(lambda c: count_reworks(c, c.round - 1, rules, now))


def sent_back(case: Case, reason: str, rules: Rules, now: datetime, actor: str = SYSTEM, visit_id: str = "") -> Change:
    """The next rectification round begins, with a new limit; `visit_id` is the second follow-up because of which it does. A
    case that had been closed on what that one told before has not ended."""
    deadlines = rules.limits.at_rework(case.grade, now)
    after = changed(
        case,
        now,
        state="reopened",
        round=case.round + 1,
        outcome=None,
        close_reason="",
        closed_at=None,
        escalate_at=deadlines.overdue_at,
        **timed(deadlines),
    )
    event = ComplaintReopened(**snapshot(after), reason=reason, visit_id=visit_id, reopened_at=now)
    return Change(after, (event,), (Entry(now, "reopened", actor, {"reason": reason, "round": after.round}),))


def close(case: Case, reason: str, customer_opinion: str, actor: str, now: datetime) -> Change:
    """Close by hand. Raises CaseIsFinal; CustomerOpinionMissing when nobody has asked the customer (R12.4)."""
    require_open(case)
    if not customer_opinion and not case.answered:
        raise CustomerOpinionMissing("请先完成二次回访，或填写已征求到的客户意见")
    return closed(case, "by_hand", now, reason, actor, customer_opinion)


def reject(case: Case, reason: str, actor: str, now: datetime) -> Change:
    """Not a complaint after all; the reason is kept. Raises CaseIsFinal."""
    require_open(case)
    return closed(case, "rejected", now, reason, actor)


def closed(
    case: Case, outcome: Ending, now: datetime, reason: str = "", actor: str = SYSTEM, customer_opinion: str = ""
) -> Change:
    """The end, but for what `followup.wrongly_closed` says. A case that was late when it ended, or before, is not in time."""
    rejected = outcome == "rejected"
    after = changed(
        case,
        now,
        state="rejected" if rejected else "closed",
        outcome=outcome,
        close_reason=reason,
        closed_at=now,
        **ended_limit(),
        next_reply_at=None,
        in_time=case.in_time and not case.is_overdue(now),
    )
    event = ComplaintClosed(
        **snapshot(after), outcome=outcome, final_rating=after.final_rating, closed_at=now, in_time=after.in_time
    )
    detail = {"outcome": outcome, "reason": reason, "customer_opinion": customer_opinion}
    entry = Entry(now, "rejected" if rejected else "closed", actor, {k: v for k, v in detail.items() if v})
    return Change(after, (event,), (entry,))


def remark(case: Case, text: str, actor: str, now: datetime) -> Change:
    """A supervisor's review note, with author and time (R03.4); a closed case may be reviewed too."""
    return Change(changed(case, now), (), (Entry(now, "remarked", actor, {"text": text}),))


def promise(case: Case, next_reply_at: datetime, actor: str, now: datetime) -> Change:
    """The next reply time told to the customer (R03.7), by who owns it from now on if nobody did (R13.2).

    Raises CaseIsFinal, ReplyTimeNotAhead.
    """
    require_open(case)
    if next_reply_at <= now:
        raise ReplyTimeNotAhead
    entry = Entry(now, "promised", actor, {"next_reply_at": next_reply_at.isoformat()})
    return Change(changed(case, now, next_reply_at=next_reply_at, owner=case.owner or actor), (), (entry,))


def note_problems(case: Case, problems: tuple[str, ...], visit_id: str, now: datetime) -> Change:
    """Problems that the visit behind this case also told (R07.5); a repeated telling adds nothing."""
    new = tuple(problem for problem in problems if problem not in case.reasons)
    if not new or case.is_final():
        return Change(case)
    entry = Entry(now, "problem_found", SYSTEM, {"problems": list(new), "visit_id": visit_id})
    return Change(changed(case, now, reasons=(*case.reasons, *new)), (), (entry,))


def result_id(visit: Visit) -> str:
    """What tells a visit's result from the one that it had before it was opened again."""
    again = getattr(visit, "reopened", 0)
    return f"{visit.visit_id}/{again}" if again else visit.visit_id


def note_correction(case: Case, visit: VisitCorrected, now: datetime) -> Change:
    """The record of a visit behind this case was corrected: what the customer said is other than was told, and the case
    knows it. What becomes of it is for people to decide; a closed case is opened again by `visit.dissatisfied` alone."""
    said = {"rating": visit.rating, "before": visit.before.rating, "reason": visit.reason, "visit_id": visit.visit_id}
    entry = Entry(now, "visit_corrected", visit.corrected_by, said | {"dissatisfied": visit.dissatisfied})
    ratings: dict[str, Any] = {}
    if (case.origin, case.origin_id) == ("visit", visit.visit_id):
        ratings["first_rating"] = visit.rating
    if case.answered[-1:] == (result_id(visit),):
        ratings["final_rating"] = visit.rating
    return Change(changed(case, now, **ratings), (), (entry,))


def note_reopening(case: Case, visit: VisitReopened, now: datetime) -> Change:
    """The second follow-up had not failed: its result was wrong, and another one is to come. A closed case stays closed."""
    said = {"was": visit.reason, "reason": visit.why, "visit_id": visit.visit_id}
    return Change(changed(case, now), (), (Entry(now, "visit_reopened", visit.reopened_by, said),))


def note_number(case: Case, corrected: CustomerNumberCorrected, now: datetime) -> Change:
    """A number of the customer was learned to be wrong or new."""
    card = with_right_numbers(case.customer, corrected.wrong, corrected.phone, corrected.phone_masked)
    if card is case.customer:
        return Change(case)
    entry = Entry(now, "number_corrected", corrected.agent or SYSTEM, {"phone_masked": card.phone_masked})
    return Change(changed(case, now, customer=card), (), (entry,))


def note_hotline_repeat(case: Case, redo_round: int, urge_count: int, rules: Rules, now: datetime) -> Change:
    """12345 told the same case number again: counted, and raised when reworked too often; a closed case stays closed."""
    entry = Entry(now, "hotline_repeated", SYSTEM, {"redo_round": redo_round, "urge_count": urge_count})
    noted = Change(changed(case, now), (), (entry,))
    return noted if case.is_final() else noted.then(lambda c: count_reworks(c, redo_round, rules, now))
