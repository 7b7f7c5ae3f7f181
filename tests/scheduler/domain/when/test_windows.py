from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduler.domain.when.amounts import Deadline, Delay, begins
from services.scheduler.domain.when.windows import Basis, Blackout, Span, Window, next_moment, plan_span
from shared.calendar import OFFICIAL, WorkCalendar
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


def test_a_span_without_any_window_before_its_deadline_says_so() -> None:
    friday = at("2026-03-06 18:30")
    assert plan_span(friday, NEXT_DAY, WORKING, Deadline(2, "days")).too_short
    assert not plan_span(friday, NEXT_DAY, EVERY_DAY, Deadline(2, "days")).too_short


@pytest.mark.parametrize(
    ("days", "last"), [(0, "2026-12-31 23:59"), (1, "2027-01-01 23:59")], ids=["same day", "next day"]
)
def test_a_deadline_may_be_the_last_minute_of_a_day(days: int, last: str) -> None:
    for hour in ("00:00", "10:17", "23:59"):
        span = plan_span(at(f"2026-12-31 {hour}"), Delay(), EVERY_DAY, Deadline(days, "end_of_day"))
        assert span.deadline == at(last)


def test_frames_may_be_others() -> None:
    window = Window(((time(10, 30), time(11, 30)),))
    assert next_moment(window, at("2026-03-02 11:30")) == at("2026-03-03 10:30")


TUESDAYS = Window(weekdays=frozenset([1]))
FESTIVAL = Blackout(date(2026, 2, 10), date(2026, 2, 24))
EAST_ONLY = Blackout(date(2026, 3, 3), date(2026, 3, 4), frozenset(["EAST"]))


def test_a_window_may_open_on_some_weekdays_only() -> None:
    assert next_moment(TUESDAYS, at("2026-03-03 18:00")) == at("2026-03-10 09:00")
    assert next_moment(TUESDAYS, at("2026-02-17 09:00")) == at("2026-02-24 09:00")  # that Tuesday is a holiday


def test_a_window_goes_by_its_own_calendar() -> None:
    site = WorkCalendar(days={date(2026, 5, 2): True, date(2026, 5, 6): False})
    assert next_moment(Window(calendar=site), at("2026-05-01 10:00")) == at("2026-05-02 09:00")
    assert next_moment(Window(calendar=site), at("2026-05-05 10:00")) == at("2026-05-07 09:00")
    two_days = Deadline(2, "working_days")  # Saturday 2 May is worked here, Wednesday 6 May is not; 9 May is made up
    assert plan_span(at("2026-04-30 10:00"), Delay(), Window(calendar=site), two_days).deadline == at(
        "2026-05-07 18:00"
    )


def test_no_contact_is_planned_in_a_blackout_and_the_deadline_stays() -> None:
    window = Window(blackouts=(FESTIVAL,))
    span = plan_span(at("2026-02-09 10:00"), NEXT_DAY, window, Deadline(3, "days"))
    hours = f"{window.hours}/!2026-02-10~2026-02-24"
    assert span == Span(at("2026-02-25 09:00"), at("2026-02-12 10:00"), hours=hours, blackout=FESTIVAL)
    assert span.too_short
    assert plan_span(at("2026-02-08 10:00"), NEXT_DAY, window, None).blackout is None


def test_a_blackout_holds_for_its_branches() -> None:
    window = Window(blackouts=(EAST_ONLY,))
    assert next_moment(window, at("2026-03-03 10:00"), "EAST") == at("2026-03-05 09:00")
    assert next_moment(window, at("2026-03-03 10:00"), "WEST") == at("2026-03-03 10:00")
    assert plan_span(at("2026-03-02 10:00"), NEXT_DAY, window, None, branch="EAST").blackout == EAST_ONLY


def test_blackouts_one_behind_the_other_are_left_together() -> None:
    window = Window(days="all", blackouts=(Blackout(date(2026, 3, 5), date(2026, 3, 6)), EAST_ONLY))
    assert next_moment(window, at("2026-03-03 10:00"), "EAST") == at("2026-03-07 09:00")


@pytest.mark.parametrize(
    ("target", "deadline", "due"),
    [
        (Delay(3, "days"), Deadline(5, "days"), "2026-03-05 09:00"),  # inside: moved to the target
        (Delay(3, "days"), None, "2026-03-05 09:00"),
        (
            Delay(5, "days"),
            Deadline(5, "days"),
            "2026-03-03 09:00",
        ),  # Saturday: opens behind the deadline, so no target
        (Delay(30, "minutes"), Deadline(5, "days"), "2026-03-03 09:00"),  # before the earliest
        (Delay(26, "hours"), Deadline(5, "days"), "2026-03-03 14:00"),  # a moment between the frames opens the next
    ],
)
def test_due_moves_to_the_target_when_that_lies_between_earliest_and_latest(
    target: Delay, deadline: Deadline | None, due: str
) -> None:
    anchor = at("2026-03-02 10:00")
    assert plan_span(anchor, NEXT_DAY, WORKING, deadline, target=target).due == at(due)


def test_a_target_behind_a_blackout_is_given_up_for_the_deadline() -> None:
    window = Window(blackouts=(EAST_ONLY,))
    anchor, until = at("2026-03-02 10:00"), Deadline(2, "days")
    assert plan_span(anchor, Delay(), window, until, target=NEXT_DAY, branch="WEST").due == at("2026-03-03 09:00")
    assert plan_span(anchor, Delay(), window, until, target=NEXT_DAY, branch="EAST").due == anchor


def test_nothing_is_planned_before_the_moment_of_planning() -> None:
    span = plan_span(at("2026-03-02 10:00"), Delay(), WORKING, None, moment=at("2026-03-06 18:30"))
    assert span.due == at("2026-03-09 09:00")


@pytest.mark.parametrize(
    ("anchor", "window", "delay", "deadline", "provisional"),
    [
        ("2026-12-28 10:00", WORKING, NEXT_DAY, Deadline(3, "working_days"), False),  # until 31 December
        ("2026-12-29 10:00", WORKING, NEXT_DAY, Deadline(3, "working_days"), True),
        ("2026-12-31 10:00", WORKING, NEXT_DAY, None, True),  # due on 1 January, a Friday as far as one knows
        ("2026-12-31 10:00", EVERY_DAY, NEXT_DAY, Deadline(9, "days"), False),  # no holiday changes these
        ("2026-12-31 10:00", EVERY_DAY, Delay(2, "working_days"), None, True),
    ],
)
def test_what_hangs_on_holidays_not_yet_published_is_provisional(
    anchor: str, window: Window, delay: Delay, deadline: Deadline | None, provisional: bool
) -> None:
    span = plan_span(at(anchor), delay, window, deadline, branch="EAST")
    assert span.basis == (Basis(at(anchor), at(anchor), "EAST") if provisional else None)


frames = st.lists(st.integers(0, 23), min_size=2, max_size=6, unique=True).map(
    lambda hours: tuple(
        (time(opens), time(closes)) for opens, closes in zip(sorted(hours)[::2], sorted(hours)[1::2], strict=False)
    )
)
blackouts = st.lists(
    st.builds(
        lambda first, days, branches: Blackout(first, first + timedelta(days=days), branches),
        st.dates(date(2026, 1, 1), date(2026, 4, 30)),
        st.integers(0, 20),
        st.sampled_from([frozenset(), frozenset(["EAST"]), frozenset(["WEST", "EAST"])]),
    ),
    max_size=4,
).map(tuple)
windows = st.builds(
    Window,
    frames=frames,
    days=st.sampled_from(["working", "all"]),
    weekdays=st.sampled_from([frozenset(range(7)), frozenset([1]), frozenset([2, 4, 6])]),
    calendar=st.sampled_from([OFFICIAL, WorkCalendar(days={date(2026, 2, 17): True, date(2026, 3, 3): False})]),
    blackouts=blackouts,
)
delays = st.builds(Delay, st.integers(0, 40), st.sampled_from(["minutes", "hours", "days", "working_days", "months"]))
moments = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 3, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(tzinfo=ORG_ZONE)
)


def is_open(window: Window, local: datetime, branch: str) -> bool:
    """The model: whether customers of the branch may be contacted at this very moment."""
    worked = window.days == "all" or window.calendar.is_working_day(local.date())
    covered = any(one.covers(local.date(), branch) for one in window.blackouts)
    in_frame = any(opens <= local.time() < closes for opens, closes in window.frames)
    return worked and not covered and in_frame and local.weekday() in window.weekdays


@given(moments, delays, windows, st.none() | delays, st.sampled_from(["EAST", "WEST", ""]))
def test_a_contact_is_due_in_a_frame_of_an_open_day_never_in_a_blackout_and_never_before_its_delay(
    anchor: datetime, delay: Delay, window: Window, target: Delay | None, branch: str
) -> None:
    due = plan_span(anchor, delay, window, Deadline(2, "months"), target=target, branch=branch).due
    local = due.astimezone(ORG_ZONE)
    begun = begins(anchor, delay, window.calendar)
    assert local >= begun if isinstance(begun, datetime) else local.date() >= begun
    assert is_open(window, local, branch)


@settings(max_examples=60)
@given(moments, delays, windows, st.sampled_from(["EAST", "WEST"]))
def test_due_is_what_walking_hour_by_hour_gives(anchor: datetime, delay: Delay, window: Window, branch: str) -> None:
    begun = begins(anchor, delay, window.calendar)
    moment = (
        begun.astimezone(ORG_ZONE) if isinstance(begun, datetime) else datetime.combine(begun, time(), tzinfo=ORG_ZONE)
    )
    while not is_open(window, moment, branch):  # frames open on the hour
        moment = moment.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert plan_span(anchor, delay, window, None, branch=branch).due == moment


@given(moments, frames.filter(bool), st.integers(1, 12))
def test_a_deadline_in_working_days_leaves_time_to_call_whenever_the_fact_happens(
    anchor: datetime, opened: tuple[tuple[time, time], ...], days: int
) -> None:
    for kind in ("working", "all"):
        window = Window(opened, days=kind)  # type: ignore[arg-type]
        assert not plan_span(anchor, Delay(), window, Deadline(days, "working_days")).too_short


def test_a_contact_that_falls_due_at_its_deadline_is_too_late() -> None:
    span = plan_span(at("2026-03-06 09:00"), Delay(3, "days"), WORKING, Deadline(3, "days"))
    assert (span.due, span.deadline, span.too_short) == (at("2026-03-09 09:00"), at("2026-03-09 09:00"), True)
