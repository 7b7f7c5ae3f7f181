"""A first follow-up's rating and what became of it: the second rating is the final one, the first is kept beside it."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date

from services.analytics.domain.cells import Cell, Figures, Tally
from services.analytics.domain.levels import level_of
from shared.contracts.visits import VisitResult
from shared.zone import local_day

HOTLINE = "hotline.case_closed"


@dataclass(frozen=True)
class RatingFact:
    """A first-round visit with answers, and its case's say: `final` is the second rating, `looped` the loop in time,
    `excluded` that there was nothing to complain of. `correction` of its record is what it tells; 0 = none.

    Of a visit about `several` matters each has a fact of its own beside the visit's, which then counts no ratings.
    """

    id: str
    day: date | None = None
    branch: str = ""
    kind: str = ""
    policy: str = ""
    first: str = ""
    effective: bool = False
    dissatisfied: bool = False
    final: str = ""
    looped: bool = False
    excluded: bool = False
    correction: int = 0
    several: bool = False

    def figures(self) -> Figures:
        """All counted on the day of the first visit, so that a late second rating corrects the period it belongs to."""
        if self.day is None:
            return Counter()
        cell = Cell(self.day, self.branch, self.kind, self.policy)
        measures = [] if self.several else self._rated()
        if self.dissatisfied and self.looped:
            measures.append("loop.closed")
        if self.dissatisfied and self.excluded:
            measures.append("loop.excluded")
        return Counter({Tally(cell, measure): 1 for measure in measures})

    def _rated(self) -> list[str]:
        final = self.final or self.first
        measures = [f"first.{self.first}"] if self.first else []
        measures += [f"final.{final}"] if final else []
        return measures + ([f"hotline.{final}"] if final and self.effective and self.kind == HOTLINE else [])


def rate(fact: RatingFact, outcome: VisitResult, dissatisfied: bool = False) -> RatingFact:
    """Note the visit's own rating; visit.completed and visit.dissatisfied say the same of it."""
    return fact if fact.correction else _with_rating(fact, outcome, fact.dissatisfied or dissatisfied)


def correct(fact: RatingFact, outcome: VisitResult, dissatisfied: bool) -> RatingFact:
    """Note what the visit's record says since its last correction."""
    return fact if outcome.correction <= fact.correction else _with_rating(fact, outcome, dissatisfied)


def _with_rating(fact: RatingFact, outcome: VisitResult, dissatisfied: bool) -> RatingFact:
    return replace(
        fact,
        day=local_day(outcome.completed_at),
        branch=outcome.branch,
        kind=outcome.kind,
        policy=outcome.policy_id,
        first=level_of(outcome),
        effective=outcome.effective,
        dissatisfied=dissatisfied,
        correction=outcome.correction,
        several=bool(outcome.results),
    )


def settle(fact: RatingFact, final: str, looped: bool, excluded: bool) -> RatingFact:
    """Note what its case has come to."""
    return replace(fact, final=final, looped=looped, excluded=excluded)
