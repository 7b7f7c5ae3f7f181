"""When a case is raised (提级): late, dissatisfied again, reworked too often, or by hand."""

from datetime import datetime
from typing import Literal

from services.complaints.domain.case import SYSTEM, Case, Change, Entry, changed, require_open, snapshot, unchanged
from services.complaints.domain.rules import Rules
from shared.contracts.complaints import ComplaintEscalated

Reason = Literal["overdue", "second_dissatisfaction", "reworked", "by_hand"]


def escalate_overdue(case: Case, rules: Rules, now: datetime) -> Change:
    """One level for being late, once per step: the next step begins `escalate_every` from now, until `max_level`."""
    if case.escalate_at is None or now < case.escalate_at or not case.is_overdue(now):
        return unchanged(case)
    if case.level >= rules.max_level:
        return Change(changed(case, now, escalate_at=None))
    following = rules.escalate_every.after(now, rules.limits.calendar) if case.level + 1 < rules.max_level else None
    return raised(case, "overdue", now).then(lambda c: Change(changed(c, now, escalate_at=following)))


def escalate_by_hand(case: Case, note: str, actor: str, now: datetime) -> Change:
    """Raises CaseIsFinal."""
    require_open(case)
    return raised(case, "by_hand", now, actor, note)


def count_reworks(case: Case, reworks: int, rules: Rules, now: datetime) -> Change:
    """Note the number of reworks; reaching the limit raises the case once and makes it important (R03.6)."""
    if reworks <= case.reworks:
        return unchanged(case)
    reached = case.reworks < rules.rework_limit <= reworks
    counted = changed(case, now, reworks=reworks, important=case.important or reached)
    return raised(counted, "reworked", now) if reached else Change(counted)


def raised(case: Case, reason: Reason, now: datetime, actor: str = SYSTEM, note: str = "") -> Change:
    """The case one level up."""
    after = changed(case, now, level=case.level + 1)
    detail = {"reason": reason, "level": after.level} | ({"note": note} if note else {})
    event = ComplaintEscalated(**snapshot(after), reason=reason, escalated_at=now)
    return Change(after, (event,), (Entry(now, "escalated", actor, detail),))
