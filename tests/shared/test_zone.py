"""A day is the organisation's, wherever the instant is told from."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.zone import ORG_ZONE, local_day, midnight

DAYS = st.dates(date(2000, 1, 1), date(2199, 12, 31))


def test_a_day_begins_at_midnight_in_shanghai() -> None:
    assert local_day(datetime(2026, 3, 1, 15, 59, 59, tzinfo=UTC)) == date(2026, 3, 1)
    assert local_day(datetime(2026, 3, 1, 16, tzinfo=UTC)) == date(2026, 3, 2)
    assert local_day(datetime(2026, 3, 2, tzinfo=ORG_ZONE)) == date(2026, 3, 2)


def test_its_first_moment_is_told_in_utc() -> None:
    begins = midnight(date(2026, 3, 2))
    assert (begins.isoformat(), begins.tzinfo) == ("2026-03-01T16:00:00+00:00", UTC)


@given(DAYS)
def test_a_days_first_and_last_moment_are_of_it(day: date) -> None:
    assert local_day(midnight(day)) == day
    assert local_day(midnight(day + timedelta(days=1)) - timedelta(microseconds=1)) == day
