from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.when.periods import LONGEST, Period, PeriodKind, first_days, period_of
from tests.scheduler.builders import at

DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))
KINDS = st.sampled_from(["day", "week", "month", "quarter", "year"])


@pytest.mark.parametrize(
    ("kind", "closes", "day", "first", "end"),
    [
        ("day", 0, date(2026, 12, 31), date(2026, 12, 31), date(2027, 1, 1)),
        ("week", 0, date(2026, 3, 4), date(2026, 3, 2), date(2026, 3, 9)),
        ("week", 1, date(2026, 3, 2), date(2026, 2, 24), date(2026, 3, 3)),
        ("week", 1, date(2026, 3, 3), date(2026, 3, 3), date(2026, 3, 10)),
        ("month", 0, date(2026, 2, 28), date(2026, 2, 1), date(2026, 3, 1)),
        ("month", 0, date(2026, 12, 5), date(2026, 12, 1), date(2027, 1, 1)),
        ("quarter", 0, date(2026, 3, 31), date(2026, 1, 1), date(2026, 4, 1)),
        ("quarter", 0, date(2026, 11, 5), date(2026, 10, 1), date(2027, 1, 1)),
        ("year", 0, date(2028, 2, 29), date(2028, 1, 1), date(2029, 1, 1)),
    ],
)
def test_periods_are_those_of_the_calendar(kind: PeriodKind, closes: int, day: date, first: date, end: date) -> None:
    assert period_of(kind, day, closes) == Period(first, end)


@given(KINDS, DAYS, st.integers(0, 6))
def test_every_day_lies_in_one_period_and_the_next_begins_where_it_ends(
    kind: PeriodKind, day: date, closes: int
) -> None:
    period = period_of(kind, day, closes)
    assert period.first <= day < period.end
    assert period_of(kind, period.first, closes) == period_of(kind, period.end - timedelta(days=1), closes) == period
    assert period_of(kind, period.end, closes).first == period.end


@given(KINDS, DAYS, st.integers(0, 6))
def test_a_period_that_is_not_over_by_a_day_begins_on_it_or_on_a_first_day_of_it(
    kind: PeriodKind, day: date, closes: int
) -> None:
    assert period_of(kind, day, closes).first in first_days(day)
    assert len(first_days(day)) <= 10
    assert period_of(kind, day, closes).end - period_of(kind, day, closes).first <= timedelta(days=LONGEST[kind])


def test_a_period_closes_at_local_midnight() -> None:
    assert period_of("day", date(2026, 3, 2)).closes_at == at("2026-03-03 00:00")


def test_contacts_count_from_the_fact_but_not_from_before_the_periods_last_day() -> None:
    week = period_of("week", date(2026, 3, 4))
    assert week.anchor(at("2026-03-04 10:00")) == at("2026-03-08 00:00")
    assert week.anchor(at("2026-03-08 10:00")) == at("2026-03-08 10:00")
    day = period_of("day", date(2026, 3, 4))
    assert day.anchor(at("2026-03-04 10:00")) == at("2026-03-04 10:00")
    assert day.anchor(at("2026-03-01 10:00")) == at("2026-03-04 00:00")
