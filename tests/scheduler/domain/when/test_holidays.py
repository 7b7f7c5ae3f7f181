"""Days beside public holidays and around festivals: as triggers, as what times count from, and left out of windows."""

from dataclasses import replace
from datetime import date

import pytest

from services.scheduler.domain.explain.arithmetic import arithmetic_text
from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.packs.pack import policy_of, read_pack
from services.scheduler.domain.when.amounts import Delay
from services.scheduler.domain.when.holidays import FestivalDay, days_near, festival_near
from services.scheduler.domain.when.hours import reopens
from shared.calendar import OFFICIAL
from shared.declared.section import ContentInvalid
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


PUBLIC = ("new_year", "spring_festival", "qingming", "labour_day", "dragon_boat", "mid_autumn", "national_day")


@pytest.mark.parametrize(
    ("festivals", "offset", "days"),
    [
        (("spring_festival",), Delay(-3, "days"), ["02-14"]),
        (("spring_festival",), Delay(1, "working_days"), ["02-24"]),
        (("spring_festival",), Delay(-1, "working_days"), ["02-14"]),  # a Saturday that is made up
        (("new_year",), Delay(-3, "days"), ["12-29"]),  # of the next year
        (("lantern", "double_ninth"), Delay(0, "days"), ["03-03", "10-18"]),
        (PUBLIC, Delay(1, "working_days"), ["01-04", "02-24", "04-07", "05-06", "06-22", "09-28", "10-08"]),
    ],
)
def test_the_days_that_festivals_bring_in_a_year(festivals: tuple[str, ...], offset: Delay, days: list[str]) -> None:
    turns = FestivalDay(festivals, offset).days(date(2026, 7, 1), OFFICIAL)
    assert [f"{day:%m-%d}" for day in turns if day.year == 2026] == days


def test_two_festivals_in_one_holiday_have_one_first_worked_day_after_it() -> None:
    both = FestivalDay(("mid_autumn", "national_day"), Delay(1, "working_days"))
    assert [day for day in both.days(date(2025, 1, 1), OFFICIAL) if day.year == 2025] == [date(2025, 10, 9)]


@pytest.mark.parametrize(
    ("day", "festival"),
    [
        ("2026-02-16", ("2026-02-17", "spring_festival")),
        ("2026-02-23", ("2026-02-17", "spring_festival")),  # the last day off
        ("2026-02-24", ("2026-10-01", "national_day")),
        ("2026-10-08", ("2027-02-06", "spring_festival")),
    ],
)
def test_the_festival_that_is_near_is_the_next_one_until_its_days_off_are_over(
    day: str, festival: tuple[str, str]
) -> None:
    found = festival_near(("national_day", "spring_festival"), date.fromisoformat(day), OFFICIAL)
    assert (str(found[0]), found[1]) == festival


BASE = {
    "base": {"festivals": ["spring_festival"]},
    "delay": {"working_days": 1},
    "deadline": {"working_days": 3},
    "window": {"days": "working", "frames": ["09:00-12:00", "14:00-18:00"]},
}


def test_times_count_from_the_festival_and_the_decision_names_it() -> None:
    decision, _ = judge(book(BASE), fact(time=at("2026-01-20 10:00")))
    (task,) = decision.tasks
    assert (task.due_at, task.deadline_at) == (at("2026-02-24 09:00"), at("2026-02-26 18:00"))
    assert "；自春节 2026-02-17 00:00 (周二) 起算" in explain(decision.outcome, decision.details, {})[1]


def test_what_is_to_be_done_before_a_festival_and_is_heard_of_on_its_eve_is_late() -> None:
    before = {"base": {"festivals": ["spring_festival"]}, "delay": {"days": -10}, "deadline": {"days": -3}}
    decision, _ = judge(book(before), fact(time=at("2026-02-16 10:00")))
    assert [(one["result"], one.get("learnt_late")) for one in decision.details] == [("planned", True)]


AROUND = {"festivals": ["spring_festival"], "from": {"days": -3}, "to": {"working_days": 2}}


@pytest.mark.parametrize(
    ("happened", "due"),
    [
        ("2026-02-12 10:00", "2026-02-13 09:00"),
        ("2026-02-13 10:00", "2026-02-26 09:00"),  # the 24th and the 25th are the first two worked days after it
        ("2027-02-02 10:00", "2027-02-10 09:00"),  # of the first year that is not published: weekends are known
    ],
)
def test_a_window_leaves_out_days_around_a_festival(happened: str, due: str) -> None:
    window = {"days": "working", "frames": ["09:00-12:00"], "except": [AROUND]}
    decision, _ = judge(book({"window": window, "delay": {"days": 1}}), fact(time=at(happened)))
    (task,) = decision.tasks
    assert task.due_at == at(due)


def test_the_window_says_so() -> None:
    window = {"days": "working", "frames": ["09:00-12:00"], "except": ["after_holiday", AROUND]}
    (draft,) = read_pack(contents({"window": window})).drafts
    assert "工作日（节后第一个工作日、春节前 3 天至后 2 个工作日除外）" in arithmetic_text(
        draft.content, at("2026-02-13 10:00")
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"trigger": {"festivals": ["spring_festivals"]}}, "spring_festival"),
        ({"trigger": {"festivals": []}}, "festivals"),
        ({"trigger": {"festivals": ["lantern"], "events": ["repair.closed"]}}, "只能写一种"),
        ({"festivals": ["lantern"]}, "写在 trigger 之下"),
        ({"base": {"festivals": ["chunjie"]}}, "spring_festival"),
        ({"window": {"except": [AROUND | {"to": {"days": -5}}]}}, "应不早于 from"),
        ({"window": {"except": ["holidays"]}}, "after_holiday"),
    ],
)
def test_mistakes_are_told(change: dict[str, object], says: str) -> None:
    with pytest.raises(ContentInvalid) as caught:
        read_pack(contents(change))
    assert any(says in f"{one.key} {one.message}" for one in caught.value.problems), caught.value.problems
