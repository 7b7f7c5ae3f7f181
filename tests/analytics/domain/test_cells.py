"""Figures by day and cell: which of two tellings wins, and what changes between two states."""

from collections import Counter
from datetime import date, datetime

from services.analytics.domain.cells import Cell, Tally, change, rank


def test_ranks_sort_by_instant_whatever_the_zone():
    early = rank(datetime.fromisoformat("2026-03-01T08:00:00+08:00"), "z")
    late = rank(datetime.fromisoformat("2026-03-01T00:00:00.000001+00:00"), "a")
    assert "" < early < late


def test_the_change_between_figures_leaves_out_what_stays():
    a, b, c = (Tally(Cell(date(2026, 3, 2)), name) for name in "abc")
    assert change(Counter({a: 1, b: 2}), Counter({b: 2, c: 1})) == {a: -1, c: 1}
