"""Windows that move a contact to an earlier day where its own is closed."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.packs.pack import read_pack
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.when.amounts import Deadline, Delay
from services.scheduler.domain.when.windows import Blackout, Span, Window, plan_span
from tests.scheduler.builders import at, book, contents, fact

EARLIER = Window(earlier=True)


def span(anchor: str, delay: Delay, window: Window = EARLIER, moment: str = "2026-01-05 10:00", **more: Any) -> Span:
    return plan_span(at(anchor), delay, window, more.pop("deadline", None), moment=at(moment), **more)


@pytest.mark.parametrize(
    ("anchor", "delay", "due"),
    [
        ("2026-06-30 00:00", Delay(-14, "days"), "2026-06-16 09:00"),  # a Tuesday, open
        ("2026-06-30 00:00", Delay(-30, "days"), "2026-05-29 09:00"),  # Sunday, 31 May: the Friday before
        ("2026-02-22 00:00", Delay(0, "days"), "2026-02-14 09:00"),  # in the Spring Festival: the make-up Saturday
        (
            "2026-10-05 00:00",
            Delay(0, "days"),
            "2026-09-30 09:00",
        ),  # the National Day's holiday, over the quarter's end
        ("2026-03-06 20:00", Delay(1, "hours"), "2026-03-06 09:00"),  # after closing: that day still
        ("2026-03-06 13:00", Delay(0), "2026-03-06 14:00"),  # between two frames of an open day
    ],
)
def test_the_contact_is_due_on_the_last_open_day_by_the_wanted_one(anchor: str, delay: Delay, due: str) -> None:
    assert span(anchor, delay).due == at(due)


def test_where_the_wanted_day_is_open_nothing_is_said_and_else_which_it_was() -> None:
    assert span("2026-06-30 00:00", Delay(-14, "days")).wanted is None
    assert span("2026-06-30 00:00", Delay(-30, "days")).wanted == date(2026, 5, 31)


def test_a_blackout_moves_it_earlier_too() -> None:
    closed = replace(EARLIER, blackouts=(Blackout(date(2026, 6, 15), date(2026, 6, 17)),))
    assert span("2026-06-30 00:00", Delay(-14, "days"), closed).due == at("2026-06-12 09:00")


def test_what_is_learnt_late_is_contacted_at_once_as_long_as_that_is_by_the_wanted_day() -> None:
    known = span("2026-06-30 00:00", Delay(-30, "days"), moment="2026-05-29 15:00")
    assert known.due == at("2026-05-29 15:00")
    late = span("2026-06-30 00:00", Delay(-30, "days"), moment="2026-05-30 10:00")
    assert (late.due, late.wanted) == (at("2026-06-01 09:00"), date(2026, 5, 31))


def test_a_target_moves_earlier_as_well() -> None:
    planned = span("2026-06-30 00:00", Delay(-40, "days"), target=Delay(-30, "days"))
    assert (planned.due, planned.earliest) == (at("2026-05-29 09:00"), at("2026-05-21 09:00"))


def test_it_hangs_on_the_holidays_of_the_wanted_day() -> None:
    """The first of January 2027 was a day off in every year so far, but is not published."""
    planned = span("2027-01-03 00:00", Delay(0, "days"), moment="2026-06-01 10:00")
    assert planned.due == at("2027-01-01 09:00")
    turned = span("2027-01-02 00:00", Delay(0, "days"), replace(EARLIER, weekdays=frozenset((3,))), "2026-06-01 10:00")
    assert (turned.due, turned.basis is not None) == (at("2026-12-31 09:00"), True)


def test_the_decision_says_which_day_it_left_and_where_nothing_earlier_was_left() -> None:
    policy = {
        "base": "due_on",
        "delay": {"days": -30},
        "deadline": {"days": -14},
        "window": {"when_closed": "earlier"},
    }
    told = []
    for number, when in enumerate(("2026-03-02 10:00", "2026-05-30 10:00")):
        simulation = Simulation(book(policy))
        decision = simulation.happen(fact(id=f"e{number}", data={"due_on": "2026-06-30"}, time=at(when)))
        assert decision is not None
        told.append(explain(decision.outcome, decision.details, {})[1])
    assert "2026-05-29 09:00 (周五) 起联系" in told[0]
    assert "2026-05-31 不能联系，提前" in told[0]
    assert "2026-06-01 09:00 (周一) 起联系" in told[1]
    assert "2026-05-31 及之前已没有可联系的时段，顺延" in told[1]


def test_the_nearest_place_says_which_way() -> None:
    (plain,) = read_pack(contents({})).drafts
    (earlier,) = read_pack(contents({}, window={"when_closed": "earlier"})).drafts
    (later,) = read_pack(contents({"window": {"when_closed": "later"}}, window={"when_closed": "earlier"})).drafts
    assert "when_closed" not in plain.content["window"]
    assert earlier.content["window"] == {**plain.content["window"], "when_closed": "earlier"}
    assert later.content == plain.content


def test_who_finds_no_room_under_a_ceiling_on_an_open_day_is_not_told_that_the_day_was_closed() -> None:
    policy = {"base": "due_on", "delay": {"days": -14}, "ceiling": {"per_day": 1}, "merge": False}
    simulation = Simulation(book({**policy, "window": {"when_closed": "earlier"}}))
    for number in range(2):
        decision = simulation.happen(
            fact(id=f"e{number}", customer=f"C{number}", data={"due_on": "2026-06-30"}, time=at("2026-03-02 10:00"))
        )
    assert decision is not None
    (detail,) = decision.details
    assert (detail["due"], detail["ceiling"], "wanted" in detail) == (at("2026-06-17 09:00"), 1, False)


def test_a_deadline_before_the_first_opening_is_still_too_short() -> None:
    late = span("2026-06-30 00:00", Delay(-30, "days"), moment="2026-05-30 10:00", deadline=Deadline(-30, "days"))
    assert late.too_short
