"""No expression that stands in the code takes more than linear time of any text: who sends one may choose it."""

import re
import time
from collections.abc import Callable, Iterator
from inspect import getsource
from typing import Any

import pytest

from tests.architecture.parts import modules

LENGTH = 20_000  # characters
# of longer ones the code asks no expression of these modules: CEL's `LONGEST`, and that of a field for numbers
SHORTER = {"services.scheduler.domain.packs.cel_check": 1_000, "shared.privacy.numbers": 200}
MOST_SECONDS = 0.1  # of the processor: linear ones take a few thousandths, others half a second and more
PUMPS = (*'a1 -.@{(",0+:/省二\n[\\', "1-", "1 ", "a.", "a@", "{ ", "} ", '\\"')
STARTS = ("", '"')
Way = Callable[[Any], object]


def expressions() -> Iterator[tuple[str, str, Way]]:
    """(module, expression, how the module asks it of a text) of every one that a module keeps, once each."""
    seen = set()
    for module in modules():
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern) and value not in seen:
                seen.add(value)
                only_whole = f" {name}.fullmatch(" in getsource(module) and f"{name}.s" not in getsource(module)
                yield module.__name__, str(value.pattern), value.fullmatch if only_whole else value.search


def seconds(way: Way, text: str) -> float:
    """Of the better of two times: the first may meet a collection of garbage."""
    best = float("inf")
    for _ in range(2):
        started = time.process_time()
        try:
            way(text)
        except TypeError:
            way(text.encode())
        best = min(best, time.process_time() - started)
        if best < MOST_SECONDS:
            break
    return best


def slowest(way: Way, length: int) -> tuple[float, str]:
    """Seconds, and the beginning of the text that takes them."""
    texts = (start + pump * (length // len(pump)) + "!" for start in STARTS for pump in PUMPS)
    return max((seconds(way, text), text[:9]) for text in texts)


def test_every_expression_is_done_with_a_long_text_in_a_moment() -> None:
    found = {
        (module, expression): slow
        for module, expression, way in expressions()
        if (slow := slowest(way, SHORTER.get(module, LENGTH)))[0] > MOST_SECONDS
    }
    assert found == {}


@pytest.mark.parametrize(("bad", "pump"), [(r"[a-z]+\.com", "a"), (r"\s+$", " ")])
def test_one_that_takes_more_is_found(bad: str, pump: str) -> None:
    assert pump in PUMPS
    assert seconds(re.compile(bad).search, pump * LENGTH + "!") > MOST_SECONDS
