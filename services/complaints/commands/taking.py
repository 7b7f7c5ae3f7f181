"""Taking in what visits, 12345, the scheduler and people at the phone tell; each origin opens one case."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.complaints import store
from services.complaints.domain import followup, handling
from services.complaints.domain.case import Case, CaseId, Change, OriginKey
from services.complaints.domain.errors import CaseNotFound
from services.complaints.domain.numbers import Learned, righted
from services.complaints.domain.opening import (
    Opening,
    Report,
    by_hand,
    complains,
    from_hotline,
    from_visit,
    join_report,
    join_visit,
    open_case,
)
from services.complaints.domain.rules import Rules
from services.complaints.procedures.book import Book
from shared.auth import Principal
from shared.contracts.common import CustomerCard, Matter
from shared.contracts.complaints import Origin
from shared.contracts.intake import HotlineCaseClosed, branch_of
from shared.contracts.tasks import FollowupCancelled, FollowupExpired
from shared.contracts.visits import (
    VisitCompleted,
    VisitCorrected,
    VisitDissatisfied,
    VisitFailed,
    VisitProblemFound,
    VisitReopened,
    VisitResult,
)
from shared.errors import Forbidden
from shared.http import audit
from shared.ids import new_id
from shared.messaging.event import Event
from shared.messaging.work import Work

ORIGIN: Origin = "visit"
OUTDATED = frozenset({"case_closed", "case_reopened"})


@dataclass
class Opener:
    """Opens each origin once; case numbers, and what is known of the customers, were fetched for the whole batch."""

    book: Book
    rules: Rules
    case_nos: list[str]
    earlier: dict[str, list[frozenset[str]]]
    learned: Mapping[str, Learned]

    def ensure(self, opening: Opening, cause: Event | None) -> Case:
        """The origin's case, opened now if there is none."""
        known = self.book.by_origin(opening.origin_key)
        if known is not None:
            return known
        opening = replace(
            opening, customer=righted(opening.customer, self.learned.get(opening.customer.id), opening.at)
        )
        subjects = frozenset(opening.subjects)
        same_customer = self.earlier.setdefault(opening.customer.id, [])
        repeats = sum(1 for other in same_customer if other & subjects)
        same_customer.append(subjects)
        return self.book.apply(
            open_case(opening, self.case_nos.pop(0), repeats, self.rules, self.book.work.now()), cause
        )


async def book_for(
    work: Work, openings: Collection[Opening], ids: Collection[UUID] = (), origins: Collection[OriginKey] = ()
) -> Book:
    """The cases that these openings have already, and those of `ids` and `origins`, locked; their customers before them,
    so that who learns a number meanwhile waits, and finds the case that is opened."""
    await store.lock_customers(work.session, {opening.customer.id for opening in openings})
    book = Book(work)
    book.hold(await store.lock_cases(work.session, ids, [*origins, *(one.origin_key for one in openings)]))
    return book


async def opener_for(book: Book, rules: Rules, openings: Iterable[Opening]) -> Opener:
    new = [opening for opening in openings if book.by_origin(opening.origin_key) is None]
    if not new:
        return Opener(book, rules, [], {}, {})
    session, now = book.work.session, book.work.now()
    customers = {opening.customer.id for opening in new}
    return Opener(
        book,
        rules,
        await store.next_case_nos(session, now, len(new)),
        await store.list_earlier_subjects(session, customers, now - rules.repeat_within),
        await store.learned_of(session, customers),
    )


async def take_visits(work: Work, rules: Rules, events: Sequence[Event]) -> None:
    """First contacts that went badly open a case each; second follow-ups decide about theirs.

    The record of one that was corrected tells its case; told for the first time that the customer is dissatisfied, it opens
    one. A second follow-up that says so too late sends its case back, or opens another where people had ended that one.
    """
    read = [(event, _visit(event)) for event in events]
    asked_about = {UUID(visit.case_id) for _, visit in read if visit.case_id}
    openings = {
        visit.visit_id: from_visit(visit, problems_of(visit), event.lineage)
        for event, visit in read
        if isinstance(visit, VisitProblemFound | VisitDissatisfied) and _may_open(visit)
    }
    origins = {(ORIGIN, "", visit.visit_id) for _, visit in read if isinstance(visit, VisitCorrected)}
    book = await book_for(work, openings.values(), asked_about, origins)
    opener = await opener_for(book, rules, openings.values())
    for event, visit in read:
        if isinstance(visit, VisitCorrected):
            for case in _cases_behind(book, visit):
                book.apply(handling.note_correction(case, visit, work.now()), event)
            continue
        if isinstance(visit, VisitReopened):
            if visit.case_id:
                book.apply(handling.note_reopening(book.get(visit.case_id), visit, work.now()), event)
            continue
        if visit.case_id and not _is_new_matter(book, book.get(visit.case_id), visit):
            case = book.apply(_second_followup(book.get(visit.case_id), visit, rules, work.now()), event)
        elif visit.visit_id in openings:
            case = opener.ensure(openings[visit.visit_id], event)
            case = book.apply(join_visit(case, openings[visit.visit_id], work.now()), event)
        else:
            continue
        book.apply(handling.note_problems(case, problems_of(visit), visit.visit_id, work.now()), event)
    await book.save()


def _may_open(visit: VisitProblemFound | VisitDissatisfied) -> bool:
    return isinstance(visit, VisitProblemFound) or not visit.case_id or _tells_late(visit)


def _tells_late(visit: VisitResult) -> bool:
    """Whether it says so after its case may have been closed on another word: by a correction, or opened again."""
    return visit.correction > 0 or visit.reopened > 0


def _cases_behind(book: Book, visit: VisitCorrected) -> list[Case]:
    """The case that the visit opened, and the one that it asked about."""
    found = [book.by_origin((ORIGIN, "", visit.visit_id)), book.get(visit.case_id) if visit.case_id else None]
    return [case for case in found if case]


def _is_new_matter(book: Book, case: Case, visit: VisitResult | VisitFailed) -> bool:
    """What a second follow-up told only after its case had ended, a problem, by a correction or after it was opened again:
    it needs a case of its own. That the customer was dissatisfied does not when it sends its case back, or when they have been
    asked again since."""
    if not case.is_final() or (result := handling.result_id(visit)) not in case.answered:
        return False
    if isinstance(visit, VisitDissatisfied) and _tells_late(visit) and case.answered[-1] == result:
        has_own = book.by_origin((ORIGIN, "", visit.visit_id)) is not None
        return has_own or not followup.wrongly_closed(case, visit)
    return isinstance(visit, VisitProblemFound)


def _visit(event: Event) -> VisitResult | VisitFailed | VisitReopened:
    models: dict[str, type[VisitResult | VisitFailed | VisitReopened]] = {
        "visit.completed": VisitCompleted,
        "visit.dissatisfied": VisitDissatisfied,
        "visit.problem_found": VisitProblemFound,
        "visit.failed": VisitFailed,
        "visit.corrected": VisitCorrected,
        "visit.reopened": VisitReopened,
    }
    return event.read(models[event.name])


def problems_of(visit: VisitResult | VisitFailed) -> tuple[str, ...]:
    return tuple(visit.problems) if isinstance(visit, VisitProblemFound) else ()


def _second_followup(case: Case, visit: VisitResult | VisitFailed, rules: Rules, now: datetime) -> Change:
    if isinstance(visit, VisitFailed):
        return followup.failed(case, visit, now)
    if isinstance(visit, VisitDissatisfied) and _tells_late(visit) and followup.wrongly_closed(case, visit):
        return followup.sent_back_late(case, visit, rules, now)
    judged = isinstance(visit, VisitDissatisfied | VisitProblemFound)
    return followup.answered(case, visit, judged, rules, now)


async def take_unasked(work: Work, events: Sequence[Event]) -> None:
    """Second follow-ups that were cancelled or expired before anybody called end their cases; those the case itself
    outdated do not."""
    tasks = [(event, _unasked(event)) for event in events]
    book = Book(work)
    book.hold(await store.lock_cases(work.session, {UUID(task.case_id) for _, task in tasks if task.case_id}, []))
    for event, task in tasks:
        reason = task.reason if isinstance(task, FollowupCancelled) else "expired"
        if task.case_id and reason not in OUTDATED:
            book.apply(followup.not_asked(book.get(task.case_id), task, reason, work.now()), event)
    await book.save()


def _unasked(event: Event) -> FollowupCancelled | FollowupExpired:
    if event.name == "followup.cancelled":
        return event.read(FollowupCancelled)
    return event.read(FollowupExpired)


async def take_hotline_cases(work: Work, rules: Rules, events: Sequence[Event]) -> None:
    """12345 cases that came back unsolved open a case each; one told again is noted on its case."""
    read = [(event, event.read(HotlineCaseClosed)) for event in events]
    bad = [(event, hotline) for event, hotline in read if complains(hotline)]
    openings = {(event.source, hotline.case_no): _hotline_opening(event, hotline) for event, hotline in reversed(bad)}
    book = await book_for(work, openings.values())
    opener = await opener_for(book, rules, openings.values())
    for event, hotline in bad:
        opening = openings[event.source, hotline.case_no]
        known = book.by_origin(opening.origin_key)
        if known is None:
            opener.ensure(opening, event)
        else:
            change = handling.note_hotline_repeat(known, hotline.redo_round, hotline.urge_count, rules, work.now())
            book.apply(change, event)
    await book.save()


def _hotline_opening(event: Event, hotline: HotlineCaseClosed) -> Opening:
    matter = Matter(
        event_id=event.id,
        event_source=event.source,
        event_type=event.name,
        at=hotline.closed_at,
        subject=hotline.case_no,
        title=hotline.title,
        facts=event.data,
    )
    return from_hotline(hotline, matter, _card(event, hotline), branch_of(event.data), event.lineage)


def _card(event: Event, hotline: HotlineCaseClosed) -> CustomerCard:
    """Who complained; a confidential or anonymous case is not phoned (integration.md §8)."""
    unreachable = hotline.is_confidential or hotline.is_anonymous
    customer = hotline.customer
    if customer is None:
        return CustomerCard(id=event.key or hotline.case_no, do_not_contact=unreachable)
    return CustomerCard(
        id=customer.id,
        name=customer.name,
        phone=customer.phone,
        phones=customer.phones,
        email=customer.email,
        level=customer.level,
        do_not_contact=customer.do_not_contact or unreachable,
    )


async def open_by_hand(work: Work, rules: Rules, report: Report, taker: Principal) -> Case:
    """A case taken by somebody in person, by phone, by mail (R13.1). Raises Forbidden in another unit's name.

    One that the same visit has opened already, and that is not closed, takes it in.
    """
    if not taker.scope.sees(report.branch or report.unit):
        raise Forbidden("只能为您权限内的分公司登记投诉，请填写 branch")
    opening = by_hand(report, CaseId(new_id()), taker.id, work.now())
    book = await book_for(work, [opening])
    known = book.by_origin(opening.origin_key)
    if known is not None and known.customer.id == report.customer.id and not known.is_final():
        if not taker.scope.sees(known.responsible_unit, known.branch):
            raise CaseNotFound
        case = book.apply(join_report(known, report, taker.id, work.now()))
        await book.save()
        await audit(work, taker, "case.joined", str(case.id), case_no=case.case_no)
        return case
    if known is not None:
        opening = by_hand(replace(report, visit_id=""), CaseId(new_id()), taker.id, work.now())
    case = (await opener_for(book, rules, [opening])).ensure(opening, None)
    await book.save()
    await audit(work, taker, "case.opened", str(case.id), case_no=case.case_no)
    return case
