"""What customers send back: refusals (X5), digits of a survey, anything else.

A refusal has a scope: `*` all promotion, `notice` all notices, `all` everything, or the name of one purpose.
"""

import re
import unicodedata

from services.notifications.domain.send import Category

WORDS = frozenset({"R", "T", "TD", "N", "退订"})
ALL_PROMOTION = "*"
NOTICES = "notice"
EVERYTHING = "all"
_EDGES = re.compile(r"^[\W_]+|[\W_]+$")


def is_refusal(content: str) -> bool:
    """Whether a reply opts out: R, T, TD, N or 退订, in any case, width and wrapping punctuation."""
    word = _plain(content)
    return word in WORDS or word.startswith("退订")


def digit_of(content: str) -> int | None:
    """The digit a survey was answered with; None when the reply is no single digit."""
    word = _plain(content)
    return int(word) if len(word) == 1 and word.isascii() and word.isdigit() else None


def scopes_of(last: Category | None) -> tuple[str, ...]:
    """What a refusal refuses: promotion always; notices too when it answers a notice."""
    return (ALL_PROMOTION, NOTICES) if last == "notice" else (ALL_PROMOTION,)


def covers(scope: str, purpose: str, category: Category) -> bool:
    """Whether a refusal of `scope` forbids a message of this purpose and category."""
    if scope in (EVERYTHING, purpose):
        return True
    return (scope == ALL_PROMOTION and category == "promotion") or (scope == NOTICES and category == "notice")


def _plain(content: str) -> str:
    return _EDGES.sub("", unicodedata.normalize("NFKC", content)).upper()
