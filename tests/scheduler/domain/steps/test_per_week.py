"""Several contacts a week, spread over the days of the week that are open."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.packs.pack import read_pack, read_parts
from services.scheduler.domain.when.amounts import Deadline, Delay, Spread
from services.scheduler.domain.when.windows import Blackout, Span, Window, plan_span
from shared.calendar import OFFICIAL, WorkCalendar
from tests.scheduler.builders import at, contents
from tests.scheduler.domain.steps.test_run import UNHAPPY, Play

WORKED: dict[str, Any] = {"days": "working", "frames": ["09:00-18:00"]}
DAY = timedelta(days=1)


def play(when: str, number: int, weeks: int, window: dict[str, Any] | None = None, **more: Any) -> Play:
    """A fact, from whose next day on there are so many contacts a week."""
    repeat = {"per_week": number, "for": {"weeks": weeks}}
    step = {"id": "call", "delay": {"days": 1}, "deadline": {"days": 2}, "repeat": repeat, **more.pop("step", {})}
    played = Play(step, *more.pop("then", ()), window=window or WORKED, merge=False, **more)
    played.fact(when=when)
    return played


def days_of(played: Play) -> list[str]:
    return [due.removesuffix(" 09:00") for due in played.plan().values()]


@pytest.mark.parametrize(
    ("number", "days"),
    [
        (2, ["03-02", "03-05", "03-09", "03-12"]),
        (3, ["03-02", "03-04", "03-06", "03-09", "03-11", "03-13"]),
        (4, ["03-02", "03-04", "03-05", "03-06", "03-09", "03-11", "03-12", "03-13"]),
        (5, ["03-02", "03-03", "03-04", "03-05", "03-06", "03-09", "03-10", "03-11", "03-12", "03-13"]),
    ],
)
def test_contacts_are_spread_over_the_worked_days_of_every_week(number: int, days: list[str]) -> None:
    """The fact is of a Sunday, so that weeks begin with Monday, 2 March 2026."""
    played = play("2026-03-01 10:00", number, 2)
    assert days_of(played) == days
    assert [*played.plan()][:2] == ["call", "call.2"]


def test_a_week_is_seven_days_from_the_first_date_on() -> None:
    assert days_of(play("2026-03-04 10:00", 3, 2)) == ["03-05", "03-09", "03-11", "03-12", "03-16", "03-18"]
    every_day = {"days": "all", "frames": ["09:00-18:00"]}
    assert days_of(play("2026-03-04 10:00", 3, 1, every_day)) == ["03-05", "03-08", "03-10"]


def test_every_contact_has_its_deadline_so_long_after_its_own_day_as_the_first() -> None:
    played = play("2026-03-01 10:00", 3, 2)
    ends = [task.deadline_at for task in played.tasks.values()]
    assert ends == [at(f"2026-03-{day:02} 10:00") for day in (3, 5, 7, 10, 12, 14)]


def test_where_the_first_date_is_closed_the_week_begins_with_it_all_the_same() -> None:
    """Friday's next day is a Saturday: the first contact is on Monday, its deadline two days later with it."""
    played = play("2026-03-06 10:00", 3, 1)
    assert days_of(played) == ["03-09", "03-11", "03-13"]
    assert next(iter(played.tasks.values())).deadline_at == at("2026-03-10 10:00")


def test_the_first_contact_of_all_is_as_soon_as_it_would_be_alone() -> None:
    played = play("2026-03-02 10:17", 2, 2, step={"delay": {"minutes": 30}})
    assert played.plan() == {
        "call": "03-02 10:47",
        "call.2": "03-05 09:00",
        "call.3": "03-09 09:00",
        "call.4": "03-12 09:00",
    }


def test_a_week_without_an_open_day_has_no_contact_and_the_next_goes_on() -> None:
    """From Monday, 9 February 2026: the 14th and the 28th are made up, 15-23 February are the Spring Festival."""
    played = play("2026-02-08 10:00", 3, 3)
    assert played.plan() == {
        "call": "02-09 09:00",
        "call.2": "02-11 09:00",
        "call.3": "02-13 09:00",
        "call.7": "02-24 09:00",
        "call.8": "02-26 09:00",
        "call.9": "02-28 09:00",
    }
    assert [step for step, result in played.results() if result == "skipped"] == ["call.4", "call.5", "call.6"]


def test_a_week_with_fewer_open_days_has_as_many_contacts_as_days() -> None:
    """28-30 September, 8-10 October 2026 (the 10th is made up): over the holiday and the quarter's end."""
    played = play("2026-09-27 10:00", 5, 2)
    assert played.plan() == {
        "call": "09-28 09:00",
        "call.2": "09-29 09:00",
        "call.3": "09-30 09:00",
        "call.6": "10-08 09:00",
        "call.7": "10-09 09:00",
        "call.8": "10-10 09:00",
    }


def test_contacts_are_spread_over_the_end_of_the_year() -> None:
    """29-31 December 2025, and Sunday, 4 January 2026, which makes up for 2 January."""
    assert days_of(play("2025-12-28 10:00", 3, 1)) == ["12-29", "12-31", "01-04"]


def test_days_of_a_blackout_of_the_branch_are_not_open() -> None:
    window = Window(blackouts=(Blackout(date(2026, 3, 3), date(2026, 3, 4), frozenset(["CD"])),))
    monday = date(2026, 3, 2)
    own = [window.day_in_week(monday, Spread(number, 3), "CD") for number in range(3)]
    assert own == [monday, date(2026, 3, 5), date(2026, 3, 6)]
    others = [window.day_in_week(monday, Spread(number, 3), "XA") for number in range(3)]
    assert others == [monday, date(2026, 3, 4), date(2026, 3, 6)]


def test_weeks_of_nights_go_by_the_days_that_the_nights_begin_on() -> None:
    """A fact of Tuesday, 3 March, 2:00 lies in Monday's night, with which the week begins."""
    nights = {"days": "working", "frames": ["22:00-06:00"]}
    played = play("2026-03-03 02:00", 3, 1, nights, step={"delay": {"hours": 1}})
    assert played.plan() == {"call": "03-03 03:00", "call.2": "03-04 22:00", "call.3": "03-06 22:00"}


def test_a_contact_that_is_left_out_is_told_and_leads_on() -> None:
    """The week's last contact is left out; the step behind it sees that it was."""
    left_out = {
        "id": "left-out",
        "if": {"field": "reason", "op": "eq", "value": "no_open_day"},
        "deadline": {"days": 30},
    }
    unhappy = {"id": "unhappy", "if": UNHAPPY}
    played = play("2026-02-15 10:00", 2, 1, then=(unhappy, left_out))
    assert played.plan() == {"left-out": "02-24 09:00"}
    (decision,) = played.decisions.values()
    told = explain(decision.outcome, decision.details, {})
    assert any("的步骤 call.2：这一周可联系的日子比次数少，这一次不做，其余各次照旧。" in one for one in told)


def test_a_week_that_reaches_into_a_year_without_published_holidays_is_provisional() -> None:
    def span(calendar: WorkCalendar, number: int) -> Span:
        return plan_span(
            at("2026-12-27 10:00"),
            Delay(1, "days", spread=Spread(number, 3)),
            Window(calendar=calendar),
            Deadline(2, "days"),
        )

    known = WorkCalendar(official=OFFICIAL.official.with_year(2027, {date(2027, 1, 1): False}))
    assert [span(OFFICIAL, number).due for number in range(3)] == [
        at("2026-12-28 09:00"),
        at("2026-12-30 09:00"),
        at("2027-01-01 09:00"),
    ]
    assert all(span(OFFICIAL, number).basis for number in range(3))
    assert [span(known, number).due for number in range(3)] == [
        at("2026-12-28 09:00"),
        at("2026-12-30 09:00"),
        at("2026-12-31 09:00"),
    ]
    assert not any(span(known, number).basis for number in range(3))


@given(
    st.dates(date(2025, 12, 1), date(2026, 11, 30)),
    st.integers(2, 7),
    st.sampled_from(["working", "all"]),
    st.booleans(),
)
def test_a_weeks_contacts_have_days_of_their_own_evenly_apart(first: date, of: int, days: Any, by_day: bool) -> None:
    window = Window(days=days, weekdays=frozenset([0, 1, 3, 5]) if by_day else frozenset(range(7)))
    found = [window.day_in_week(first, Spread(number, of), "") for number in range(of)]
    opened = [day for day in (first + number * DAY for number in range(7)) if window.opens_on(day)]
    chosen = [day for day in found if day]
    assert len(chosen) == min(of, len(opened))
    assert found[: len(chosen)] == chosen
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= set(opened)
    assert chosen[:1] == opened[:1]
    places = [opened.index(day) for day in chosen]
    gaps = [later - before for before, later in pairwise(places)]
    assert not gaps or max(gaps) - min(gaps) <= 1


def mistakes(step: dict[str, Any], **policy: Any) -> list[tuple[str, str]]:
    problems = read_parts(contents({"steps": [{"id": "a", **step}], **policy})).problems
    return [(one.key.removeprefix("policies[0].steps[0]."), one.message) for one in problems]


WEEKS = {"weeks": 4}
WAIT = {"events": ["weather.rained"], "same": "area", "within": {"days": 9}}


@pytest.mark.parametrize(
    ("step", "key", "says"),
    [
        ({"repeat": {"per_week": 1, "for": WEEKS}}, "repeat.per_week", "2 到 7"),
        ({"repeat": {"per_week": 8, "for": WEEKS}}, "repeat.per_week", "2 到 7"),
        ({"repeat": {"per_week": 3}}, "repeat.for", "要写持续几周"),
        ({"repeat": {"per_week": 3, "for": {"days": 28}}}, "repeat.for", "要写持续几周"),
        ({"repeat": {"per_week": 5, "for": {"weeks": 21}}}, "repeat.for", "共 105 次，最多 100 次"),
        ({"repeat": {"per_week": 3, "for": WEEKS, "every": {"days": 2}}}, "repeat.every", "只与 for 一起写"),
        ({"repeat": {"per_week": 3, "times": 6}}, "repeat.times", "只与 for 一起写"),
        ({"repeat": {"per_week": 3, "endless": True}}, "repeat.endless", "只与 for 一起写"),
        ({"repeat": {"per_week": 3, "for": WEEKS, "from": "first"}}, "repeat.from", "只与 for 一起写"),
        ({"repeat": {"per_week": 3, "for": WEEKS}, "target": {"days": 1}}, "target", "已有自己的日子"),
        ({"repeat": {"per_week": 3, "for": WEEKS}, "wait": WAIT}, "repeat.per_week", "只写 times"),
    ],
)
def test_a_mistake_in_how_often_a_week_is_told(step: dict[str, Any], key: str, says: str) -> None:
    found = mistakes({"deadline": {"days": 2}, **step})
    assert any(at_key == key and says in message for at_key, message in found), found


def test_several_a_week_need_a_deadline_and_no_target_of_the_policy() -> None:
    repeat = {"repeat": {"per_week": 3, "for": WEEKS}}
    assert mistakes({"deadline": {"days": 2}, **repeat}) == []
    ((key, message),) = mistakes(repeat)
    assert (key, "已过的各次会一起补上" in message) == ("deadline", True)
    inherited = {"deadline": {"days": 2}, "target": {"days": 1}}
    assert [key for key, _ in mistakes(repeat, **inherited)] == ["target"]
    assert mistakes({"target": "none", **repeat}, **inherited) == []


def test_the_content_says_how_often_a_week() -> None:
    step = {"id": "a", "deadline": {"days": 2}, "repeat": {"per_week": 3, "for": WEEKS}}
    (draft,) = read_pack(contents({"steps": [step]})).drafts
    every = {"amount": 1, "unit": "weeks"}
    assert draft.content["steps"][0]["repeat"] == {"every": every, "times": 12, "from": "first", "per_week": 3}


def test_of_a_date_that_is_learnt_late_what_is_over_expires_on_record() -> None:
    """The week began on 2 March, which is told on the 9th: the first three are late, the others keep their days."""
    repeat = {"per_week": 3, "for": {"weeks": 2}}
    played = Play(
        {"id": "call", "deadline": {"days": 2}, "repeat": repeat}, base="began_on", window=WORKED, merge=False
    )
    played.fact(when="2026-03-09 10:05", data={"began_on": "2026-03-02"})
    assert [*played.plan().values()][3:] == ["03-09 10:05", "03-11 09:00", "03-13 09:00"]
    played.advance(at("2026-03-09 10:06"))
    assert [*played.states().values()] == [*3 * ["expired"], "released", "planned", "planned"]
