"""Satisfaction in five levels, whether the visit gave it in words or as a score."""

from shared.contracts.visits import VisitResult

LEVELS = ("very_satisfied", "satisfied", "basically", "dissatisfied", "very_dissatisfied")
_BY_SCORE = dict(zip((5, 4, 3, 2, 1), LEVELS, strict=True))


def level_of(outcome: VisitResult) -> str:
    """The level the customer gave, "" for none; words go before the score, "no comment" is no rating."""
    if outcome.satisfaction == "no_comment":
        return ""
    return outcome.satisfaction or _BY_SCORE.get(outcome.rating or 0, "")


def score_of(outcome: VisitResult) -> int | None:
    """The score of 1 to 5, derived from the words when only they were given."""
    if outcome.rating is not None:
        return outcome.rating
    return next((score for score, level in _BY_SCORE.items() if level == outcome.satisfaction), None)
