"""One contact for policies of different windows is due, and stays, in the hours of all of them."""

from datetime import datetime

import pytest
from hypothesis import given

from services.scheduler.domain.customer import Customer
from services.scheduler.domain.when.hours import narrowed
from services.scheduler.domain.when.windows import Window, next_moment
from shared.hours import Hours, read_hours
from shared.zone import ORG_ZONE
from tests.scheduler.builders import at, book, fact, judge
from tests.scheduler.domain.when.test_windows import is_open, moments, windows

MORNING = {"frames": ["10:30-11:30", "15:00-17:30"]}
LATE = {"days": "all", "frames": ["11:00-20:00"]}


def planned(first: dict[str, object], second: dict[str, object], **more: object) -> Customer:
    """Two policies about one fact of a Monday, each with a window of its own."""
    one = {"id": "one", "window": first, "delay": {"days": 1}, "deadline": {"days": 4}, **more}
    two = {"id": "two", "window": second, "delay": {"days": 1}, "deadline": {"days": 4}, "priority": 4}
    _, customer = judge(book(one, two), fact())
    return customer


@pytest.mark.parametrize("priority", [3, 5])
def test_a_combined_contact_is_due_when_both_windows_are_open(priority: int) -> None:
    (task,) = planned(MORNING, LATE, priority=priority).open
    assert (task.due_at, task.hours) == (at("2026-03-03 11:00"), "working/0123456/11:00-11:30,15:00-17:30")


def test_a_third_matter_must_fit_the_hours_that_are_left() -> None:
    rules = book(
        {"id": "one", "window": MORNING, "delay": {"days": 1}},
        {"id": "two", "window": LATE, "delay": {"days": 1}},
        {"id": "three", "window": {"frames": ["10:30-11:00"]}, "delay": {"days": 1}},
    )
    _, customer = judge(rules, fact())
    assert [(len(task.combined), task.due_at) for task in customer.open] == [
        (1, at("2026-03-03 10:30")),
        (0, at("2026-03-03 11:00")),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"frames": ["18:00-20:00"]},  # never at the same time of day
        {"days": "all", "weekdays": ["sat", "sun"]},  # never on the same day
    ],
)
def test_what_never_opens_together_stays_apart(other: dict[str, object]) -> None:
    assert len(planned(MORNING, other).open) == 2


def test_a_common_moment_behind_the_deadline_keeps_matters_apart() -> None:
    tuesdays, thursdays = {"weekdays": ["tue", "fri"]}, {"weekdays": ["thu", "fri"]}
    assert len(planned(tuesdays, thursdays).open) == 1  # Friday, the last day of both
    assert len(planned(tuesdays, thursdays, deadline={"days": 3}).open) == 2


@given(windows)
def test_hours_are_read_as_they_are_written(window: Window) -> None:
    own_days = window.calendar.days if window.days == "working" else {}
    assert read_hours(window.hours) == Hours(window.frames, window.days, window.weekdays, own_days)
    assert narrowed(window, window.hours) == window


@given(windows, windows, moments)
def test_a_narrowed_window_is_open_exactly_when_both_are(one: Window, two: Window, moment: datetime) -> None:
    two = Window(two.frames, two.days, two.weekdays, two.calendar, one.blackouts)
    both = is_open(one, moment, "EAST") and is_open(two, moment, "EAST")
    common = narrowed(one, two.hours)
    assert both is (common is not None and is_open(common, moment, "EAST"))
    if common is not None:
        due = next_moment(common, moment, "EAST").astimezone(ORG_ZONE)
        assert is_open(one, due, "EAST")
        assert is_open(two, due, "EAST")
