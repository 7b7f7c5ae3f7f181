"""Days, weeks, months and longer, as reports have them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.analytics.domain.periods import Period, end_of, label, start_of

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(DAYS, st.sampled_from([period for period in Period if period is not Period.TOTAL]))
def test_every_day_lies_in_its_period_and_the_next_period_begins_after_its_end(some_day, period):
    start = start_of(period, some_day)
    end = end_of(period, start)
    assert start <= some_day <= end
    assert start_of(period, end) == start
    following = date.fromordinal(end.toordinal() + 1)
    assert start_of(period, following) == following


@pytest.mark.parametrize(
    ("period", "start", "text"),
    [
        (Period.DAY, date(2026, 3, 7), "2026-03-07 (周六)"),
        (Period.WEEK, date(2025, 12, 29), "2026 年第 1 周"),
        (Period.MONTH, date(2026, 3, 1), "2026 年 3 月"),
        (Period.QUARTER, date(2026, 10, 1), "2026 年第 4 季度"),
        (Period.YEAR, date(2026, 1, 1), "2026 年"),
        (Period.TOTAL, date(2026, 1, 1), "合计"),
    ],
)
def test_periods_are_named_in_the_users_words(period, start, text):
    assert label(period, start) == text
