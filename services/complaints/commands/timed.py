"""What is done when time passes, in portions that replicas share."""

from services.complaints import store
from services.complaints.domain import escalation, handling, provisional
from services.complaints.domain.case import SYSTEM
from services.complaints.domain.rules import Rules
from services.complaints.procedures.book import Book
from shared.messaging.work import Work


async def assign_new_cases(work: Work, rules: Rules, limit: int) -> int:
    """Give new cases to the units responsible for them; returns how many."""
    book = Book(work)
    for case in await store.lock_unassigned(work.session, limit):
        book.apply(handling.assign(case, case.responsible_unit, "", rules, SYSTEM, work.now()))
    await book.save()
    return len(book.changes)


async def escalate_late_cases(work: Work, rules: Rules, limit: int) -> int:
    """Raise late cases one level; returns how many were due."""
    book = Book(work)
    now = work.now()
    for case in await store.lock_late(work.session, now, limit):
        book.apply(escalation.escalate_overdue(case, rules, now))
    await book.save()
    return len(book.changes)


async def recompute_provisional_cases(work: Work, rules: Rules, limit: int) -> int:
    """Compute deadlines again that hung on a year published since; returns how many."""
    book = Book(work)
    known_until = rules.limits.calendar.official.confirmed_until.year
    for case in await store.lock_provisional(work.session, known_until, limit):
        book.apply(provisional.recomputed(case, rules, work.now()))
    await book.save()
    return len(book.changes)
