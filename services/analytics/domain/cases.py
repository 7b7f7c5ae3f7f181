"""A case from opening to closing: problems solved, answered in time, sent back, and the same matter coming again."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

from services.analytics.domain.cells import Cell, Figures, Tally, rank
from services.analytics.domain.levels import level_of
from services.analytics.domain.measures import mark_of
from shared.contracts.complaints import ComplaintClosed, ComplaintOpened, ComplaintReopened, ComplaintResolved
from shared.contracts.visits import VisitCorrected, VisitResult
from shared.zone import local_day

REPEAT_WITHIN = timedelta(days=90)
SOLVED = ("satisfied", "by_hand")
PARTLY = ("unreached",)
EXCLUDED = "rejected"  # found to be no complaint


@dataclass(frozen=True)
class CaseFact:
    """What is known of one case so far; it counts from the moment its opening is known. `about` are the marks of its matters,
    space-separated. `standing` orders what opened and closed it: twice the round, and one more once it is closed."""

    id: str
    opened_day: date | None = None
    customer: str = ""
    branch: str = ""
    kind: str = ""
    origin: str = ""
    origin_id: str = ""
    answer: str = ""
    answered_in_time: bool = False
    reworked: bool = False
    closed_day: date | None = None
    outcome: str = ""
    second: str = ""
    second_day: date | None = None
    second_policy: str = ""
    final: str = ""
    asked_in_time: bool = False
    repeated: bool = False
    about: str = ""
    standing: int = 0

    def figures(self) -> Figures:
        if self.opened_day is None:
            return Counter()
        opened = Cell(self.opened_day, self.branch, self.kind)
        if self.excluded:
            return Counter({Tally(opened, "cases.excluded"): 1})
        figures: Figures = Counter({Tally(opened, measure): 1 for measure in self._of_the_problem()})
        if self.closed_day is not None:
            closed = opened._replace(day=self.closed_day)
            figures[Tally(closed, "cases.ended")] = 1
            figures[Tally(closed, "cases.ended_reworked")] = int(self.reworked)
        if self.final and self.second_day is not None and self.origin != "visit":
            cell = opened._replace(day=self.second_day, policy=self.second_policy)
            figures[Tally(cell, f"final.{self.final}")] = 1
        return figures

    def _of_the_problem(self) -> list[str]:
        measures = ["problems.raised"]
        if self.outcome in SOLVED:
            measures.append("problems.solved")
        if self.outcome in PARTLY:
            measures.append("problems.partly")
        if self.answered_in_time:
            measures.append("problems.answered_in_time")
        if self.repeated:
            measures.append("problems.repeated")
        return measures

    @property
    def rated(self) -> list[str]:
        """The ratings that it settles: its visit's, and those of the matters it is about where there were several."""
        return [self.origin_id + mark for mark in ("", *self.about.split())] if self.origin == "visit" else []

    @property
    def excluded(self) -> bool:
        """It was no complaint after all: it counts in no rate, and how many there are is shown."""
        return self.outcome == EXCLUDED

    @property
    def looped(self) -> bool:
        """Rectified and asked again, both inside their limits."""
        return self.answered_in_time and self.asked_in_time and not self.excluded


def open_case(fact: CaseFact, case: ComplaintOpened) -> CaseFact:
    return replace(
        fact,
        opened_day=local_day(case.opened_at),
        customer=case.customer.id,
        branch=case.branch,
        kind=case.kind,
        origin=case.origin,
        origin_id=case.origin_id,
        about=" ".join(mark_of(matter) for matter in case.matters),
    )


def answer(fact: CaseFact, case: ComplaintResolved) -> CaseFact:
    """The first rectification answers the problem; later rounds are rework."""
    ranked = rank(case.resolved_at, f"{case.round:04d}")
    if fact.answer and fact.answer <= ranked:
        return fact
    return replace(fact, answer=ranked, answered_in_time=case.in_time)


def send_back(fact: CaseFact, case: ComplaintReopened) -> CaseFact:
    """Another round begins; a case that was closed after the one before has not ended."""
    fact = replace(fact, reworked=True)
    if 2 * case.round < fact.standing:
        return fact
    return replace(fact, closed_day=None, outcome="", standing=2 * case.round)


def close(fact: CaseFact, case: ComplaintClosed) -> CaseFact:
    """A case is closed after its last round."""
    if (standing := 2 * case.round + 1) < fact.standing:
        return fact
    return replace(fact, closed_day=local_day(case.closed_at), outcome=case.outcome, standing=standing)


def ask_again(fact: CaseFact, outcome: VisitResult) -> CaseFact:
    """A second follow-up took place: the last one that gave a rating gives the final rating."""
    fact = _asked(fact, outcome)
    return _rated(fact, outcome) if level_of(outcome) else fact


def correct(fact: CaseFact, outcome: VisitCorrected) -> CaseFact:
    """The record of a second follow-up was corrected: if it is the last one, the rating is what it says now, or none."""
    return _rated(_asked(fact, outcome), outcome)


def _asked(fact: CaseFact, outcome: VisitResult) -> CaseFact:
    return replace(fact, asked_in_time=fact.asked_in_time or (outcome.effective and outcome.on_time))


def _rated(fact: CaseFact, outcome: VisitResult) -> CaseFact:
    ranked = rank(
        outcome.completed_at, f"{outcome.visit_id}#{outcome.correction:04d}" if outcome.correction else outcome.visit_id
    )
    if ranked <= fact.second:
        return fact
    return replace(
        fact,
        second=ranked,
        second_day=local_day(outcome.completed_at),
        second_policy=outcome.policy_id,
        final=level_of(outcome),
    )


def with_repeats(cases: Iterable[CaseFact]) -> list[CaseFact]:
    """Mark the cases that follow another of the same customer and kind within 90 days. Needs all of such a group.

    What was no complaint repeats nothing and is repeated by nothing.
    """
    marked: list[CaseFact] = []
    for _, group in groupby(sorted(cases, key=_order), key=lambda case: (case.customer, case.kind)):
        before = date.min
        for case in group:
            opened = case.opened_day or date.min
            if case.excluded:
                marked.append(replace(case, repeated=False))
                continue
            marked.append(replace(case, repeated=before > date.min and opened - before <= REPEAT_WITHIN))
            before = max(before, opened)
    return marked


def _order(case: CaseFact) -> tuple[str, str, date, str]:
    return case.customer, case.kind, case.opened_day or date.min, case.id
