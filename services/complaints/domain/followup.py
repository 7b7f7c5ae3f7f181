"""What the second follow-up does to its case: its rating is final, the first is kept (integration.md §8 practice).

A visit takes effect on a case once, whichever of its events comes first: a dissatisfied visit is told twice, as completed
and as dissatisfied.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.complaints.domain.case import SYSTEM, Case, Change, Entry, changed, unchanged
from services.complaints.domain.escalation import count_reworks, raised
from services.complaints.domain.handling import closed, result_id, sent_back
from services.complaints.domain.rules import Rules
from shared.contracts.common import RATINGS
from shared.contracts.tasks import Followup
from shared.contracts.visits import VisitFailed, VisitResult

Opinion = Literal["satisfied", "dissatisfied", "none"]
WORST_ACCEPTABLE = 3
SECOND_DISSATISFACTION = "二次回访仍不满意"
NO_OPINION = "二次回访已联系，客户未作评价"


@dataclass(frozen=True)
class ReportedResult:
    """A result as told: `id` is the visit's, or the task's where no visit came about."""

    id: str
    actor: str
    said: dict[str, Any]


def rating_of(outcome: VisitResult) -> int | None:
    """The rating given, 1 to 5; from the words when no number was asked; None when the customer gave none."""
    if outcome.rating is not None:
        return outcome.rating
    return _said(outcome)


def _said(outcome: VisitResult) -> int | None:
    """The rating that the words come to."""
    return RATINGS.get(outcome.satisfaction) if outcome.satisfaction else None


def opinion_of(outcome: VisitResult) -> Opinion:
    """What the customer thinks now: words first, then the number; "not solved" alone is dissatisfaction too."""
    rating = _said(outcome) or outcome.rating
    if rating is None:
        return "dissatisfied" if outcome.resolved is False else "none"
    return "satisfied" if rating >= WORST_ACCEPTABLE else "dissatisfied"


def answered(case: Case, outcome: VisitResult, dissatisfied: bool, rules: Rules, now: datetime) -> Change:
    """The second follow-up reached the customer. `dissatisfied` says that visits itself judged it so."""
    opinion: Opinion = "dissatisfied" if dissatisfied else opinion_of(outcome)
    rating = rating_of(outcome)

    def decide(rated: Case) -> Change:
        if opinion == "dissatisfied":
            return _dissatisfied_again(rated, outcome, rules, now)
        if opinion == "satisfied":
            return closed(rated, "satisfied", now)
        return closed(rated, "unreached", now, reason=NO_OPINION)

    said = {"opinion": opinion, "rating": rating, "reasons": list(outcome.reasons), "remark": outcome.remark}
    result = ReportedResult(result_id(outcome), outcome.agent, said | {"round": outcome.round})
    return _once(case, result, {"final_rating": rating}, decide, now)


def wrongly_closed(case: Case, outcome: VisitResult) -> bool:
    """Whether the case is closed on what this second follow-up, its last one, told before it was corrected or opened again:
    it was asked once more, and its last rating is final. How people ended a case stands."""
    ended = ("unreached",) if outcome.reopened and not outcome.correction else ("satisfied", "unreached")
    return case.state == "closed" and case.outcome in ended and case.answered[-1:] == (result_id(outcome),)


def sent_back_late(case: Case, outcome: VisitResult, rules: Rules, now: datetime) -> Change:
    """A wrongly closed case goes on as if its customer had been known to be dissatisfied at once."""
    rated = changed(case, now, final_rating=rating_of(outcome))
    return Change(rated).then(lambda c: _dissatisfied_again(c, outcome, rules, now))


def failed(case: Case, visit: VisitFailed, now: datetime) -> Change:
    """The second follow-up did not reach the customer: closed as unreached, the reason kept."""
    result = ReportedResult(
        visit.visit_id, visit.agent, {"opinion": "unreached", "reason": visit.reason, "round": visit.round}
    )
    return _once(case, result, {}, lambda c: closed(c, "unreached", now, reason=visit.reason), now)


def not_asked(case: Case, task: Followup, reason: str, now: datetime) -> Change:
    """The second follow-up will not take place (the customer refused, or its time passed): the loop ends unreached."""
    result = ReportedResult(task.task_id, SYSTEM, {"opinion": "unreached", "reason": reason, "round": task.round})
    return _once(case, result, {}, lambda c: closed(c, "unreached", now, reason=reason), now)


def _dissatisfied_again(case: Case, outcome: VisitResult, rules: Rules, now: datetime) -> Change:
    """Raised one level and sent back to the responsible unit."""
    reason = outcome.remark or SECOND_DISSATISFACTION
    return (
        raised(case, "second_dissatisfaction", now)
        .then(lambda c: sent_back(c, reason, rules, now, visit_id=outcome.visit_id))
        .then(lambda c: count_reworks(c, c.round - 1, rules, now))
    )


def _once(
    case: Case, result: ReportedResult, rated: dict[str, Any], decide: Callable[[Case], Change], now: datetime
) -> Change:
    """Note the result; decide on it only while the case waits for one: a closed case is final, work in hand goes on."""
    if result.id in case.answered:
        return unchanged(case)
    entry = Entry(now, "followed_up", result.actor, result.said)
    if case.is_final():
        rated = {}
    noted = Change(changed(case, now, answered=(*case.answered, result.id), **rated), (), (entry,))
    return noted.then(decide) if case.state == "resolved" else noted
