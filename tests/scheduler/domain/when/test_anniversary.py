"""Birthdays by either calendar, and other days that come again (R10.2, R04.3)."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.when.anniversary import Anniversary, Offset

BIRTHDAY = Anniversary("birthday")
DATES = st.dates(date(1940, 1, 1), date(2020, 12, 31))
OFFSETS = st.builds(Offset, st.integers(-90, 90)) | st.builds(Offset, st.integers(-12, 12), st.just("months"))


def days(kept: Anniversary, told: Any, first: date, last: date) -> list[date]:
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in span if kept.kept_on(day)(told)]


def year(number: int) -> tuple[date, date]:
    return date(number, 1, 1), date(number, 12, 31)


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ("1986-03-21", date(2026, 3, 21)),
        ("--03-21", date(2026, 3, 21)),
        ("1988-02-29", date(2026, 2, 28)),
        ("lunar:1986-08-15", date(2026, 9, 25)),
        ("lunar:12-30", date(2026, 2, 16)),  # the 29th is the last of that month
    ],
)
def test_a_birthday_comes_once_a_year(told: str, day: date) -> None:
    assert days(BIRTHDAY, told, *year(2026)) == [day]


def test_the_29th_of_february_is_kept_when_there_is_one() -> None:
    assert days(BIRTHDAY, "1988-02-29", *year(2028)) == [date(2028, 2, 29)]


def test_a_solar_birthday_can_be_kept_by_the_lunar_calendar() -> None:
    lunar = Anniversary("birthday", lunar=True)
    assert days(lunar, "1990-10-03", *year(2026)) == [date(2026, 9, 25)]
    assert days(lunar, "lunar:08-15", *year(2026)) == [date(2026, 9, 25)]
    assert days(lunar, "--10-03", *year(2026)) == []


@pytest.mark.parametrize("told", [None, "", "soon", 19860321, ["1986-03-21"], "1986-13-01"])
def test_what_is_no_date_has_no_day(told: Any) -> None:
    assert days(BIRTHDAY, told, *year(2026)) == []


def test_an_anniversary_is_no_anniversary_in_its_own_year() -> None:
    moved_in = Anniversary("moved_in_on")
    assert days(moved_in, "2025-06-18", date(2025, 1, 1), date(2027, 12, 31)) == [
        date(2026, 6, 18),
        date(2027, 6, 18),
    ]


def test_a_month_after_moving_in_comes_once() -> None:
    visit = Anniversary("moved_in_on", offset=Offset(1, "months"), once=True)
    assert days(visit, "2026-01-31", *year(2026)) == [date(2026, 2, 28)]
    assert days(visit, "2026-01-31", *year(2027)) == []


def test_before_a_warranty_ends() -> None:
    soon = Anniversary("warranty_until", offset=Offset(-30), once=True)
    assert days(soon, "2026-12-31", *year(2026)) == [date(2026, 12, 1)]


@given(DATES, OFFSETS, st.integers(2025, 2030))
def test_every_date_comes_exactly_once_between_two_of_its_anniversaries(day: date, offset: Offset, of: int) -> None:
    kept = Anniversary("birthday", offset=offset)
    found = days(kept, day.isoformat(), date(of - 2, 1, 1), date(of + 2, 12, 31))
    gaps = {(later - earlier).days for earlier, later in pairwise(found)}
    assert len(found) >= 4
    assert gaps <= {363, 364, 365, 366, 367, 368}


@given(DATES, OFFSETS)
def test_once_is_once(day: date, offset: Offset) -> None:
    kept = Anniversary("moved_in_on", offset=offset, once=True)
    assert len(days(kept, day.isoformat(), day - timedelta(days=400), day + timedelta(days=400))) == 1
