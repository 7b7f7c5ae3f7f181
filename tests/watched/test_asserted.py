"""Every metric of ours is asserted on by name in some test: what an alert stands on moves when its thing happens."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from deploy.metrics import whole_catalogue
from shared.observability.catalogue import Declared

TESTS = Path(__file__).parents[1]
# these speak of the catalogue, of expressions over it and of what a scrape gives, not of values that are right
NOT_ABOUT_VALUES = (TESTS / "watched", TESTS / "shared" / "test_catalogue.py")
# metric → why no test says what it must be. It may only get shorter: write the test instead of a line
LEFT: dict[str, str] = {}


def own() -> dict[str, Declared]:
    return {name: each for name, each in whole_catalogue().items() if name.startswith("huifang_")}


def constants(source: str) -> Iterator[str]:
    """The strings of a test's statements, without those that stand alone: its docstrings."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def names_in(source: str) -> set[str]:
    return {name for text in constants(source) for name in re.findall(r"huifang_[a-z0-9_]+", text)}


@cache
def asserted() -> set[str]:
    """The series that tests name."""
    found: set[str] = set()
    for path in TESTS.rglob("test_*.py"):
        if "node_modules" not in path.parts and not any(path.is_relative_to(one) for one in NOT_ABOUT_VALUES):
            source = path.read_text()
            found |= names_in(source) if "huifang_" in source else set()
    return found


def test_names_are_read_from_statements_and_not_from_what_is_said_about_them() -> None:
    assert names_in(
        'def a():\n    """huifang_a_total counts"""\n    # huifang_b\n    assert f("huifang_c_total") == 1'
    ) == {"huifang_c_total"}
    assert names_in("""assert 'huifang_d_total{kind="x"} 1.0' in page""") == {"huifang_d_total"}


def test_every_metric_is_asserted_on_or_is_left_for_a_reason() -> None:
    catalogue = own()
    assert len(catalogue) > 80
    untested = {name for name, each in catalogue.items() if not {name, *each.series} & asserted()}
    assert sorted(untested - LEFT.keys()) == [], "assert on it where its thing happens: shared.testing.figures"
    assert sorted(LEFT.keys() - untested) == [], "these are tested now, or gone: take them off the list"
