from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.lunar import solar_of
from shared.yearly import date_in, key_of, keys_of, lunar_key_of


@pytest.mark.parametrize(
    ("birthday", "key"),
    [
        ("1990-05-17", "05-17"),
        ("--02-29", "02-29"),
        ("lunar:08-15", "lunar:08-15"),
        ("lunar:1990-08-30", "lunar:08-30"),
        ("1990-13-01", ""),
        ("lunar:08-31", ""),
        ("17.5.1990", ""),
        ("", ""),
    ],
)
def test_a_birthday_has_a_key_when_it_is_a_date(birthday: str, key: str) -> None:
    assert key_of(birthday) == key


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("1984-11-05", "1984-11-05"),
        ("1984/11/5", "1984-11-05"),
        ("1984.11.05", "1984-11-05"),
        ("1984-11-5", "1984-11-05"),
        ("19841105", "1984-11-05"),
        ("1984年11月5日", "1984-11-05"),
        ("1984 年 11 月 5 日", "1984-11-05"),
        (" １９８４／１１／０５ ", "1984-11-05"),
        ("1984/11/5 0:00:00", "1984-11-05"),
        ("1984-11-05 08:30", "1984-11-05"),
        ("1984-11-05T00:00:00", "1984-11-05"),
        ("1984-11-05T00:00:00+08:00", "1984-11-05"),
        ("1984-11-04T16:00:00Z", "1984-11-05"),
        ("1984-11-04T16:00:00.000Z", "1984-11-05"),
        ("1988-05-31T15:00:00Z", "1988-06-01"),  # summer time was kept then
        ("11月5日", "--11-05"),
        ("11-05", "--11-05"),
        ("--11-05", "--11-05"),
        ("2000/2/29", "2000-02-29"),
        ("lunar:8-15", "lunar:08-15"),
        ("lunar:1984-08-15", "lunar:1984-08-15"),
        ("农历1984年8月15日", "lunar:1984-08-15"),
        ("农历8月15", "lunar:08-15"),
        ("1984-13-05", ""),
        ("1984/2/30", ""),
        ("5/31/1984", ""),
        ("31/5", ""),
        ("84-11-05", ""),
        ("农历八月十五", ""),
        ("lunar:8-31", ""),
        ("0001-01-01T00:00:00+14:00", ""),
        ("保密", ""),
        ("", ""),
        ("1" * 5000, ""),
    ],
)
def test_a_date_is_read_as_people_and_systems_write_it(written: str, read: str) -> None:
    assert date_in(written) == read
    assert bool(key_of(written)) == bool(read)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.sampled_from(["-", "/", ".", "年"]))
def test_every_day_is_read_in_every_spelling(day: date, mark: str) -> None:
    rest = f"{day.month}月{day.day}日" if mark == "年" else f"{day.month}{mark}{day.day}"
    assert date_in(f"{day.year}{mark}{rest}") == date_in(f"{day:%Y%m%d}") == day.isoformat()


@given(st.text(max_size=60))
def test_what_is_read_is_always_a_date(text: str) -> None:
    assert date_in(text) == "" or key_of(date_in(text))


def test_the_29th_of_february_is_kept_on_the_28th_of_other_years() -> None:
    assert "02-29" in keys_of(date(2026, 2, 28))
    assert "02-29" not in keys_of(date(2028, 2, 28))
    assert "02-29" in keys_of(date(2028, 2, 29))


def test_lunar_birthdays_move_with_the_moon() -> None:
    assert "lunar:08-15" in keys_of(date(2026, 9, 25))  # mid-autumn 2026
    assert "lunar:01-30" in keys_of(date(2026, 3, 18))  # a first month of 30 days


@given(st.dates(date(2024, 1, 1), date(2040, 12, 31)), st.integers(1, 12), st.integers(1, 30))
def test_every_lunar_birthday_comes_once_between_two_new_years(year_of: date, month: int, day: int) -> None:
    key = f"lunar:{month:02}-{day:02}"
    first = solar_of(year_of.year, 1, 1)
    after = solar_of(year_of.year + 1, 1, 1)
    days = [first + timedelta(days=n) for n in range((after - first).days)]
    assert sum(key in keys_of(one) for one in days) == 1


@given(st.integers(2024, 2040), st.dates(date(2024, 1, 1), date(2024, 12, 31)))
def test_every_birthday_comes_once_a_year(year: int, birthday: date) -> None:
    days = [date(year, 1, 1) + timedelta(days=n) for n in range(366 if year % 4 == 0 else 365)]
    assert sum(f"{birthday:%m-%d}" in keys_of(one) for one in days) == 1


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("2025-07-25", "lunar:06-01"),  # in a leap month: kept in the regular one
        ("1990-10-03", "lunar:08-15"),
        ("lunar:1990-08-15", "lunar:08-15"),
        ("--10-03", ""),
        ("2025-02-29", ""),
        ("soon", ""),
    ],
)
def test_a_date_can_be_kept_by_the_lunar_calendar(text: str, key: str) -> None:
    assert lunar_key_of(text) == key
