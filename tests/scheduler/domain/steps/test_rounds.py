"""Rounds of a step that is repeated without a number of times, on the simulation."""

from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.simulation.plan import Simulation
from tests.scheduler.builders import at, book
from tests.scheduler.domain.steps.test_run import ALL_DAY, SERVICED, Play

ENDLESS = {"every": {"days": 15}, "endless": True, "from": "first"}


def test_rounds_without_an_end_are_planned_one_after_the_other_from_the_first_date() -> None:
    """Every 15 days from 2 February: a call on 5 March for that of 4 March moves nothing."""
    play = Play({"id": "call", "delay": {"days": 1}, "deadline": {"days": 5}, "repeat": ENDLESS}, merge=False)
    play.fact(when="2026-02-01 10:00")
    assert play.plan() == {"call": "02-02 00:00"}
    play.call("call", "completed", "2026-02-03 11:00")
    assert play.plan() == {"call": "02-02 00:00", "call.2": "02-17 00:00"}
    play.call("call.2", "unreachable", "2026-02-18 11:00")
    play.call("call.3", "completed", "2026-03-05 09:00")
    assert play.plan()["call.4"] == "03-19 00:00"
    assert play.going


def test_after_a_year_without_results_the_rounds_that_are_past_are_left_out() -> None:
    """The date is learnt late: its first round expires, those of 17 February to 19 April are past by 3 May, 4 May is next."""
    play = Play({"id": "call", "delay": {"days": 1}, "deadline": {"days": 5}, "repeat": ENDLESS}, base="signed_on")
    play.fact(when="2026-04-30 10:00", data={"signed_on": "2026-02-01"})
    play.advance(at("2026-04-30 10:01"))
    assert play.plan() == {"call": "04-30 10:00", "call.7": "05-03 00:00"}
    assert play.states()["call"] == "expired"
    assert ("call.2", "skipped") in play.results()


def test_rounds_end_with_the_day_that_the_fact_tells() -> None:
    """Monthly from 31 January until 30 April: 28 February, 31 March, 30 April, and no 31 May."""
    repeat = {"every": {"months": 1}, "until": "ends_on", "from": "first"}
    play = Play({"id": "call", "delay": {"months": 1}, "deadline": {"months": 2}, "repeat": repeat}, merge=False)
    play.fact(when="2026-01-31 10:00", data={"ends_on": "2026-04-30"})
    for step, day in (("call", "02-28"), ("call.2", "03-31"), ("call.3", "04-30")):
        assert play.plan()[step] == f"{day} 00:00"
        play.call(step, "completed", f"2026-{day} 10:00")
    assert len(play.plan()) == 3
    assert not play.going
    told = explain("skipped", next(one.details for one in play.decisions.values() if one.outcome == "skipped"), {})
    assert told[1].endswith("的步骤 call.4：重复到 2026-04-30 为止，不再联系。")


def test_a_fact_that_does_not_tell_until_when_begins_nothing() -> None:
    repeat = {"every": {"months": 1}, "until": "ends_on", "from": "first"}
    play = Play({"id": "call", "deadline": {"days": 9}, "repeat": repeat})
    play.fact(data={"ends_on": "2026-09-01"})
    play.fact(id="second", data={"ends_on": "长期"}, customer="C2")
    assert [one.outcome for one in play.decisions.values()] == ["planned", "no_policy_matches"]


def test_rounds_may_end_with_a_given_day_and_count_from_the_one_before() -> None:
    """Every 10 days after the one before until 25 March: the one called late moves the next, the 4th would be the 28th."""
    play = Play({"id": "call", "repeat": {"every": {"days": 10}, "until": "2026-03-25"}}, merge=False)
    play.fact(when="2026-02-26 10:00")
    play.call("call", "completed", "2026-03-02 10:00")
    play.call("call.2", "completed", "2026-03-08 10:00")
    play.call("call.3", "completed", "2026-03-18 10:00")
    assert play.plan() == {"call": "02-26 10:00", "call.2": "03-08 00:00", "call.3": "03-18 00:00"}
    assert not play.going


def test_whichever_comes_first_may_go_on_without_an_end() -> None:
    step = {"id": "service", "wait": {**SERVICED, "anyway": True}, "repeat": {"endless": True}, "deadline": {"days": 7}}
    play = Play(step)
    play.fact(when="2026-01-10 10:00")
    play.fact("inspection.done", "2026-03-05 10:00", data={"km": 5200})
    play.advance(at("2026-10-01 00:00"))
    assert play.plan() == {"service": "03-05 10:00", "service.2": "06-05 10:00", "service.3": "09-05 10:00"}


def test_what_can_never_be_planned_again_ends_the_rounds_and_a_cap_does_not() -> None:
    daily = {"id": "call", "deadline": {"days": 1}, "repeat": {"every": {"days": 1}, "endless": True, "from": "first"}}
    play = Play(daily, quota={"limit": 1, "per": "month"}, merge=False)
    play.fact()
    play.fact(id="second", customer="C2")
    assert play.results() == [("call", "planned"), ("call", "quota_reached")]
    single = {"id": "single", "events": ["gas.ignited"], "priority": 1}
    play = Play(daily)
    once = [{"limit": 1, "per": "year"}]
    Simulation.__init__(play, book({"window": ALL_DAY, "steps": [daily], "merge": False}, single, caps=once))
    play.fact("gas.ignited")
    play.fact("repair.closed", "2026-03-03 10:00")
    assert len([one for one in play.results() if one == ("call", "capped")]) == 1
    assert play.plan()["call.305"] == "01-01 00:00"  # 304 days of the year are left from 3 March on


def test_time_passes_to_the_end_of_what_is_planned_and_not_for_ever() -> None:
    waits = {"id": "service", "wait": {**SERVICED, "anyway": True}, "repeat": {"endless": True}}
    expires = {"id": "call", "deadline": {"days": 1}, "repeat": ENDLESS, "window": {"weekdays": ["mon"]}}
    for step in (waits, expires):
        play = Play(step)
        play.fact(when="2026-03-06 10:00")
        play.finish()
        assert 1 <= len(play.tasks) <= 2


def test_of_a_round_without_an_end_another_channel_may_be_tried() -> None:
    play = Play(
        {"id": "call", "deadline": {"days": 5}, "fallback": [{"channel": "sms"}], "repeat": ENDLESS}, merge=False
    )
    play.fact()
    play.call("call", "unreachable", "2026-03-02 11:00")
    play.call("call.sms", "completed", "2026-03-02 12:00")
    play.call("call.2", "unreachable", "2026-03-17 11:00")
    assert play.plan()["call.2.sms"] == "03-17 11:00"
    play.call("call.2.sms", "completed", "2026-03-17 12:00")
    assert play.plan()["call.3"] == "04-01 00:00"


def test_the_deadline_of_a_monthly_round_counts_months_from_the_first_date_too() -> None:
    """31 January and three months is 30 April, not 28 April, which would be two months after 28 February."""
    repeat = {"every": {"months": 1}, "times": 3, "from": "first"}
    play = Play({"id": "call", "delay": {"months": 1}, "deadline": {"months": 2}, "repeat": repeat})
    play.fact(when="2026-01-31 10:00")
    assert [f"{one.deadline_at:%m-%d}" for one in play.tasks.values()] == ["03-31", "04-30", "05-31"]
