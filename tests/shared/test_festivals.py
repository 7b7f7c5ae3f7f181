"""Days of festivals, by both calendars and by the solar term."""

from datetime import date

import pytest

from shared.calendar import BUILT_IN
from shared.festivals import BY_CODE, festivals_on, public_holidays

PUBLIC = {"new_year", "spring_festival", "qingming", "labour_day", "dragon_boat", "mid_autumn", "national_day"}


@pytest.mark.parametrize(
    ("day", "code"),
    [
        (date(2026, 2, 16), "new_years_eve"),
        (date(2026, 2, 17), "spring_festival"),
        (date(2026, 3, 3), "lantern"),
        (date(2026, 4, 5), "qingming"),
        (date(2026, 6, 19), "dragon_boat"),
        (date(2026, 9, 25), "mid_autumn"),
        (date(2026, 10, 1), "national_day"),
    ],
)
def test_festivals_are_computed(day: date, code: str) -> None:
    assert [festival.code for festival in festivals_on(day)] == [code]


def test_qingming_is_the_day_of_the_solar_term() -> None:
    days = {year: BY_CODE["qingming"].in_year(year) for year in (2023, 2024, 2025, 2026, 2027)}
    assert {year: (day.month, day.day) for year, day in days.items()} == {
        2023: (4, 5),
        2024: (4, 4),
        2025: (4, 4),
        2026: (4, 5),
        2027: (4, 5),
    }


@pytest.mark.parametrize("year", sorted(year for year in BUILT_IN.years if year >= 2008))
def test_a_public_holiday_is_never_worked(year: int) -> None:
    """As the State Council's notices have it, in every year since they are public holidays."""
    days = public_holidays(year)
    assert {BY_CODE[code].in_year(year) for code in PUBLIC} <= days.keys()
    assert [day for day in days if BUILT_IN.days.get(day, day.weekday() < 5)] == []


def test_the_days_that_the_law_has_off() -> None:
    days = [f"{day:%m-%d} {one.name}" for day, one in public_holidays(2027).items()]
    assert days == [
        *("01-01 元旦", "02-06 春节", "02-07 春节", "02-08 春节", "04-05 清明节", "05-01 劳动节"),
        *("06-09 端午节", "09-15 中秋节", "10-01 国庆节", "10-02 国庆节", "10-03 国庆节"),
    ]
