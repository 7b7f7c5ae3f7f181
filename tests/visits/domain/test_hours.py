"""Retries and callbacks fall inside contact hours."""

from datetime import date, datetime, time, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.visits.domain.hours import ContactHours, hours_of, read_frames, read_hours
from shared.contracts import tasks
from shared.zone import ORG_ZONE
from tests.visits.domain.builders import at

HOURS = ContactHours()
WORKDAYS = ContactHours(on_days_off=False)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-03-02T10:00", "2026-03-02T10:00"),
        ("2026-03-02T07:00", "2026-03-02T09:00"),
        ("2026-03-02T12:30", "2026-03-02T14:00"),
        ("2026-03-02T12:00", "2026-03-02T14:00"),
        ("2026-03-02T21:00", "2026-03-03T09:00"),
    ],
)
def test_a_moment_outside_contact_hours_moves_to_the_next_frame(moment: str, expected: str) -> None:
    assert HOURS.earliest(at(moment)) == at(expected)


def test_with_worked_days_only_a_friday_night_moves_to_monday() -> None:
    assert WORKDAYS.earliest(at("2026-03-06T20:30")) == at("2026-03-09T09:00")
    assert HOURS.earliest(at("2026-03-06T20:30")) == at("2026-03-07T09:00")


def test_the_next_working_day_skips_the_national_holiday() -> None:
    assert HOURS.after("next_working_day", at("2026-09-30T16:00")) == at("2026-10-08T09:00")


def test_a_make_up_saturday_is_a_working_day() -> None:
    assert HOURS.after("next_working_day", at("2026-02-13T16:00")) == at("2026-02-14T09:00")


def test_a_wait_that_ends_at_lunch_runs_on_to_the_afternoon() -> None:
    assert HOURS.after(timedelta(hours=2), at("2026-03-02T10:30")) == at("2026-03-02T14:00")


@pytest.mark.parametrize(
    ("frames", "moment", "expected"),
    [
        ("18:00-22:00", "2026-03-02T10:00", "2026-03-02T18:00"),
        ("18:00-22:00", "2026-03-02T19:00", "2026-03-02T19:00"),
        ("18:00-22:00", "2026-03-02T20:30", "2026-03-03T18:00"),  # after the hours, though in the frame
        ("11:00-15:00", "2026-03-02T12:30", "2026-03-02T14:00"),
        ("09:00-10:00,18:00-19:00", "2026-03-02T10:00", "2026-03-02T18:00"),
        ("06:00-08:00,19:30-23:00", "2026-03-02T20:00", "2026-03-03T19:30"),
        ("12:00-14:00", "2026-03-02T10:00", "2026-03-02T10:00"),  # meets the hours nowhere: they alone count
        ("20:00-22:00", "2026-03-02T12:30", "2026-03-02T14:00"),
    ],
)
def test_a_wait_may_end_in_frames_of_its_own_inside_the_hours(frames: str, moment: str, expected: str) -> None:
    assert HOURS.after(timedelta(), at(moment), read_frames(frames)) == at(expected)


@pytest.mark.parametrize(
    ("frames", "met"),
    [("08:00-09:01", True), ("12:00-14:00", False), ("00:00-09:00,20:00-23:00", False), ("11:59-12:30", True)],
)
def test_hours_meet_frames_with_which_they_share_a_moment(frames: str, met: bool) -> None:
    assert HOURS.meets(read_frames(frames)) == met


def test_frames_of_its_own_open_no_day_off() -> None:
    assert WORKDAYS.after(timedelta(hours=2), at("2026-03-06T19:00"), read_frames("18:00-20:00")) == at(
        "2026-03-09T18:00"
    )
    assert HOURS.after("next_working_day", at("2026-03-06T10:00"), read_frames("18:00-20:00")) == at("2026-03-09T18:00")


@given(st.integers(0, 365 * 24 * 60).map(lambda minutes: at("2026-01-01T00:00") + timedelta(minutes=minutes)))
def test_the_earliest_moment_is_never_before_and_always_inside(moment: datetime) -> None:
    found = WORKDAYS.earliest(moment)
    local = found.astimezone(ORG_ZONE)
    assert found >= moment
    assert any(opens <= local.time() < closes for opens, closes in WORKDAYS.frames)
    assert WORKDAYS.calendar.is_working_day(local.date())
    assert WORKDAYS.earliest(found) == found


def test_frames_are_read_from_text() -> None:
    assert read_frames("10:30-11:30, 15:00-17:30") == ((time(10, 30), time(11, 30)), (time(15), time(17, 30)))


@pytest.mark.parametrize("text", ["", "9-12", "12:00-09:00", "09:00-12:00,11:00-13:00", "09:00"])
def test_frames_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_frames(text)


def test_hours_come_back_from_their_text() -> None:
    hours = ContactHours(read_frames("10:30-11:30,15:00-17:30"), on_days_off=False, weekdays=frozenset({1, 3}))
    assert hours.text == "working/13/10:30-11:30,15:00-17:30"
    assert read_hours(hours.text) == hours


def test_hours_may_have_days_of_their_own_beside_the_official_ones() -> None:
    own_days = {date(2026, 5, 2): True, date(2026, 5, 6): False}
    told = tasks.ContactHours(frames=[("10:30", "11:30")], days="working", own_days=own_days)
    hours = hours_of(told)
    assert hours.text == "working/0123456/10:30-11:30/+2026-05-02,-2026-05-06"
    assert read_hours(hours.text).calendar.days == own_days
    assert read_hours(hours.text).earliest(at("2026-05-01T09:00")) == at("2026-05-02T10:30")
    assert read_hours(hours.text).earliest(at("2026-05-05T12:00")) == at("2026-05-07T10:30")


@pytest.mark.parametrize("days", ["working", "all"])
def test_on_days_that_hours_have_off_nobody_is_called_even_where_days_off_are_worked(
    days: Literal["working", "all"],
) -> None:
    told = tasks.ContactHours(frames=[("09:00", "11:00")], days=days, own_days={date(2026, 2, 24): False})
    assert hours_of(told).earliest(at("2026-02-24 09:00")) == at("2026-02-25 09:00")
    assert hours_of(told).after("next_working_day", at("2026-02-14 10:00")) == at("2026-02-25 09:00")


def test_hours_on_tuesdays_wait_for_tuesday() -> None:
    tuesdays = ContactHours(read_frames("10:30-11:30"), weekdays=frozenset({1}))
    assert tuesdays.earliest(at("2026-03-02T09:00")) == at("2026-03-03T10:30")
    assert tuesdays.is_open(at("2026-03-03T11:29"))
    assert not tuesdays.is_open(at("2026-03-03T11:30"))


def test_a_night_belongs_to_the_day_that_it_begins_on() -> None:
    told = tasks.ContactHours(frames=[("09:00", "12:00"), ("22:00", "06:00")], own_days={date(2026, 3, 4): False})
    hours = hours_of(told)
    assert hours.text == "working/0123456/09:00-12:00,22:00-06:00/-2026-03-04"
    for moment, expected in (
        ("2026-03-02T05:59", "2026-03-02T09:00"),  # a Monday: Sunday's night is none
        ("2026-03-02T23:00", "2026-03-02T23:00"),
        ("2026-03-03T05:59", "2026-03-03T05:59"),
        ("2026-03-03T06:00", "2026-03-03T09:00"),
        ("2026-03-04T05:59", "2026-03-04T05:59"),  # a day off of the policy's own: the night is the day's before
        ("2026-03-04T22:00", "2026-03-05T09:00"),
        ("2026-03-07T05:59", "2026-03-07T05:59"),  # Friday's night
        ("2026-03-07T06:00", "2026-03-09T09:00"),
    ):
        assert read_hours(hours.text).earliest(at(moment)) == at(expected)


def test_a_whole_day_is_open_to_its_end() -> None:
    hours = hours_of(tasks.ContactHours(frames=[("00:00", "24:00")], days="all"))
    assert hours.text == "all/0123456/00:00-24:00"
    assert read_hours(hours.text).is_open(at("2026-03-07T23:59") + timedelta(seconds=59, milliseconds=999))
    assert read_frames("00:00-24:00") == hours.frames
    late = read_hours("working/0123456/20:00-24:00")
    assert late.earliest(at("2026-03-07T00:00")) == at("2026-03-09T20:00")


def test_a_wait_for_the_next_working_day_ends_in_a_frame_of_that_day_and_not_in_the_night_before() -> None:
    nights = read_hours("working/0123456/22:00-06:00")
    assert nights.after("next_working_day", at("2026-03-02T23:00")) == at("2026-03-03T22:00")
    assert nights.after(timedelta(hours=2), at("2026-03-02T23:00")) == at("2026-03-03T01:00")
    assert nights.after(timedelta(hours=2), at("2026-03-03T05:00")) == at("2026-03-03T22:00")
