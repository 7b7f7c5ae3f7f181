"""From one event to what it means here: amounts that can be added at once, and changes to the facts it tells of."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from services.analytics.domain import cases, followups, measures, ratings, sends
from services.analytics.domain.cases import CaseFact
from services.analytics.domain.cells import Figures, rank
from services.analytics.domain.followups import FollowupFact
from services.analytics.domain.ratings import RatingFact
from services.analytics.domain.sends import SendFact
from shared.contracts import by_name
from shared.contracts.base import INTAKE
from shared.contracts.complaints import (
    Complaint,
    ComplaintAssigned,
    ComplaintClosed,
    ComplaintEscalated,
    ComplaintOpened,
    ComplaintReopened,
    ComplaintResolved,
)
from shared.contracts.notifications import (
    NotificationDelivered,
    NotificationFailed,
    NotificationOptedOut,
    NotificationSent,
)
from shared.contracts.tasks import Followup, FollowupCancelled, FollowupExpired, FollowupPlanned, FollowupReleased
from shared.contracts.visits import (
    VisitAttemptCorrected,
    VisitAttempted,
    VisitCallbackAgreed,
    VisitCompleted,
    VisitCorrected,
    VisitDissatisfied,
    VisitFailed,
    VisitInvited,
    VisitProblemFound,
    VisitReopened,
    VisitResult,
)

F = TypeVar("F")
Changes = dict[str, list[Callable[[F], F]]]


@dataclass
class Observed:
    """What a batch of events means: figures to add, and the changes of each fact by its id, in any order.

    `opened` are the (customer, kind) of new cases; `branch_names` are (rank, name) by branch, the newest of the batch.
    """

    figures: Figures = field(default_factory=Counter)
    followups: Changes[FollowupFact] = field(default_factory=dict)
    ratings: Changes[RatingFact] = field(default_factory=dict)
    cases: Changes[CaseFact] = field(default_factory=dict)
    sends: Changes[SendFact] = field(default_factory=dict)
    matters: set[tuple[str, str]] = field(default_factory=set)
    branch_names: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Occurrence:
    """An event as the domain sees it."""

    id: str
    name: str
    at: datetime
    data: Mapping[str, Any]
    practice: bool = False


def observe(events: Iterable[Occurrence]) -> Observed:
    """What these events mean, practice nothing. Raises pydantic.ValidationError on one that breaks its contract."""
    seen = Observed()
    for event in events:
        if event.practice:
            continue
        declared = by_name(event.name)
        if event.name == "fact.withdrawn":
            seen.figures.update(measures.withdrawal(event.at, event.data))
        elif declared is None or declared.topic == INTAKE:
            seen.figures.update(measures.fact(event.name, event.at, event.data))
            _note_branch_name(seen, event)
        else:
            _note(seen, event, declared.model.model_validate(event.data))
    return seen


def _note_branch_name(seen: Observed, event: Occurrence) -> None:
    org = event.data.get("org")
    if isinstance(org, Mapping) and org.get("code") and org.get("name"):
        named = (rank(event.at, event.id), str(org["name"]))
        code = str(org["code"])
        seen.branch_names[code] = max(named, seen.branch_names.get(code, ("", "")))


def _note(seen: Observed, event: Occurrence, data: object) -> None:
    if isinstance(data, Followup):
        _note_task(seen, event, data)
    elif isinstance(data, VisitResult):
        _note_outcome(seen, data)
    elif isinstance(data, Complaint):
        _note_case(seen, data)
    else:
        _note_rest(seen, event, data)


def _note_task(seen: Observed, event: Occurrence, task: Followup) -> None:
    _add(seen.followups, task.task_id, partial(followups.tell, at=event.at, event_id=event.id, task=task))
    match task:
        case FollowupPlanned():
            _add(seen.followups, task.task_id, partial(followups.plan, at=event.at))
        case FollowupReleased():
            _add(seen.followups, task.task_id, partial(followups.release, at=task.released_at))
        case FollowupCancelled():
            _add(seen.followups, task.task_id, partial(followups.cancel, task=task))
        case FollowupExpired():
            pass  # still due: nobody followed it up


def _note_outcome(seen: Observed, data: VisitResult) -> None:
    if isinstance(data, VisitCorrected):
        _note_correction(seen, data)
        return
    if data.correction:  # told beside the correction, which counts it
        return
    match data:
        case VisitCompleted():
            seen.figures.update(measures.completion(data))
            _add(seen.followups, data.task_id, partial(followups.follow_up, outcome=data))
            if data.round > 1 and data.case_id:
                _add(seen.cases, data.case_id, partial(cases.ask_again, outcome=data))
        case VisitDissatisfied():
            seen.figures.update(measures.dissatisfaction(data))
        case VisitProblemFound():
            seen.figures.update(measures.problem(data))
    if data.round == 1:
        dissatisfied = isinstance(data, VisitDissatisfied)
        _add(seen.ratings, data.visit_id, partial(ratings.rate, outcome=data, dissatisfied=dissatisfied))
        for mark, said in _marked(data):
            _add(seen.ratings, data.visit_id + mark, partial(ratings.rate, outcome=said))


def _note_correction(seen: Observed, data: VisitCorrected) -> None:
    """What the record says now counts instead of what it said, on the day of the contact and for who made it."""
    seen.figures.update(measures.correction(data))
    _add(seen.followups, data.task_id, partial(followups.correct, outcome=data))
    if data.round > 1 and data.case_id:
        _add(seen.cases, data.case_id, partial(cases.correct, outcome=data))
    if data.round == 1:
        _add(seen.ratings, data.visit_id, partial(ratings.correct, outcome=data, dissatisfied=data.dissatisfied))
        for mark, said in _marked(data):
            _add(seen.ratings, data.visit_id + mark, partial(ratings.correct, outcome=said, dissatisfied=False))


def _marked(data: VisitResult) -> list[tuple[str, VisitResult]]:
    """The matters that are rated by themselves: those of a contact about several."""
    return [(mark, said) for mark, said in measures.by_matter(data) if mark]


def _note_case(seen: Observed, case: Complaint) -> None:
    match case:
        case ComplaintOpened():
            seen.figures.update(measures.of_case(case, case.opened_at, "cases.opened"))
            seen.matters.add((case.customer.id, case.kind))
            _add(seen.cases, case.case_id, partial(cases.open_case, case=case))
        case ComplaintAssigned():
            seen.figures.update(measures.of_case(case, case.assigned_at, "cases.assigned"))
        case ComplaintEscalated():
            seen.figures.update(measures.of_case(case, case.escalated_at, "cases.escalated"))
        case ComplaintResolved():
            seen.figures.update(measures.of_case(case, case.resolved_at, "cases.resolved"))
            _add(seen.cases, case.case_id, partial(cases.answer, case=case))
        case ComplaintReopened():
            seen.figures.update(measures.of_case(case, case.reopened_at, "cases.reopened"))
            _add(seen.cases, case.case_id, partial(cases.send_back, case=case))
        case ComplaintClosed():
            seen.figures.update(measures.of_case(case, case.closed_at, "cases.closed"))
            if case.outcome == cases.EXCLUDED:
                seen.matters.add((case.customer.id, case.kind))
            _add(seen.cases, case.case_id, partial(cases.close, case=case))


def _note_rest(seen: Observed, event: Occurrence, data: object) -> None:
    match data:
        case VisitAttempted():
            _note_attempt(seen, data)
        case VisitFailed():
            seen.figures.update(measures.failure(data))
        case VisitReopened():
            seen.figures.update(measures.reopening(data))
        case VisitInvited():
            seen.figures.update(measures.invitation(data, event.at))
        case VisitCallbackAgreed():
            seen.figures.update(measures.callback(data, event.at))
        case NotificationSent():
            _add(seen.sends, data.send_id, partial(sends.accept, notice=data))
        case NotificationDelivered():
            _add(seen.sends, data.send_id, sends.deliver)
        case NotificationFailed():
            seen.figures.update(measures.of_notice(data, data.failed_at, "notices.failed"))
        case NotificationOptedOut() if data.channel != "phone":  # calls are no notices
            seen.figures.update(measures.opt_out(data.opted_out_at))


def _note_attempt(seen: Observed, data: VisitAttempted) -> None:
    if isinstance(data, VisitAttemptCorrected):
        seen.figures.update(measures.other_result(data))
    else:
        seen.figures.update(measures.attempt(data))


def _add(changes: Changes[F], identity: str, change: Callable[[F], F]) -> None:
    changes.setdefault(identity, []).append(change)


def revised(fact: F, changes: Iterable[Callable[[F], F]]) -> F:
    """The fact after its changes."""
    for change in changes:
        fact = change(fact)
    return fact
