"""How each unit of time counts, over month ends, the Spring Festival and the years' turn."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.when.amounts import Deadline, Delay, Warn, add_months, begins, latest, warned_at
from shared.calendar import BUILT_IN, OFFICIAL, OfficialYears, WorkCalendar
from shared.zone import ORG_ZONE
from tests.scheduler.builders import at

MOMENTS = st.datetimes(min_value=datetime(2025, 1, 1), max_value=datetime(2028, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=ORG_ZONE)
)
CLOSES = time(17, 30)
UNITS = st.sampled_from(["minutes", "hours", "days", "weeks", "working_days", "months"])


@pytest.mark.parametrize(
    ("anchor", "deadline", "expected"),
    [
        ("2026-03-02 10:00", Deadline(30, "minutes"), "2026-03-02 10:30"),
        ("2026-02-14 10:00", Deadline(36, "hours"), "2026-02-15 22:00"),
        ("2026-02-14 10:00", Deadline(2, "days"), "2026-02-16 10:00"),
        ("2026-03-02 10:00", Deadline(2, "weeks"), "2026-03-16 10:00"),
        ("2026-01-31 10:00", Deadline(1, "months"), "2026-02-28 10:00"),  # February has no 31st
        ("2028-01-31 10:00", Deadline(1, "months"), "2028-02-29 10:00"),
        ("2026-03-31 23:59", Deadline(3, "months"), "2026-06-30 23:59"),
        ("2026-12-15 10:00", Deadline(14, "months"), "2028-02-15 10:00"),
        ("2026-03-02 10:00", Deadline(0, "months"), "2026-03-02 10:00"),
    ],
)
def test_a_deadline_keeps_the_time_of_day(anchor: str, deadline: Deadline, expected: str) -> None:
    assert latest(at(anchor), deadline, OFFICIAL, CLOSES) == at(expected)


@pytest.mark.parametrize(
    ("anchor", "deadline", "expected"),
    [
        ("2026-03-06 15:00", Deadline(3, "working_days"), "2026-03-11 17:30"),
        ("2026-03-06 23:50", Deadline(3, "working_days"), "2026-03-11 17:30"),  # the hour of the fact does not matter
        ("2026-03-07 08:00", Deadline(1, "working_days"), "2026-03-09 17:30"),  # a Saturday, before the office opens
        ("2026-03-08 23:59", Deadline(1, "working_days"), "2026-03-09 17:30"),
        ("2026-02-14 10:00", Deadline(1, "working_days"), "2026-02-24 17:30"),  # a make-up Saturday, then the festival
        ("2026-02-18 00:01", Deadline(1, "working_days"), "2026-02-24 17:30"),  # in the festival
        ("2026-02-14 10:00", Deadline(5, "working_days"), "2026-02-28 17:30"),  # the make-up Saturday 28 counts
        ("2026-12-31 10:00", Deadline(3, "working_days"), "2027-01-05 17:30"),  # 2027 is not published: weekends only
        ("2026-03-06 15:00", Deadline(0, "working_days"), "2026-03-06 17:30"),
        ("2026-03-07 15:00", Deadline(0, "working_days"), "2026-03-09 17:30"),  # a day off has no working time
        ("2026-03-06 15:00", Deadline(3, "working_days", time(15)), "2026-03-11 15:00"),  # the pack names a time
        ("2026-03-07 08:00", Deadline(1, "working_days", time(12, 30)), "2026-03-09 12:30"),
    ],
)
def test_a_deadline_in_working_days_ends_with_the_window_of_its_last_day(
    anchor: str, deadline: Deadline, expected: str
) -> None:
    assert latest(at(anchor), deadline, OFFICIAL, CLOSES) == at(expected)


@pytest.mark.parametrize(
    ("anchor", "delay", "expected"),
    [
        ("2026-03-02 10:00", Delay(), "2026-03-02 10:00"),
        ("2026-03-02 10:00", Delay(0, "working_days"), "2026-03-02 10:00"),
        ("2026-03-02 10:00", Delay(90, "minutes"), "2026-03-02 11:30"),
        ("2026-03-02 10:00", Delay(24, "hours"), "2026-03-03 10:00"),
    ],
)
def test_a_short_delay_is_elapsed_time(anchor: str, delay: Delay, expected: str) -> None:
    assert begins(at(anchor), delay, OFFICIAL) == at(expected)


@pytest.mark.parametrize(
    ("anchor", "delay", "expected"),
    [
        ("2026-03-02 23:59", Delay(1, "days"), date(2026, 3, 3)),
        ("2026-02-13 10:00", Delay(1, "working_days"), date(2026, 2, 14)),
        ("2026-02-14 10:00", Delay(1, "working_days"), date(2026, 2, 24)),
        ("2026-08-31 10:00", Delay(6, "months"), date(2027, 2, 28)),
    ],
)
def test_a_long_delay_begins_with_its_day(anchor: str, delay: Delay, expected: date) -> None:
    assert begins(at(anchor), delay, OFFICIAL) == expected


@pytest.mark.parametrize(
    ("deadline", "warn", "expected"),
    [
        ("2026-03-05 10:00", Warn(4, "hours"), "2026-03-05 06:00"),
        ("2026-03-05 10:00", Warn(15, "minutes"), "2026-03-05 09:45"),
        ("2026-02-24 10:00", Warn(1, "working_days"), "2026-02-14 10:00"),
        ("2026-03-01 10:00", Warn(1, "working_days"), "2026-02-28 10:00"),  # a Sunday; Saturday is made up
    ],
)
def test_a_warning_comes_before_the_deadline(deadline: str, warn: Warn, expected: str) -> None:
    assert warned_at(at(deadline), warn, OFFICIAL) == at(expected)


def test_a_published_year_moves_deadlines() -> None:
    known = OfficialYears(BUILT_IN.years | {2027}, {**BUILT_IN.days, date(2027, 1, 1): False})
    deadline = Deadline(3, "working_days")
    assert latest(at("2026-12-31 10:00"), deadline, WorkCalendar(official=known), CLOSES) == at("2027-01-06 17:30")


@given(MOMENTS, st.integers(0, 400), st.integers(0, 400), UNITS)
def test_a_longer_deadline_is_never_earlier(anchor: datetime, one: int, other: int, unit: str) -> None:
    few, many = sorted((one, other))
    first, second = (latest(anchor, Deadline(amount, unit), OFFICIAL, CLOSES) for amount in (few, many))  # type: ignore[arg-type]
    assert first <= second
    assert anchor <= first or (unit == "working_days" and few == 0)  # the window has closed for this day


@given(MOMENTS, st.integers(0, 400), st.integers(0, 400), st.sampled_from(["days", "working_days", "months"]))
def test_a_longer_delay_never_begins_earlier(anchor: datetime, one: int, other: int, unit: str) -> None:
    def day(amount: int) -> date:
        begun = begins(anchor, Delay(amount, unit), OFFICIAL)  # type: ignore[arg-type]
        return begun.astimezone(ORG_ZONE).date() if isinstance(begun, datetime) else begun

    few, many = sorted((one, other))
    assert anchor.date() <= day(few) <= day(many)


@given(MOMENTS, st.integers(0, 60))
def test_warning_working_days_before_a_deadline_undoes_counting_them(anchor: datetime, amount: int) -> None:
    deadline = latest(anchor, Deadline(amount, "working_days"), OFFICIAL, CLOSES)
    warned = warned_at(deadline, Warn(amount, "working_days"), OFFICIAL)
    day_off = not OFFICIAL.is_working_day(anchor.date())
    assert warned == datetime.combine(anchor.date(), CLOSES, ORG_ZONE) or day_off


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(0, 48))
def test_a_month_later_is_the_same_day_or_the_months_last(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year - day.year) * 12 + later.month - day.month == months
    assert later.day == day.day or (later + timedelta(days=1)).month != later.month


OFFICE = WorkCalendar(frames=((time(9), time(12)), (time(14), time(18))))  # seven hours a day
NEVER_WEEKENDS = WorkCalendar(frames=OFFICE.frames, make_up=False)


@pytest.mark.parametrize(
    ("anchor", "hours", "expected"),
    [
        ("2026-03-02 09:00", 3, "2026-03-02 12:00"),  # to the moment the morning ends, not to 14:00
        ("2026-03-02 11:30", 1, "2026-03-02 14:30"),  # over the lunch break
        ("2026-03-02 12:40", 1, "2026-03-02 15:00"),  # in it
        ("2026-03-02 20:15", 7, "2026-03-03 18:00"),  # at night
        ("2026-03-06 17:00", 24, "2026-03-12 11:00"),  # 1 on Friday, 7 on each of three days, 2 on Thursday
        ("2026-03-07 10:00", 4, "2026-03-09 15:00"),  # a Saturday
        ("2026-02-14 17:30", 1, "2026-02-24 09:30"),  # a made-up Saturday, then nine days of holidays
        ("2026-03-31 17:59", 24, "2026-04-07 11:59"),  # over a quarter's end and Qingming, 4 to 6 April
        ("2026-12-31 16:00", 10, "2027-01-04 10:00"),  # over the year's end: 2027 is not published, the 1st is a Friday
    ],
)
def test_working_hours_pass_in_the_frames_of_worked_days_only(anchor: str, hours: int, expected: str) -> None:
    assert latest(at(anchor), Deadline(hours, "working_hours"), OFFICE, CLOSES) == at(expected)
    assert begins(at(anchor), Delay(hours, "working_hours"), OFFICE) == at(expected)


@pytest.mark.parametrize(
    ("anchor", "made_up", "never"),
    [
        ("2026-02-13 17:00", "2026-02-14 16:00", "2026-02-24 16:00"),  # Friday before a made-up Saturday
        ("2026-10-09 17:00", "2026-10-10 16:00", "2026-10-12 16:00"),
        ("2026-02-14 10:00", "2026-02-14 18:00", "2026-02-24 17:00"),  # on that Saturday itself
        ("2026-03-06 17:00", "2026-03-09 16:00", "2026-03-09 16:00"),  # an ordinary weekend
    ],
)
def test_weekends_may_never_count_although_they_are_made_up(anchor: str, made_up: str, never: str) -> None:
    deadline = Deadline(6, "working_hours")
    assert latest(at(anchor), deadline, OFFICE, CLOSES) == at(made_up)
    assert latest(at(anchor), deadline, NEVER_WEEKENDS, CLOSES) == at(never)


@pytest.mark.parametrize(
    ("anchor", "days", "expected"),
    [
        ("2026-03-06 15:00", 0, "2026-03-06 23:59"),
        ("2026-03-07 15:00", 0, "2026-03-09 23:59"),  # a day off: of the next worked one
        ("2026-03-06 23:59", 2, "2026-03-10 23:59"),
        ("2026-02-13 10:00", 1, "2026-02-14 23:59"),  # made up
        ("2026-02-14 10:00", 1, "2026-02-24 23:59"),
        ("2026-12-31 10:00", 1, "2027-01-01 23:59"),  # not published
    ],
)
def test_the_end_of_a_working_day_is_its_last_minute(anchor: str, days: int, expected: str) -> None:
    assert latest(at(anchor), Deadline(days, "end_of_working_day"), OFFICE, CLOSES) == at(expected)


@pytest.mark.parametrize(
    ("deadline", "hours", "expected"),
    [
        ("2026-03-02 14:30", 1, "2026-03-02 11:30"),
        ("2026-03-09 10:00", 2, "2026-03-06 17:00"),
        ("2026-02-24 09:30", 1, "2026-02-14 17:30"),
        ("2026-03-12 11:00", 24, "2026-03-06 17:00"),
    ],
)
def test_a_warning_may_come_so_many_working_hours_before(deadline: str, hours: int, expected: str) -> None:
    assert warned_at(at(deadline), Warn(hours, "working_hours"), OFFICE) == at(expected)
