from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.ledger.caps import Cap, reached_cap, standing
from services.scheduler.domain.ledger.contacts import Contact
from shared.ids import new_id

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


def contact(day: date = date(2026, 3, 4), purpose: str = "followup", tier: str = "branch", *policies: str) -> Contact:
    return Contact(new_id(), day, purpose, policies or ("r02.2",), tier)


@pytest.mark.parametrize(
    ("part", "concerned"),
    [
        ({}, True),
        ({"purposes": ("followup",)}, True),
        ({"purposes": ("greeting", "notice")}, False),
        ({"tiers": ("head", "branch")}, True),
        ({"tiers": ("head",)}, False),
        ({"policies": ("r02.2",)}, True),
        ({"policies": ("r02.*",)}, True),
        ({"policies": ("r02", "r01.*")}, False),
        ({"purposes": ("followup",), "policies": ("r02.*",), "tiers": ("head",)}, False),
    ],
)
def test_a_cap_concerns_the_part_of_the_contacts_it_names(part: dict[str, tuple[str, ...]], concerned: bool) -> None:
    assert Cap(1, "month", **part).concerns(contact()) is concerned  # type: ignore[arg-type]
    assert (reached_cap([Cap(1, "month", **part)], contact(), [contact()]) is not None) is concerned  # type: ignore[arg-type]


def test_a_combined_contact_counts_for_each_of_its_policies() -> None:
    cap = Cap(1, "month", policies=("b*",))
    assert cap.concerns(contact(date(2026, 3, 4), "followup", "", "a", "b1"))


def test_what_has_its_place_already_may_move_within_the_calendar_period() -> None:
    here, full = contact(date(2026, 3, 4)), [contact(date(2026, 3, 9)), contact(date(2026, 4, 9))]
    within, beyond = here._replace(day=date(2026, 3, 30)), here._replace(day=date(2026, 4, 1))
    cap = [Cap(1, "month")]
    assert reached_cap(cap, within, full, here) is None
    assert reached_cap(cap, beyond, full, here) is not None
    assert reached_cap([Cap(1, "days", 10)], here._replace(day=date(2026, 3, 5)), full, here) is not None
