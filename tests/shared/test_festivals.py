"""Days of festivals, by both calendars and by the solar term."""

from datetime import date

import pytest

from shared.calendar import BUILT_IN
from shared.festivals import BY_CODE, festivals_on

PUBLIC = ("new_year", "spring_festival", "qingming", "labour_day", "dragon_boat", "mid_autumn", "national_day")


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


@pytest.mark.parametrize("code", PUBLIC)
def test_a_public_holidays_own_day_is_never_worked(code: str) -> None:
    """As the State Council's notices have it, in every year since they are public holidays."""
    for year in sorted(year for year in BUILT_IN.years if year >= 2008):
        day = BY_CODE[code].in_year(year)
        worked = BUILT_IN.days.get(day, day.weekday() < 5)
        assert not worked, day
