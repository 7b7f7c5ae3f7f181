"""A `stop` of one step: the event calls off this step, and the run goes on with the others."""

from typing import Any

from services.scheduler.domain.explain.decision import explain
from tests.scheduler.domain.steps.test_run import Play

PAID = {"events": ["order.completed"], "same": "order_no"}
STOPPED = {"field": "reason", "op": "eq", "value": "stopped"}
O1, O2 = {"order_no": "O1"}, {"order_no": "O2"}


def paid(play: Play, when: str, order: dict[str, Any] = O1, **given: Any) -> None:
    play.fact("order.completed", when, data=order, **given)


def test_what_is_planned_of_the_step_is_called_off_and_the_other_steps_stay() -> None:
    play = Play(
        {"id": "remind", "delay": {"days": 3}, "stop": PAID},
        {"id": "ask", "delay": {"days": 10}},
    )
    play.fact(data=O1)
    paid(play, "2026-03-04 09:00", O2)
    assert play.states() == {"remind": "planned", "ask": "planned"}
    paid(play, "2026-03-04 10:00")
    assert play.states() == {"remind": "cancelled", "ask": "planned"}
    assert {task.reason for task in play.tasks.values() if task.step == "remind"} == {"stopped"}
    assert play.results()[-1] == ("remind", "skipped")
    assert play.going
    (record,) = (one for one in play.decisions.values() if one.outcome == "skipped")
    assert "由事件终止（order.completed，2026-03-04 10:00" in explain(record.outcome, record.details, {})[-1]


def test_what_is_out_already_is_taken_back() -> None:
    play = Play({"id": "remind", "delay": {"days": 1}, "stop": PAID}, {"id": "ask", "delay": {"days": 10}})
    play.fact(data=O1)
    play.advance(play.tasks[min(play.tasks, key=lambda key: play.tasks[key].due_at)].due_at)
    assert play.states() == {"remind": "released", "ask": "planned"}
    paid(play, "2026-03-04 10:00")
    assert play.states() == {"remind": "cancelled", "ask": "planned"}


def test_all_repetitions_and_other_channels_of_the_step_are_over() -> None:
    play = Play(
        {
            "id": "remind",
            "delay": {"days": 1},
            "repeat": {"every": {"days": 2}, "times": 3},
            "fallback": [{"channel": "sms"}],
            "stop": PAID,
        },
        {"id": "ask", "delay": {"days": 10}},
    )
    play.fact(data=O1)
    play.call("remind", "unreachable", "2026-03-03 12:00")
    assert play.states()["remind.sms"] == "planned" or play.states()["remind.sms"] == "released"
    paid(play, "2026-03-04 10:00")
    assert {step: state for step, state in play.states().items() if step != "remind"} == {
        "remind.sms": "cancelled",
        "remind.2": "cancelled",
        "remind.3": "cancelled",
        "ask": "planned",
    }


def test_rounds_without_an_end_are_over() -> None:
    play = Play({"id": "round", "delay": {"days": 1}, "repeat": {"every": {"days": 2}, "endless": True}, "stop": PAID})
    play.fact(data=O1)
    play.call("round", "completed", "2026-03-03 12:00")
    assert play.states() == {"round": "done", "round.2": "planned"}
    paid(play, "2026-03-04 10:00")
    assert play.states() == {"round": "done", "round.2": "cancelled"}
    assert not play.going


def test_a_step_whose_turn_has_not_come_is_passed_over_when_it_would_come() -> None:
    play = Play(
        {"id": "first", "delay": {"days": 40}},
        {"id": "remind", "from": "took_place", "delay": {"days": 1}, "stop": PAID},
        {"id": "ask", "if": {"field": "result", "op": "exists", "value": True}, "delay": {"days": 5}},
    )
    play.fact(data=O1)
    paid(play, "2026-03-04 10:00")
    assert play.states() == {"first": "planned"}
    play.call("first", "completed", "2026-04-11 12:00")  # long after a story is forgotten
    assert play.plan() == {"first": "04-11 00:00", "ask": "04-16 00:00"}
    assert ("remind", "skipped") in play.results()


def test_the_next_step_sees_that_it_was_stopped() -> None:
    play = Play(
        {"id": "remind", "delay": {"days": 3}, "stop": PAID},
        {"id": "thank", "if": STOPPED, "delay": {"days": 1}},
        {"id": "warn", "if": {"field": "result", "op": "eq", "value": "unreachable"}},
    )
    play.fact(data=O1)
    paid(play, "2026-03-04 10:00")
    assert play.plan() == {"remind": "03-05 00:00", "thank": "03-05 00:00"}
    assert play.states()["thank"] == "planned"


def test_what_the_step_awaits_is_not_awaited_any_more() -> None:
    wait = {"events": ["alarm.handled"], "within": {"days": 20}, "anyway": True}
    play = Play({"id": "first"}, {"id": "check", "from": "event", "wait": wait, "stop": PAID})
    play.fact(data=O1)
    paid(play, "2026-03-04 10:00")
    play.fact("alarm.handled", "2026-03-05 10:00")
    play.finish()
    assert "check" not in play.plan()


def test_a_stop_that_is_heard_before_its_fact_comes_to_the_same() -> None:
    steps = ({"id": "remind", "delay": {"days": 3}, "stop": PAID}, {"id": "ask", "delay": {"days": 10}})
    play = Play(*steps)
    paid(play, "2026-03-04 10:00")
    play.fact(data=O1)
    play.advance(max(task.due_at for task in play.tasks.values()))
    assert play.states() == {"ask": "released"}
    assert [told for told in play.results() if told[0] == "remind"] == [("remind", "skipped")]
    older = Play(*steps)
    paid(older, "2026-03-01 10:00")  # what happened before the fact stops nothing
    older.fact(data=O1)
    assert older.states() == {"remind": "planned", "ask": "planned"}


def test_a_stop_of_the_run_ends_all_of_it_all_the_same() -> None:
    play = Play(
        {"id": "remind", "delay": {"days": 3}, "stop": PAID},
        {"id": "ask", "delay": {"days": 10}},
        stop={"events": ["alarm.handled"]},
    )
    play.fact(data=O1)
    paid(play, "2026-03-04 10:00")
    play.fact("alarm.handled", "2026-03-05 10:00")
    assert play.states() == {"remind": "cancelled", "ask": "cancelled"}
    assert not play.going
