"""Windows that leave out the worked day after or before a public holiday."""

from dataclasses import replace
from datetime import date

import pytest

from services.scheduler.domain.explain.arithmetic import arithmetic_text
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.when.holidays import days_near
from services.scheduler.domain.when.hours import reopens
from shared.calendar import OFFICIAL
from tests.scheduler.builders import at, book, contents, fact, judge

AFTER = {"window": {"days": "working", "frames": ["09:00-12:00"], "except": ["after_holiday"]}}


def of_2026(near: str, calendar: object = OFFICIAL) -> list[str]:
    return [f"{day:%m-%d}" for day in days_near(calendar, near) if day.year == 2026]  # type: ignore[arg-type]


def test_the_worked_days_after_and_before_the_holidays_of_a_year() -> None:
    """New Year's break ends with a Sunday that is made up; the Spring Festival's begins after one; so does no other."""
    assert of_2026("after_holiday") == ["01-04", "02-24", "04-07", "05-06", "06-22", "09-28", "10-08"]
    assert of_2026("before_holiday") == ["02-14", "04-03", "04-30", "06-18", "09-24", "09-30"]
    assert days_near(OFFICIAL, "before_holiday")[-7:][0] == date(2025, 12, 31)


def test_of_a_calendar_whose_weekends_are_never_worked_they_are_weekdays() -> None:
    bank = replace(OFFICIAL, make_up=False)
    assert of_2026("after_holiday", bank)[:2] == ["01-05", "02-24"]
    assert of_2026("before_holiday", bank)[0] == "02-13"


def test_own_days_of_a_calendar_count() -> None:
    own = replace(OFFICIAL, days={date(2026, 2, 24): False, date(2026, 5, 4): True})
    assert of_2026("after_holiday", own) == ["01-04", "02-25", "04-07", "05-04", "05-06", "06-22", "09-28", "10-08"]


@pytest.mark.parametrize(
    ("happened", "due"),
    [
        ("2026-02-13 10:00", "2026-02-14 09:00"),  # a Saturday that is made up before the Spring Festival
        ("2026-02-14 10:00", "2026-02-25 09:00"),  # not on the 24th, the first worked day after it
        ("2026-04-30 10:00", "2026-05-07 09:00"),
        ("2026-06-19 10:00", "2026-06-23 09:00"),
        ("2026-09-30 10:00", "2026-10-09 09:00"),
    ],
)
def test_a_contact_that_would_fall_on_such_a_day_moves_behind_it(happened: str, due: str) -> None:
    decision, _ = judge(book({**AFTER, "delay": {"days": 1}}), fact(time=at(happened)))
    (task,) = decision.tasks
    assert task.due_at == at(due)


def test_a_contact_that_waits_is_not_released_on_such_a_day() -> None:
    decision, _ = judge(book(AFTER), fact(time=at("2026-02-14 09:30")))
    (task,) = decision.tasks
    assert reopens(task.hours, at("2026-02-14 13:00"), OFFICIAL.official) == at("2026-02-25 09:00")


def test_on_days_that_are_all_open_it_holds_too_and_hangs_on_holidays_to_come() -> None:
    every_day = {"window": {"days": "all", "frames": ["09:00-12:00"], "except": ["after_holiday"]}}
    rules = book({**every_day, "delay": {"days": 1}})
    (task,) = judge(rules, fact(time=at("2026-02-23 10:00")))[0].tasks
    assert (task.due_at, task.terms) == (at("2026-02-25 09:00"), ())
    (later,) = judge(rules, fact(time=at("2027-02-23 10:00")))[0].tasks
    assert later.due_at == at("2027-02-24 09:00")
    assert later.terms


def test_working_days_are_counted_as_ever() -> None:
    """The 24th is worked and counts: three working days after the 14th are the 24th, 25th and 26th."""
    decision, _ = judge(book({**AFTER, "deadline": {"working_days": 3}}), fact(time=at("2026-02-14 10:00")))
    (task,) = decision.tasks
    assert task.deadline_at == at("2026-02-26 12:00")


def test_it_stands_in_the_content_only_where_it_is_written() -> None:
    (with_it, without) = read_pack(contents({**AFTER, "id": "a"}, {"id": "b"})).drafts
    assert with_it.content["window"]["except"] == ["after_holiday"]
    assert "except" not in without.content["window"]
    assert not policy_of(without.content, 1).window.blackouts
    assert "工作日（节后第一个工作日除外） 09:00-12:00" in arithmetic_text(with_it.content, at("2026-02-14 10:00"))
