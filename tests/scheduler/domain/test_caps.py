from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.caps import Cap, standing

DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@pytest.mark.parametrize(
    ("per", "day", "first", "last"),
    [
        ("week", date(2026, 3, 4), date(2026, 3, 2), date(2026, 3, 8)),
        ("month", date(2026, 2, 10), date(2026, 2, 1), date(2026, 2, 28)),
        ("month", date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31)),
        ("quarter", date(2026, 3, 31), date(2026, 1, 1), date(2026, 3, 31)),
        ("quarter", date(2026, 12, 1), date(2026, 10, 1), date(2026, 12, 31)),
        ("year", date(2026, 7, 1), date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_calendar_periods_begin_and_end_with_the_calendar(per, day, first, last) -> None:  # type: ignore[no-untyped-def]
    state = standing(Cap(2, per), day, [first, last, first - timedelta(days=1), last + timedelta(days=1)])
    assert (state.first, state.last, state.used) == (first, last, 2)
    assert state.reached


def test_a_new_quarter_begins_with_an_empty_account() -> None:
    used = [date(2026, 3, 30), date(2026, 3, 31)]
    assert standing(Cap(2, "quarter"), date(2026, 3, 31), used).reached
    assert not standing(Cap(2, "quarter"), date(2026, 4, 1), used).reached


def test_rolling_days_also_see_contacts_planned_for_later() -> None:
    cap = Cap(2, "days", 7)
    later = [date(2026, 3, 5), date(2026, 3, 8)]
    assert standing(cap, date(2026, 3, 2), later).reached
    assert not standing(cap, date(2026, 3, 1), later).reached


@given(DAYS, st.lists(DAYS, max_size=6), st.integers(1, 3), st.integers(1, 30))
def test_a_rolling_cap_never_lets_a_window_overflow(day, contacts, limit, days) -> None:  # type: ignore[no-untyped-def]
    taken: list[date] = []
    for candidate in (*contacts, day):
        if not standing(Cap(limit, "days", days), candidate, taken).reached:
            taken.append(candidate)
    for first in taken:
        assert sum(first <= other < first + timedelta(days=days) for other in taken) <= limit
