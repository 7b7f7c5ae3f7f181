"""Deadlines that hang on holidays not yet published (X2), computed again once these are known."""

from datetime import datetime

from services.complaints.domain.case import Case, Change, Entry, changed, timed
from services.complaints.domain.limits import Deadlines
from services.complaints.domain.rules import Rules


def recomputed(case: Case, rules: Rules, now: datetime) -> Change:
    """A provisional case whose running limit is counted again from its own beginning, and what that moved.

    How often it was raised stays; a case that turns out not to be late is not raised before it is.
    """
    assert case.limit_from is not None  # provisional
    if case.assigned_at is None:
        deadlines = rules.limits.at_opening(case.grade, case.limit_from)
    else:
        deadlines = rules.limits.at_rework(case.grade, case.limit_from)
    after = changed(case, now, escalate_at=_escalate_at(case, deadlines), **timed(deadlines))
    return Change(after, (), _entries(case, after, now))


def _escalate_at(case: Case, deadlines: Deadlines) -> datetime | None:
    if case.escalate_at is None or case.escalate_at == case.overdue_at:
        return case.escalate_at and deadlines.overdue_at
    return max(case.escalate_at, deadlines.overdue_at)


def _entries(case: Case, after: Case, now: datetime) -> tuple[Entry, ...]:
    if case.deadline_at == after.deadline_at:
        return ()
    moved = {"from": case.deadline_at.isoformat(), "to": after.deadline_at.isoformat()}
    return (Entry(now, "deadline_moved", detail=moved),)
