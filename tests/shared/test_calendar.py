"""Working days with make-up days, and arithmetic in working time."""

from datetime import date, datetime, time, timedelta

import chinese_calendar
import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.calendar import BUILT_IN, OFFICIAL, OfficialYears, WorkCalendar
from shared.hours import DAY_END
from shared.zone import ORG_ZONE

CHINA = holidays.country_holidays("CN", years=range(2024, 2027))
MINUTE = timedelta(minutes=1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ORG_ZONE)


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_day_agrees_with_an_independent_calendar(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=number) for number in range(366 if year == 2024 else 365)]
    assert [day for day in days if OFFICIAL.is_working_day(day) != CHINA.is_working_day(day)] == []


def test_spring_festival_2026_has_nine_days_off_and_two_make_up_days() -> None:
    off = [date(2026, 2, 15) + timedelta(days=number) for number in range(9)]
    assert not any(OFFICIAL.is_working_day(day) for day in off)
    assert OFFICIAL.is_working_day(date(2026, 2, 14))  # a Saturday
    assert OFFICIAL.is_working_day(date(2026, 2, 28))  # a Saturday
    assert OFFICIAL.is_working_day(date(2026, 2, 24))
    assert OFFICIAL.add_working_days(local("2026-02-13T10:00"), 2) == local("2026-02-24T10:00")


def test_national_day_2026_is_made_up_on_two_weekend_days() -> None:
    assert not any(OFFICIAL.is_working_day(date(2026, 10, day)) for day in range(1, 8))
    assert OFFICIAL.is_working_day(date(2026, 9, 20))  # a Sunday
    assert OFFICIAL.is_working_day(date(2026, 10, 10))  # a Saturday
    assert OFFICIAL.next_working_day(date(2026, 9, 30)) == date(2026, 10, 8)


def test_a_year_without_official_notice_is_provisional() -> None:
    assert date(2026, 12, 31) < OFFICIAL.official.confirmed_until <= date(2030, 1, 1)
    assert OFFICIAL.is_working_day(date(2030, 10, 1))
    assert not OFFICIAL.is_working_day(date(2030, 10, 5))


def test_the_built_in_years_are_those_of_the_library_day_by_day() -> None:
    first, end = date(min(BUILT_IN.years), 1, 1), date(max(BUILT_IN.years) + 1, 1, 1)
    days = [first + timedelta(days=number) for number in range((end - first).days)]
    assert [day for day in days if OFFICIAL.is_working_day(day) != chinese_calendar.is_workday(day)] == []


def test_a_published_year_is_no_longer_provisional_and_counts() -> None:
    new_year = date(2027, 1, 1)
    official = OfficialYears(BUILT_IN.years | {2027}, {**BUILT_IN.days, new_year: False, date(2027, 1, 3): True})
    calendar = WorkCalendar(official=official)
    assert OFFICIAL.official.confirmed_until == new_year
    assert (OFFICIAL.is_working_day(new_year), calendar.is_working_day(new_year)) == (True, False)
    assert calendar.next_working_day(date(2026, 12, 31)) == date(2027, 1, 3)  # a Sunday, made up
    assert calendar.official.confirmed_until == date(2028, 1, 1)


def test_behind_a_year_that_is_missing_all_is_provisional() -> None:
    calendar = WorkCalendar(official=OfficialYears(BUILT_IN.years | {2028}, BUILT_IN.days))
    assert calendar.official.confirmed_until == date(2027, 1, 1)


def test_single_days_can_be_overridden() -> None:
    calendar = WorkCalendar(days={date(2026, 3, 2): False, date(2026, 3, 1): True})
    assert not calendar.is_working_day(date(2026, 3, 2))
    assert calendar.is_working_day(date(2026, 3, 1))


def test_counting_from_a_day_off_starts_with_the_next_worked_one() -> None:
    assert OFFICIAL.add_working_days(local("2026-03-07T10:00"), 1) == local("2026-03-09T10:00")
    assert OFFICIAL.add_working_days(local("2026-03-07T10:00"), 0) == local("2026-03-07T10:00")


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-03-02T09:00", "2026-03-02T17:30", 420),
        ("2026-03-02T12:00", "2026-03-02T13:30", 0),
        ("2026-03-06T17:00", "2026-03-09T09:30", 60),
        ("2026-02-14T17:00", "2026-02-24T09:10", 40),
        ("2026-03-03T09:00", "2026-03-02T09:00", 0),
    ],
)
def test_working_time_between(start: str, end: str, minutes: int) -> None:
    assert OFFICIAL.working_time_between(local(start), local(end)) == minutes * MINUTE


# around Spring Festival: weekends, days off and make-up days within two weeks
moments = st.integers(min_value=0, max_value=14 * 24 * 60).map(
    lambda number: local("2026-02-12T00:00") + number * MINUTE
)
frames = st.lists(st.integers(min_value=0, max_value=23), min_size=4, max_size=4, unique=True).map(
    lambda cuts: tuple(
        (time(cut), time(sorted(cuts)[place + 1], 30)) for place, cut in enumerate(sorted(cuts)) if place % 2 == 0
    )
)


def worked(calendar: WorkCalendar, minute: datetime) -> bool:
    """The model: whether the minute that begins at `minute` is worked."""
    return calendar.is_working_day(minute.date()) and any(
        opens <= minute.time() < closes for opens, closes in calendar.frames
    )


@settings(max_examples=40)
@given(frames, moments, moments)
def test_working_time_between_is_what_counting_minutes_gives(
    open_hours: tuple[tuple[time, time], ...], start: datetime, end: datetime
) -> None:
    calendar = WorkCalendar(frames=open_hours)
    count, minute = 0, start
    while minute < end:
        count += worked(calendar, minute)
        minute += MINUTE
    assert calendar.working_time_between(start, end) == count * MINUTE


@settings(max_examples=40)
@given(frames, moments, st.integers(min_value=1, max_value=800))
def test_adding_working_time_is_what_walking_minutes_gives(
    open_hours: tuple[tuple[time, time], ...], start: datetime, amount: int
) -> None:
    calendar = WorkCalendar(frames=open_hours)
    left, minute = amount, start
    while left:
        left -= worked(calendar, minute)
        minute += MINUTE
    assert calendar.add_working_time(start, amount * MINUTE) == minute


@given(moments, st.integers(min_value=0, max_value=3000))
def test_added_working_time_has_elapsed_at_the_deadline(start: datetime, amount: int) -> None:
    deadline = OFFICIAL.add_working_time(start, amount * MINUTE)
    assert OFFICIAL.working_time_between(start, deadline) == amount * MINUTE


@settings(max_examples=40)
@given(frames, moments, st.integers(min_value=1, max_value=800))
def test_going_back_in_working_time_is_what_walking_minutes_back_gives(
    open_hours: tuple[tuple[time, time], ...], end: datetime, amount: int
) -> None:
    calendar = WorkCalendar(frames=open_hours)
    left, minute = amount, end
    while left:
        minute -= MINUTE
        left -= worked(calendar, minute)
    assert calendar.working_time_before(end, amount * MINUTE) == minute


def test_a_frame_to_the_days_end_is_worked_to_midnight() -> None:
    calendar = WorkCalendar(frames=((time(), DAY_END),))
    friday = local("2026-03-06T18:00")
    assert calendar.add_working_time(friday, timedelta(hours=24)) == local("2026-03-09T18:00")
    assert calendar.working_time_before(local("2026-03-09T18:00"), timedelta(hours=24)) == friday
    assert calendar.working_time_between(friday, local("2026-03-09T18:00")) == timedelta(hours=24)


NO_MAKE_UP = WorkCalendar(make_up=False)


def test_a_calendar_that_does_not_make_up_works_no_weekend() -> None:
    year = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    assert [day for day in year if NO_MAKE_UP.is_working_day(day) and day.weekday() >= 5] == []
    assert [day for day in year if NO_MAKE_UP.is_working_day(day) != OFFICIAL.is_working_day(day)] == [
        day for day in year if OFFICIAL.is_working_day(day) and day.weekday() >= 5
    ]
    assert not NO_MAKE_UP.is_working_day(date(2026, 2, 16))  # the Spring Festival's holidays stay
    assert NO_MAKE_UP.next_working_day(date(2026, 2, 13)) == date(2026, 2, 24)  # not Saturday the 14th, made up
