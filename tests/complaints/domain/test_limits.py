from datetime import datetime, timedelta

import pytest

from services.complaints.domain.limits import GradeLimits, Limits, Span
from shared.contracts.complaints import Grade
from tests.complaints.builders import MONDAY

LIMITS = Limits()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00")


@pytest.mark.parametrize(
    ("grade", "opened", "by"),
    [
        ("major", "2026-03-02T10:00", "2026-03-03T10:00"),
        ("major", "2026-03-06T16:00", "2026-03-09T16:00"),
        ("general", "2026-03-02T10:00", "2026-03-05T10:00"),
        ("general", "2026-03-05T10:00", "2026-03-10T10:00"),
        ("opinion", "2026-03-06T10:00", "2026-03-11T10:00"),
    ],
)
def test_each_grade_has_the_limit_of_the_regulation(grade: Grade, opened: str, by: str) -> None:
    assert LIMITS.at_opening(grade, at(opened)).by == at(by)


def test_a_make_up_working_day_counts_as_worked() -> None:
    # 2026-02-14 is a Saturday worked for the Spring Festival, 15 to 23 February are off
    assert LIMITS.at_opening("major", at("2026-02-13T10:00")).by == at("2026-02-14T10:00")
    assert LIMITS.at_opening("major", at("2026-02-14T10:00")).by == at("2026-02-24T10:00")


def test_a_deadline_outside_working_time_is_late_only_when_the_office_opens() -> None:
    deadlines = LIMITS.at_opening("major", at("2026-03-05T20:00"))
    assert deadlines.by == at("2026-03-06T20:00")
    assert deadlines.overdue_at == at("2026-03-09T09:00") + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("grade", "opened", "by", "late"),
    [
        ("major", "2026-03-07T08:00", "2026-03-09T17:30", "2026-03-10T09:00:01"),  # a Saturday, before the office opens
        ("major", "2026-03-08T23:00", "2026-03-09T17:30", "2026-03-10T09:00:01"),
        ("major", "2026-02-18T07:00", "2026-02-24T17:30", "2026-02-25T09:00:01"),  # in the Spring Festival
        ("general", "2026-03-07T08:00", "2026-03-11T17:30", "2026-03-12T09:00:01"),
    ],
)
def test_working_days_from_a_day_off_are_whole_days(grade: Grade, opened: str, by: str, late: str) -> None:
    deadlines = LIMITS.at_opening(grade, at(opened))
    assert (deadlines.by, deadlines.overdue_at) == (at(by), at(late))
    assert LIMITS.remaining(deadlines.by, at(opened)) >= timedelta(hours=7)


def test_an_opinion_not_dispatched_within_two_days_is_late_before_its_deadline() -> None:
    deadlines = LIMITS.at_opening("opinion", MONDAY)
    assert deadlines.overdue_at == at("2026-03-04T10:00:01")
    assert deadlines.by == at("2026-03-07T10:00")


def test_the_departments_three_days_for_an_opinion_start_when_it_gets_it() -> None:
    first = LIMITS.at_opening("opinion", MONDAY)
    assert LIMITS.at_assignment("opinion", first, at("2026-03-02T15:00")).by == at("2026-03-05T15:00")


def test_assignment_does_not_lengthen_a_limit_that_runs_from_opening() -> None:
    first = LIMITS.at_opening("general", MONDAY)
    assert LIMITS.at_assignment("general", first, at("2026-03-03T15:00")) == first


def test_limits_in_hours_and_working_hours_can_be_set() -> None:
    limits = Limits({"major": GradeLimits(Span(hours=1)), "general": GradeLimits(Span(working_hours=7))})
    assert limits.at_opening("major", MONDAY).by == at("2026-03-02T11:00")
    assert limits.at_opening("general", MONDAY).by == at("2026-03-03T10:00")


def test_the_countdown_counts_working_time_and_turns_negative() -> None:
    by = at("2026-03-09T10:00")
    assert LIMITS.remaining(by, at("2026-03-06T16:30")) == timedelta(hours=2)
    assert LIMITS.remaining(by, at("2026-03-09T11:30")) == timedelta(hours=-1.5)
