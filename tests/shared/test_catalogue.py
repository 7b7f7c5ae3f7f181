"""Metrics are declared once, and their labels keep within their bounds."""

from collections.abc import Callable, Iterator

import pytest
from prometheus_client import REGISTRY

from shared.observability.catalogue import CATALOGUE, OTHER, counter, gauge, histogram
from shared.observability.metrics import HTTP_SECONDS


@pytest.fixture
def named() -> Iterator[Callable[[str], str]]:
    """Names whose metrics are gone after the test."""
    names = []

    def name(end: str) -> str:
        names.append(f"huifang_trial_{end}")
        return names[-1]

    yield name
    for made in names:
        if CATALOGUE.pop(made, None):
            REGISTRY.unregister(REGISTRY._names_to_collectors[made])


def series(name: str) -> dict[tuple[str, ...], float]:
    collector = REGISTRY._names_to_collectors[name]
    samples = [sample for family in collector.collect() for sample in family.samples if sample.name == name]
    return {tuple(sample.labels.values()): sample.value for sample in samples}


def test_a_label_with_a_number_keeps_so_many_values_and_adds_up_the_others(named: Callable[[str], str]) -> None:
    name = named("guesses_total")
    guesses = counter(name, "Guesses", "猜测数", labels={"of": 3})
    for number in range(1000):
        guesses.labels(f"v{number}").inc()
    assert series(name) == {("v0",): 1, ("v1",): 1, ("v2",): 1, (OTHER,): 997}


def test_a_label_with_values_knows_no_others(named: Callable[[str], str]) -> None:
    name = named("ends_total")
    ends = counter(name, "Ends", "结束数", labels={"how": ("well", "badly"), "of": 9})
    ends.labels("well", "a").inc()
    ends.labels("b'\\x00", "a").inc(2)
    assert series(name) == {("well", "a"): 1, (OTHER, "a"): 2}


def test_a_gauge_shows_what_there_is_now_the_largest_first_and_the_rest_together(named: Callable[[str], str]) -> None:
    name = named("standing")
    standing = gauge(name, "Standing", "现有数", labels={"branch": 2})
    standing.show({("A",): 1, ("B",): 5, ("C",): 3, ("D",): 2})
    assert series(name) == {("B",): 5, ("C",): 3, (OTHER,): 3}
    standing.show({("D",): 4})
    assert series(name) == {("D",): 4}


def test_methods_that_callers_invent_make_no_series_of_their_own() -> None:
    """Any token is a method for HTTP, so a sender could fill the memory of whoever keeps one series each."""
    HTTP_SECONDS.labels("trial", "X-" + "A" * 40, "/x", "405").observe(0.1)
    found = series("huifang_http_request_seconds_count")
    assert ("trial", OTHER, "/x", "405") in found
    assert not [labels for labels in found if "X-A" in labels[1]]


def test_nothing_tells_when_a_series_was_created(named: Callable[[str], str]) -> None:
    metrics = [counter(named("a_total"), "A", "甲"), histogram(named("b_seconds"), "B", "乙")]
    samples = {sample.name for metric in metrics for family in metric.collect() for sample in family.samples}
    assert not {name for name in samples if name.endswith("_created")}


def test_a_counter_is_named_as_one(named: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match="_total"):
        counter(named("wrong"), "Wrong", "错误")


def test_every_declared_metric_tells_what_it_is_in_both_languages() -> None:
    for each in CATALOGUE.values():
        assert each.help, each.name
        assert any("一" <= letter <= "鿿" for letter in each.title), each.name
