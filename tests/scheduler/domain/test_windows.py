from datetime import date, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.amounts import Deadline, Delay, latest
from services.scheduler.domain.windows import Window, local_day, next_moment, plan_span
from shared.calendar import OFFICIAL
from shared.zone import ORG_ZONE
from tests.scheduler.builders import at

WORKING = Window()
EVERY_DAY = Window(days="all")
NEXT_DAY = Delay(1, "days")


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("2026-03-02 10:00", "2026-03-02 10:00"),  # inside
        ("2026-03-02 08:59", "2026-03-02 09:00"),  # before the first frame
        ("2026-03-02 12:00", "2026-03-02 14:00"),  # a frame's end is outside
        ("2026-03-02 18:00", "2026-03-03 09:00"),  # after the last
        ("2026-03-06 18:00", "2026-03-09 09:00"),  # over a weekend
        ("2026-02-13 19:00", "2026-02-14 09:00"),  # Saturday 14 February 2026 is a make-up working day
        ("2026-02-14 18:00", "2026-02-24 09:00"),  # the Spring Festival, 15-23 February
        ("2026-02-27 18:30", "2026-02-28 09:00"),  # Saturday 28 February is a make-up working day too
    ],
)
def test_a_contact_waits_for_the_next_frame_of_a_working_day(asked: str, opens: str) -> None:
    assert next_moment(WORKING, at(asked)) == at(opens)


def test_a_window_of_all_days_is_open_during_the_spring_festival() -> None:
    assert next_moment(EVERY_DAY, at("2026-02-17 08:00")) == at("2026-02-17 09:00")


@given(
    st.datetimes(
        min_value=at("2026-01-01 00:00").replace(tzinfo=None), max_value=at("2027-12-30 00:00").replace(tzinfo=None)
    )
)
def test_no_contact_lies_outside_its_window_or_before_it_was_asked_for(moment) -> None:  # type: ignore[no-untyped-def]
    asked = moment.replace(tzinfo=ORG_ZONE)
    found = next_moment(WORKING, asked).astimezone(ORG_ZONE)
    assert found >= asked
    assert OFFICIAL.is_working_day(found.date())
    assert any(opens <= found.time() < closes for opens, closes in WORKING.frames)


def test_a_delay_in_days_starts_at_the_first_moment_of_the_day_whatever_the_hour_of_the_fact() -> None:
    for hour in ("00:01", "13:00", "23:59"):
        assert plan_span(at(f"2026-03-02 {hour}"), NEXT_DAY, WORKING, None).due == at("2026-03-03 09:00")


def test_a_delay_in_minutes_is_elapsed_time() -> None:
    assert plan_span(at("2026-03-02 10:00"), Delay(30, "minutes"), WORKING, None).due == at("2026-03-02 10:30")


@pytest.mark.parametrize(
    ("deadline", "expected"),
    [
        (Deadline(36, "hours"), "2026-02-15 22:00"),
        (Deadline(2, "days"), "2026-02-16 10:00"),
        (Deadline(1, "working_days"), "2026-02-24 10:00"),  # the fact is on a make-up Saturday before the festival
        (Deadline(5, "working_days"), "2026-02-28 10:00"),  # 24-27 February and the make-up Saturday 28
    ],
)
def test_deadlines_count_hours_days_or_official_working_days(deadline: Deadline, expected: str) -> None:
    assert latest(at("2026-02-14 10:00"), deadline, OFFICIAL) == at(expected)


def test_a_span_without_any_window_before_its_deadline_says_so() -> None:
    friday = at("2026-03-06 18:30")
    assert plan_span(friday, NEXT_DAY, WORKING, Deadline(2, "days")).too_short
    assert not plan_span(friday, NEXT_DAY, EVERY_DAY, Deadline(2, "days")).too_short


def test_frames_may_be_others() -> None:
    window = Window(((time(10, 30), time(11, 30)),))
    assert next_moment(window, at("2026-03-02 11:30")) == at("2026-03-03 10:30")


def test_the_local_day_changes_at_midnight_in_shanghai() -> None:
    assert local_day(at("2026-03-02 23:59")) == date(2026, 3, 2)
    assert local_day(at("2026-03-02 23:59") + timedelta(minutes=1)) == date(2026, 3, 3)
