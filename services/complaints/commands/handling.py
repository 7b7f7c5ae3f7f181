"""What people do with a case: each locks it, checks that they have seen its newest version, and asks the rules."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from services.complaints import store
from services.complaints.domain import escalation, handling
from services.complaints.domain.case import Case, Change
from services.complaints.domain.errors import CaseNotFound
from services.complaints.domain.rules import Rules
from services.complaints.procedures.book import Book
from shared.auth import Principal
from shared.errors import HuifangError
from shared.http import audit, require_version
from shared.messaging.work import Work

Decide = Callable[[Case], Change]


async def _change(work: Work, principal: Principal, case_id: UUID, seen: int, decide: Decide) -> Case:
    """Raises CaseNotFound (also outside the caller's units), PreconditionFailed, and whatever the rule says."""
    case = await store.lock_case(work.session, case_id)
    require_visible(principal, case)
    require_version(seen, case.version)
    book = Book(work)
    change = decide(case)
    book.apply(change)
    await book.save()
    await _note(work, principal, change)
    return book.cases[case_id]


async def _note(work: Work, principal: Principal, change: Change) -> None:
    """The audit log says who changed a case, and the case's own timeline with what words."""
    for entry in change.entries:
        await audit(work, principal, f"case.{entry.what}", str(change.case.id), case_no=change.case.case_no)


def require_visible(principal: Principal, case: Case) -> None:
    """Raises CaseNotFound for a caller limited to other units: the case must not even be known to exist."""
    if not principal.scope.sees(case.responsible_unit, case.branch):
        raise CaseNotFound


async def assign_case(
    work: Work, rules: Rules, principal: Principal, case_id: UUID, seen: int, unit: str, owner: str
) -> Case:
    def decide(case: Case) -> Change:
        return handling.assign(case, unit, owner, rules, principal.id, work.now())

    return await _change(work, principal, case_id, seen, decide)


async def assign_cases(
    work: Work, rules: Rules, principal: Principal, ids: Sequence[UUID], unit: str, owner: str
) -> dict[UUID, str]:
    """Assign many at once; returns for each id why it could not be done, "" when it was."""
    book = Book(work)
    book.hold(await store.lock_cases(work.session, ids, []))
    problems: dict[UUID, str] = {}
    for case_id in ids:
        try:
            case = book.get(str(case_id))
            require_visible(principal, case)
            change = handling.assign(case, unit, owner, rules, principal.id, work.now())
            book.apply(change)
            await _note(work, principal, change)
            problems[case_id] = ""
        except HuifangError as error:
            problems[case_id] = error.title
    await book.save()
    return problems


async def resolve_case(work: Work, principal: Principal, case_id: UUID, seen: int, measures: str) -> Case:
    return await _change(
        work, principal, case_id, seen, lambda case: handling.resolve(case, measures, principal.id, work.now())
    )


async def reopen_case(work: Work, rules: Rules, principal: Principal, case_id: UUID, seen: int, reason: str) -> Case:
    return await _change(
        work, principal, case_id, seen, lambda case: handling.reopen(case, reason, rules, principal.id, work.now())
    )


async def close_case(
    work: Work, principal: Principal, case_id: UUID, seen: int, reason: str, customer_opinion: str
) -> Case:
    def decide(case: Case) -> Change:
        return handling.close(case, reason, customer_opinion, principal.id, work.now())

    return await _change(work, principal, case_id, seen, decide)


async def reject_case(work: Work, principal: Principal, case_id: UUID, seen: int, reason: str) -> Case:
    return await _change(
        work, principal, case_id, seen, lambda case: handling.reject(case, reason, principal.id, work.now())
    )


async def escalate_case(work: Work, principal: Principal, case_id: UUID, seen: int, note: str) -> Case:
    return await _change(
        work, principal, case_id, seen, lambda case: escalation.escalate_by_hand(case, note, principal.id, work.now())
    )


async def remark_case(work: Work, principal: Principal, case_id: UUID, seen: int, remark: str) -> Case:
    return await _change(
        work, principal, case_id, seen, lambda case: handling.remark(case, remark, principal.id, work.now())
    )


async def promise_reply(work: Work, principal: Principal, case_id: UUID, seen: int, next_reply_at: datetime) -> Case:
    return await _change(
        work, principal, case_id, seen, lambda case: handling.promise(case, next_reply_at, principal.id, work.now())
    )
