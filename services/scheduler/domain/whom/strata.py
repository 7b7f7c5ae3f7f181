"""What tells the strata of a draw or a quota apart: the fact's branch and kind, or any field that conditions can name."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import orjson

from services.scheduler.domain.conditions.tree import getter
from services.scheduler.domain.customer import Customer
from services.scheduler.domain.facts import Fact

Stratify = Callable[[Fact, Customer], str]
BRANCH, KIND = "branch", "kind"
WHOLE = "[]"
LONGEST_VALUE = 100


@lru_cache(1024)
def stratifier(by: tuple[str, ...]) -> Stratify:
    """The stratum of a fact as the JSON list of its values; a field without a plain value counts as empty."""
    if not by:
        return lambda fact, customer: WHOLE
    getters = [_getter(field) for field in by]
    return lambda fact, customer: orjson.dumps([_text(get(fact, customer)) for get in getters]).decode()


def stratum_text(stratum: str) -> str:
    """A stratum for people."""
    return " · ".join(value or "（空）" for value in orjson.loads(stratum)) or "全部"


def _getter(field: str) -> Callable[[Fact, Customer], Any]:
    if field == BRANCH:
        return lambda fact, customer: fact.branch
    if field == KIND:
        return lambda fact, customer: fact.kind
    return getter(field)


def _text(value: Any) -> str:
    return str(value)[:LONGEST_VALUE] if isinstance(value, str | int | float) else ""
