from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.lunar import LunarDay, lunar_of, solar_of

DAYS = st.dates(date(1901, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("day", "lunar"),
    [
        (date(2026, 2, 16), LunarDay(2025, 12, 29)),
        (date(2026, 2, 17), LunarDay(2026, 1, 1)),
        (date(2026, 9, 25), LunarDay(2026, 8, 15)),
        (date(2025, 7, 25), LunarDay(2025, 6, 1, leap=True)),
        (date(2020, 5, 23), LunarDay(2020, 4, 1, leap=True)),
        (date(2033, 12, 22), LunarDay(2033, 11, 1, leap=True)),
        (date(1978, 9, 3), LunarDay(1978, 8, 1)),  # a day off in tables made before 1979
    ],
)
def test_days_of_the_official_tables(day: date, lunar: LunarDay) -> None:
    assert lunar_of(day) == lunar


@given(DAYS)
def test_a_day_of_a_regular_month_comes_back_from_its_lunar_date(day: date) -> None:
    lunar = lunar_of(day)
    if not lunar.leap:
        assert solar_of(lunar.year, lunar.month, lunar.day) == day


@given(DAYS)
def test_the_next_day_is_the_next_lunar_day_or_the_first_of_a_month(day: date) -> None:
    today, tomorrow = lunar_of(day), lunar_of(day + timedelta(days=1))
    assert tomorrow.day == today.day + 1 or (tomorrow.day == 1 and today.day in (29, 30))


def test_the_30th_of_a_short_month_is_its_29th() -> None:
    assert solar_of(2025, 12, 30) == solar_of(2025, 12, 29) == date(2026, 2, 16)


@pytest.mark.parametrize(("month", "day"), [(13, 1), (0, 1), (1, 0), (1, 31)])
def test_what_is_no_lunar_date_is_refused(month: int, day: int) -> None:
    with pytest.raises(ValueError, match="lunar calendar"):
        solar_of(2026, month, day)
