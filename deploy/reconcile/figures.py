"""The figures analytics should hold, worked out from all events at once instead of batch by batch."""

from collections import Counter
from collections.abc import Iterable
from typing import Any, TypeVar

from services.analytics.domain.cases import CaseFact, with_repeats
from services.analytics.domain.cells import Figures
from services.analytics.domain.followups import FollowupFact
from services.analytics.domain.observations import Changes, Occurrence, observe, revised
from services.analytics.domain.ratings import RatingFact, settle
from services.analytics.domain.sends import SendFact

F = TypeVar("F")


class Recount:
    """Takes events in, in any portions; `result` is what they come to."""

    def __init__(self) -> None:
        self.single: Figures = Counter()
        self.followups: dict[str, FollowupFact] = {}
        self.ratings: dict[str, RatingFact] = {}
        self.cases: dict[str, CaseFact] = {}
        self.sends: dict[str, SendFact] = {}

    def take(self, events: Iterable[Occurrence]) -> None:
        seen = observe(events)
        self.single.update(seen.figures)
        _revise(self.followups, seen.followups, FollowupFact)
        _revise(self.ratings, seen.ratings, RatingFact)
        _revise(self.cases, seen.cases, CaseFact)
        _revise(self.sends, seen.sends, SendFact)

    def result(self) -> Figures:
        cases = {case.id: case for case in with_repeats(self.cases.values())}
        ratings = dict(self.ratings)
        for case in cases.values():
            for rating_id in case.rated:
                known = ratings.get(rating_id, RatingFact(rating_id))
                ratings[rating_id] = settle(known, case.final, case.looped, case.excluded)
        total: Figures = Counter(self.single)
        facts: list[Any] = [*self.followups.values(), *ratings.values(), *cases.values(), *self.sends.values()]
        for fact in facts:
            total.update(fact.figures())
        return Counter({key: amount for key, amount in total.items() if amount})


def _revise(facts: dict[str, F], changes: Changes[F], kind: type[F]) -> None:
    for identity, several in changes.items():
        facts[identity] = revised(facts.get(identity) or kind(identity), several)  # type: ignore[call-arg]
