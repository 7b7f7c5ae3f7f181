"""Satisfaction in five levels, whether the visit gave it in words or as a score."""

from collections.abc import Mapping

from shared.contracts.common import RATINGS
from shared.contracts.visits import VisitResult

LEVELS = tuple(RATINGS)
_BY_SCORE: Mapping[int, str] = {rating: word for word, rating in RATINGS.items()}


def level_of(outcome: VisitResult) -> str:
    """The level the customer gave, "" for none; words go before the score, "no comment" is no rating."""
    if outcome.satisfaction == "no_comment":
        return ""
    return outcome.satisfaction or _BY_SCORE.get(outcome.rating or 0, "")


def score_of(outcome: VisitResult) -> int | None:
    """The score of 1 to 5, derived from the words when only they were given."""
    if outcome.rating is not None:
        return outcome.rating
    return RATINGS.get(outcome.satisfaction) if outcome.satisfaction else None
