"""Runs of policies with several steps, on the simulation."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.task import Task
from tests.scheduler.builders import at, book, fact

MONDAY = "2026-03-02 10:00"
UNHAPPY = {"field": "result", "op": "eq", "value": "dissatisfied"}
RAIN = {"events": ["weather.rained"], "same": "area", "within": {"days": 30}}
ALL_DAY = {"days": "all", "frames": ["00:00-23:59"]}


class Play(Simulation):
    """A simulation of one chained policy, told about in short."""

    def __init__(self, *steps: dict[str, Any], others: tuple[dict[str, Any], ...] = (), **policy: Any) -> None:
        super().__init__(book({"window": ALL_DAY, **policy, "steps": list(steps)}, *others))

    def fact(self, name: str = "repair.closed", when: str = MONDAY, **given: Any) -> None:
        self.happen(fact(name, given.pop("data", None), time=at(when), **{"id": f"{name} {when}", **given}))

    def rain(self, when: str, area: str = "510108") -> None:
        data = {"area": {"code": area}, "rained_at": when}
        self.happen(simulated_fact(f"rain {when}", "/weather", "weather.rained", at(when), data))

    def call(self, step: str, result: str, when: str, **told: Any) -> None:
        """What the released contact of a step came to."""
        self.advance(at(when))
        task = next(task for task in self.tasks.values() if task.step == step and task.state == "released")
        self.visited(task, result, when, **told)

    def visited(self, task: Task, result: str, when: str, **told: Any) -> None:
        data = {"task_id": str(task.id), "customer": {"id": task.customer_id}, "channel": task.channel, **told}
        name = f"visit.{result}" if result in ("completed", "callback_agreed") else "visit.failed"
        data |= {"reason": result} if name == "visit.failed" else {}
        self.happen(simulated_fact(f"{task.step} {result} {when}", "/visits", name, at(when), data))

    def plan(self) -> dict[str, str]:
        """Step → when its contact is due, local."""
        return {task.step: self._local(task.due_at) for task in self.tasks.values() if task.reason != "merged"}

    def states(self) -> dict[str, str]:
        return {task.step: task.state for task in self.tasks.values()}

    def results(self) -> list[tuple[str, str]]:
        """What the decisions say about the steps, in order."""
        return [(d.get("step", ""), d["result"]) for one in self.decisions.values() for d in one.details]

    @property
    def going(self) -> bool:
        return any(customer.waiting for customer in self.customers.values())

    @staticmethod
    def _local(moment: datetime) -> str:
        return (moment + timedelta(hours=8)).strftime("%m-%d %H:%M")


def test_steps_counting_from_the_fact_and_from_the_plan_are_planned_at_once() -> None:
    play = Play(
        {"id": "first", "delay": {"days": 1}},
        {"id": "second", "from": "planned", "delay": {"days": 2}},
        {"id": "third", "delay": {"days": 15}},
    )
    play.fact()
    assert play.plan() == {"first": "03-03 00:00", "second": "03-05 00:00", "third": "03-17 00:00"}
    assert len({task.id for task in play.tasks.values()}) == 3


def test_a_step_counts_from_when_the_one_before_took_place() -> None:
    play = Play({"id": "first"}, {"id": "again", "from": "took_place", "delay": {"hours": 48}})
    play.fact()
    assert play.plan() == {"first": "03-02 10:00"}
    play.call("first", "completed", "2026-03-02 17:30", rating=5)
    assert play.plan() == {"first": "03-02 10:00", "again": "03-04 17:30"}


def test_what_never_took_place_has_no_second_time() -> None:
    play = Play({"id": "first"}, {"id": "again", "from": "took_place"})
    play.fact()
    play.call("first", "unreachable", "2026-03-02 17:30")
    assert play.plan() == {"first": "03-02 10:00"}
    assert play.results()[-1] == ("again", "skipped")
    assert not play.going


def test_the_first_step_whose_condition_holds_is_taken_and_those_before_it_are_skipped() -> None:
    steps = (
        {"id": "first"},
        {"id": "unhappy", "if": UNHAPPY, "delay": {"hours": 1}},
        {"id": "happy", "if": {"field": "rating", "op": "ge", "value": 4}, "delay": {"days": 9}},
    )
    play = Play(*steps)
    play.fact()
    play.call("first", "completed", "2026-03-02 12:00", rating=5)
    assert play.plan() == {"first": "03-02 10:00", "happy": "03-11 00:00"}
    play = Play(*steps)
    play.fact()
    play.call("first", "completed", "2026-03-02 12:00", rating=1)
    assert play.plan() == {"first": "03-02 10:00", "unhappy": "03-02 13:00"}


def test_a_condition_sees_answers_score_and_problems() -> None:
    asked = {
        "all": [{"field": "answers.moved", "op": "eq", "value": "yes"}, {"field": "score", "op": "lt", "value": 7}]
    }
    play = Play({"id": "first"}, {"id": "again", "if": asked})
    play.fact()
    play.call("first", "completed", "2026-03-02 12:00", answers={"moved": "yes"}, score=6.5)
    assert "again" in play.plan()
    problem = {"field": "result", "op": "eq", "value": "problem"}
    play = Play({"id": "first"}, {"id": "again", "if": problem})
    play.fact()
    play.call("first", "completed", "2026-03-02 12:00", rating=4, problems=["条款"])
    assert "again" in play.plan()


def test_a_step_waits_for_the_next_rain_where_the_customer_is() -> None:
    play = Play({"id": "first"}, {"id": "after-rain", "wait": RAIN, "delay": {"days": 1}})
    play.fact("customer.updated", "2026-03-01 08:00", data={"area": "510108"})
    play.fact()
    play.rain("2026-03-02 09:00")
    play.rain("2026-03-05 09:00", area="510109")
    assert play.plan() == {"first": "03-02 10:00"}
    play.rain("2026-03-06 21:00")
    play.rain("2026-03-07 21:00")
    assert play.plan() == {"first": "03-02 10:00", "after-rain": "03-07 00:00"}


def test_a_wait_after_a_contact_begins_when_it_took_place() -> None:
    play = Play(
        {"id": "first"}, {"id": "after-rain", "from": "took_place", "wait": {**RAIN, "same": "product.category"}}
    )
    play.fact(data={"product": {"category": "510108"}})
    event = {"area": {"code": "x"}, "product": {"category": "510108"}}
    play.happen(simulated_fact("r1", "/w", "weather.rained", at("2026-03-02 11:00"), event))
    play.call("first", "completed", "2026-03-02 12:00")
    assert play.plan() == {"first": "03-02 10:00"}
    play.happen(simulated_fact("r2", "/w", "weather.rained", at("2026-03-03 11:00"), event))
    assert play.plan() == {"first": "03-02 10:00", "after-rain": "03-03 11:00"}


def test_another_event_of_the_same_project_is_awaited() -> None:
    done = {"events": ["project.stage_reached"], "same": "project_no", "within": {"days": 365}}
    done["condition"] = {"field": "stage", "op": "eq", "value": "completed"}
    play = Play(
        {"id": "start", "delay": {"days": 7}},
        {"id": "middle", "delay": {"days": 15}},
        {"id": "end", "wait": done},
        events=["project.stage_reached"],
        condition={"field": "stage", "op": "eq", "value": "started"},
    )
    for number, project, stage in (
        (1, "P1", "started"),
        (2, "P2", "started"),
        (3, "P1", "middle"),
        (4, "P2", "completed"),
    ):
        play.fact("project.stage_reached", f"2026-03-0{number} 10:00", data={"project_no": project, "stage": stage})
    ends = [task for task in play.tasks.values() if task.step == "end"]
    assert [task.matters[0]["facts"]["project_no"] for task in ends] == ["P2"]
    assert play.going


def test_a_wait_that_is_over_counts_as_expired_and_a_later_step_may_ask_for_that() -> None:
    play = Play(
        {"id": "first", "wait": RAIN},
        {"id": "anyway", "if": {"field": "reason", "op": "eq", "value": "not_awaited"}},
    )
    play.fact("customer.updated", "2026-03-01 08:00", data={"area": "510108"})
    play.fact()
    play.advance(at("2026-04-01 09:59"))
    assert play.plan() == {}
    play.advance(at("2026-04-01 10:00"))
    assert play.plan() == {"anyway": "04-01 10:00"}
    assert play.results() == [("first", "waiting"), ("first", "wait_expired"), ("anyway", "planned")]
    play.rain("2026-04-02 10:00")
    assert play.plan() == {"anyway": "04-01 10:00"}


def test_a_cadence_is_planned_with_its_phases() -> None:
    play = Play(
        {"id": "often", "repeat": {"every": {"days": 2}, "times": 3}},
        {"id": "seldom", "from": "planned", "delay": {"days": 7}, "repeat": {"every": {"days": 7}, "times": 2}},
    )
    play.fact()
    assert list(play.plan().values()) == ["03-02 10:00", "03-04 00:00", "03-06 00:00", "03-13 00:00", "03-20 00:00"]


def test_a_repetition_with_a_condition_goes_on_while_it_holds() -> None:
    retry = {"id": "retry", "if": {"field": "result", "op": "eq", "value": "unreachable"}}
    play = Play({"id": "first"}, {**retry, "delay": {"hours": 4}, "repeat": {"every": {"hours": 4}, "times": 3}})
    play.fact()
    play.call("first", "unreachable", "2026-03-02 11:00")
    play.call("retry", "unreachable", "2026-03-02 16:00")
    play.call("retry.2", "completed", "2026-03-02 21:00")
    assert list(play.plan()) == ["first", "retry", "retry.2"]
    assert not play.going


def test_each_repetition_of_a_wait_waits_again() -> None:
    play = Play({"id": "rain", "wait": RAIN, "repeat": {"times": 2}})
    play.fact("customer.updated", "2026-03-01 08:00", data={"area": "510108"})
    play.fact()
    for day in (3, 4, 5):
        play.rain(f"2026-03-0{day} 08:00")
    assert play.plan() == {"rain": "03-03 08:00", "rain.2": "03-04 08:00"}


def test_who_is_not_reached_by_phone_gets_a_message_and_then_a_mail() -> None:
    sms = {"channel": "sms", "delay": {"hours": 2}, "questionnaire": "by-sms"}
    play = Play({"id": "first", "fallback": [sms, {"channel": "email"}]}, {"id": "again", "if": UNHAPPY})
    play.fact()
    play.call("first", "unreachable", "2026-03-02 12:00")
    assert play.plan()["first.sms"] == "03-02 14:00"
    task = next(task for task in play.tasks.values() if task.step == "first.sms")
    assert (task.channel, task.questionnaire) == ("sms", "by-sms")
    play.advance(at("2026-03-02 14:00"))
    failed = {"cause_id": str(task.id), "channel": "sms", "reason": "UNDELIV"}
    play.happen(simulated_fact("n1", "/n", "notification.failed", at("2026-03-02 14:10"), failed))
    assert play.plan()["first.email"] == "03-02 14:10"
    assert "again" not in play.plan()


def test_the_next_step_asks_about_the_channel_that_succeeded() -> None:
    sms = {"channel": "sms", "when": ["unreachable"]}
    play = Play({"id": "first", "fallback": [sms]}, {"id": "again", "from": "took_place", "delay": {"hours": 1}})
    play.fact()
    play.call("first", "unreachable", "2026-03-02 12:00")
    play.call("first.sms", "completed", "2026-03-02 13:00")
    assert play.plan()["again"] == "03-02 14:00"


def test_a_notice_about_a_call_is_not_its_outcome() -> None:
    play = Play({"id": "first", "fallback": [{"channel": "sms"}]})
    play.fact()
    (task,) = play.tasks.values()
    notice = {"cause_id": str(task.id), "channel": "sms", "reason": "UNDELIV"}
    play.happen(simulated_fact("n1", "/n", "notification.failed", at("2026-03-02 10:10"), notice))
    assert list(play.plan()) == ["first"]


def test_only_a_named_result_leads_to_another_channel() -> None:
    play = Play({"id": "first", "fallback": [{"channel": "sms", "when": ["invalid_number"]}]})
    play.fact()
    play.call("first", "unreachable", "2026-03-02 12:00")
    assert list(play.plan()) == ["first"]


def test_a_call_back_is_an_outcome_only_to_a_step_that_asks_for_it() -> None:
    late = {"id": "late", "if": {"field": "result", "op": "eq", "value": "completed"}}
    play = Play({"id": "first"}, late)
    play.fact()
    play.call("first", "callback_agreed", "2026-03-02 12:00")
    assert list(play.plan()) == ["first"]
    play.call("first", "completed", "2026-03-02 15:00")
    assert list(play.plan()) == ["first", "late"]
    remind = {"id": "remind", "channel": "sms", "if": {"field": "result", "op": "eq", "value": "callback_agreed"}}
    play = Play({"id": "first"}, remind)
    play.fact()
    play.call("first", "callback_agreed", "2026-03-02 12:00")
    assert list(play.plan()) == ["first", "remind"]


def test_who_refuses_is_left_alone() -> None:
    play = Play({"id": "first"}, {"id": "later", "delay": {"days": 9}}, {"id": "sms", "channel": "sms", "if": UNHAPPY})
    play.fact()
    play.call("first", "refused", "2026-03-02 12:00")
    later = next(task for task in play.tasks.values() if task.step == "later")
    assert (later.state, later.reason) == ("cancelled", "customer_refused")
    assert not play.going


def test_who_must_not_be_contacted_is_not_waited_for() -> None:
    play = Play({"id": "first"}, {"id": "later", "wait": {"events": ["order.completed"], "within": {"days": 9}}})
    play.fact(do_not_contact=True)
    assert play.results() == [("first", "refused"), ("", "stopped")]
    assert not play.going


def test_opting_out_of_a_channel_leaves_the_others() -> None:
    play = Play({"id": "first", "channel": "sms", "fallback": [{"channel": "email", "when": ["opted_out"]}]})
    told = {"customer_id": "C1", "channel": "sms", "purpose": "followup"}
    play.happen(simulated_fact("o", "/n", "notification.opted_out", at("2026-03-01 10:00"), told))
    play.fact()
    assert list(play.plan()) == ["first.email"]


def test_a_capped_step_does_not_hold_up_those_that_need_nothing_of_it() -> None:
    play = Simulation(
        book(
            {"id": "once", "events": ["order.completed"]},
            {"merge": False, "steps": [{"id": "first"}, {"id": "later", "delay": {"days": 9}}]},
            caps=[{"limit": 1, "per": "week"}],
        )
    )
    play.happen(fact("order.completed", id="e0", time=at("2026-03-02 09:00")))
    decision = play.happen(fact(id="e1", time=at(MONDAY)))
    assert decision is not None
    assert [(detail["step"], detail["result"]) for detail in decision.details] == [
        ("first", "capped"),
        ("later", "planned"),
    ]


def test_an_event_stops_what_is_waiting_planned_and_released() -> None:
    play = Play(
        {"id": "first"},
        {"id": "later", "delay": {"days": 9}},
        {"id": "rain", "wait": RAIN},
        stop={"events": ["order.completed"], "condition": {"field": "order_type", "op": "eq", "value": "service"}},
    )
    play.fact()
    play.fact("order.completed", "2026-03-02 11:00", data={"order_type": "sale"})
    assert play.states() == {"first": "released", "later": "planned"}
    play.fact("order.completed", "2026-03-02 12:00", data={"order_type": "service"})
    assert play.states() == {"first": "cancelled", "later": "cancelled"}
    assert not play.going
    assert len(play.tasks) == 2


def test_a_stop_of_one_matter_leaves_the_others() -> None:
    stop = {"events": ["order.completed"], "same": "work_order_no"}
    play = Play({"id": "first", "delay": {"days": 3}}, stop=stop, merge=False)
    play.fact(data={"work_order_no": "A"})
    play.fact(when="2026-03-02 11:00", data={"work_order_no": "B"})
    play.fact("order.completed", "2026-03-02 12:00", data={"work_order_no": "A"})
    assert {task.matters[0]["subject"]: task.state for task in play.tasks.values()} == {
        "A": "cancelled",
        "B": "planned",
    }


def test_a_new_trigger_runs_beside_restarts_or_is_ignored() -> None:
    steps = ({"id": "first", "delay": {"days": 3}}, {"id": "later", "delay": {"days": 9}})
    found = {}
    for again in ("parallel", "restart", "ignore"):
        play = Play(*steps, again=again, merge=False)
        play.fact()
        play.fact(when="2026-03-03 10:00")
        found[again] = [(task.event_id[-11:-6], task.step, task.state) for task in play.tasks.values()]
    first = [("03-02", "first", "planned"), ("03-02", "later", "planned")]
    second = [("03-03", "first", "planned"), ("03-03", "later", "planned")]
    assert found["parallel"] == first + second
    assert found["restart"] == [("03-02", "first", "cancelled"), ("03-02", "later", "cancelled"), *second]
    assert found["ignore"] == first


def test_once_a_run_is_over_the_next_trigger_begins_another() -> None:
    play = Play({"id": "first"}, again="ignore")
    play.fact()
    play.call("first", "completed", "2026-03-02 12:00")
    play.fact(when="2026-03-03 10:00")
    assert len(play.tasks) == 2


def test_steps_of_one_run_never_become_one_contact() -> None:
    play = Play({"id": "first"}, {"id": "second", "delay": {"days": 1}})
    play.fact()
    assert play.plan() == {"first": "03-02 10:00", "second": "03-03 00:00"}


def test_a_step_merged_into_another_contact_goes_on_from_that_contacts_outcome() -> None:
    strong = {"id": "strong", "events": ["order.completed"], "priority": 1, "delay": {"days": 3}, "window": ALL_DAY}
    play = Play({"id": "first", "delay": {"days": 3}}, {"id": "again", "if": UNHAPPY}, others=(strong,))
    play.fact("order.completed", "2026-03-02 09:00")
    play.fact()
    (task,) = play.tasks.values()
    assert (task.policy_id, task.combined) == ("strong", ("p1",))
    play.advance(at("2026-03-05 08:00"))
    play.visited(play.tasks[task.id], "completed", "2026-03-05 09:00", rating=2)
    assert play.plan()["again"] == "03-05 09:00"


def test_a_step_taken_over_later_goes_on_from_the_contact_that_took_it_over() -> None:
    strong = {"id": "strong", "events": ["order.completed"], "priority": 1, "delay": {"days": 3}, "window": ALL_DAY}
    play = Play({"id": "first", "delay": {"days": 3}}, {"id": "again", "if": UNHAPPY}, others=(strong,))
    play.fact()
    play.fact("order.completed", "2026-03-02 11:00")
    weak, task = play.tasks.values()
    assert (weak.state, weak.reason, task.policy_id) == ("cancelled", "merged", "strong")
    play.advance(at("2026-03-05 08:00"))
    play.visited(play.tasks[task.id], "completed", "2026-03-05 09:00", rating=2)
    assert play.plan()["again"] == "03-05 09:00"


def test_a_task_called_off_at_release_is_an_outcome() -> None:
    play = Play(
        {"id": "first", "delay": {"days": 1}},
        {
            "id": "again",
            "if": {"field": "reason", "op": "eq", "value": "case_open"},
            "delay": {"days": 5},
            "guards": "none",
        },
        guards=["case_open"],
    )
    play.fact()
    case = {"case_id": "K1", "customer": {"id": "C1"}}
    play.happen(simulated_fact("k", "/c", "complaint.opened", at("2026-03-02 12:00"), case))
    play.advance(at("2026-03-03 12:00"))
    assert play.states() == {"first": "cancelled", "again": "planned"}
    assert play.plan()["again"] == "03-08 00:00"


def test_a_run_whose_result_is_never_told_ends_all_the_same() -> None:
    play = Play({"id": "first", "deadline": {"days": 2}}, {"id": "again", "from": "took_place"})
    play.fact()
    play.advance(at("2026-04-03 09:59"))
    assert play.going
    play.advance(at("2026-04-03 10:00"))
    assert not play.going


def test_a_contact_that_is_put_off_for_long_is_still_waited_for() -> None:
    play = Play({"id": "first"}, {"id": "again", "from": "took_place"}, guards=[{"case_open": "defer"}])
    case = {"case_id": "K1", "customer": {"id": "C1"}}
    play.happen(simulated_fact("k", "/c", "complaint.opened", at("2026-03-01 10:00"), case))
    play.fact()
    play.advance(at("2026-04-20 10:00"))
    assert (play.states(), play.going) == ({"first": "planned"}, True)
    play.happen(simulated_fact("l", "/c", "complaint.closed", at("2026-04-20 11:00"), case))
    play.call("first", "completed", "2026-04-21 10:00")
    assert play.states() == {"first": "done", "again": "planned"}


def test_a_fact_without_a_customer_begins_no_run() -> None:
    play = Play({"id": "first"}, {"id": "rain", "wait": RAIN})
    play.fact(customer="")
    assert (play.results(), play.going) == ([("", "no_customer")], False)


def _times(play: Play) -> dict[str, tuple[str, str]]:
    """Step → when its contact is due, and until when."""
    tasks = [task for task in play.tasks.values() if task.deadline_at]
    return {task.step: (play._local(task.due_at), play._local(task.deadline_at)) for task in tasks if task.deadline_at}


def test_a_deadline_inside_repeat_counts_from_its_own_round() -> None:
    play = Play({"id": "often", "repeat": {"every": {"days": 7}, "times": 3}}, deadline={"days": 2}, warn={"hours": 6})
    play.fact()
    assert _times(play) == {
        "often": ("03-02 10:00", "03-04 10:00"),
        "often.2": ("03-09 00:00", "03-11 10:00"),
        "often.3": ("03-16 00:00", "03-18 00:00"),
    }
    assert [play._local(task.warn_at) for task in play.tasks.values() if task.warn_at] == [
        "03-04 04:00",
        "03-11 04:00",
        "03-17 18:00",
    ]
    play.advance(at("2026-03-17 10:00"))
    assert play.states() == {"often": "released", "often.2": "released", "often.3": "released"}


def test_a_round_that_follows_a_contact_counts_from_it() -> None:
    step = {"id": "again", "from": "took_place", "delay": {"days": 1}, "deadline": {"working_days": 1}}
    play = Play({"id": "first", "deadline": "none"}, {**step, "repeat": {"every": {"days": 5}, "times": 2}})
    play.fact()
    play.call("first", "completed", "2026-03-02 11:00", rating=5)
    play.call("again", "completed", "2026-03-03 16:20", rating=5)
    assert _times(play) == {"again": ("03-03 00:00", "03-03 23:59"), "again.2": ("03-08 00:00", "03-09 23:59")}


def test_every_stands_in_for_a_target_which_may_be_the_policys_or_the_steps() -> None:
    rounds = {"id": "often", "deadline": {"days": 5}, "repeat": {"every": {"days": 7}, "times": 2}}
    for own, base in (({"target": {"days": 3}}, {}), ({}, {"target": {"days": 3}})):
        play = Play({**rounds, **own}, **base)
        play.fact()
        assert _times(play) == {"often": ("03-05 00:00", "03-07 10:00"), "often.2": ("03-12 00:00", "03-17 00:00")}


def test_another_channel_counts_from_the_result_that_led_to_it_in_every_round() -> None:
    sms = {"channel": "sms", "deadline": {"hours": 30}}
    rounds = {"id": "often", "deadline": {"days": 2}, "repeat": {"every": {"days": 7}, "times": 2}, "fallback": [sms]}
    play = Play(rounds)
    play.fact()
    play.call("often", "unreachable", "2026-03-03 12:00")
    play.call("often.2", "unreachable", "2026-03-10 15:00")
    times = _times(play)
    assert times["often.sms"] == ("03-03 12:00", "03-04 18:00")
    assert times["often.2.sms"] == ("03-10 15:00", "03-11 21:00")


def test_after_an_awaited_event_every_round_counts_from_its_own_event() -> None:
    play = Play({"id": "rain", "wait": RAIN, "delay": {"days": 1}, "deadline": {"days": 2}, "repeat": {"times": 2}})
    play.fact(area={"code": "510108"}, data={"area": {"code": "510108"}})
    play.rain("2026-03-04 08:00")
    play.rain("2026-03-20 08:00")
    assert _times(play) == {"rain": ("03-05 00:00", "03-06 08:00"), "rain.2": ("03-21 00:00", "03-22 08:00")}


def rounds(*repeats: str, anchor: str, **step: Any) -> list[str]:
    """When the contacts of a step that counts from its first date are due, of a fact at `anchor`, on any day from 09:00."""
    window = {"days": "all", "frames": ["09:00-18:00"]}
    play = Play({"id": "call", "deadline": {"days": 5}, **step}, window=step.pop("window", window), merge=False)
    play.fact(when=anchor)
    return [due for _, due in sorted(play.plan().items(), key=lambda one: int(f"{one[0]}.1".split(".")[1]))]


@pytest.mark.parametrize(
    ("anchor", "step", "due"),
    [
        (
            "2026-01-31 10:00",
            {"delay": {"months": 1}, "repeat": {"every": {"months": 1}, "times": 4, "from": "first"}},
            ["02-28 09:00", "03-31 09:00", "04-30 09:00", "05-31 09:00"],
        ),
        (
            "2026-01-31 10:00",
            {"repeat": {"every": {"months": 1}, "times": 4, "from": "first"}},
            ["01-31 10:00", "02-28 09:00", "03-31 09:00", "04-30 09:00"],
        ),
        (
            "2026-01-31 10:00",  # from the last: once moved to the 28th it stays there
            {"repeat": {"every": {"months": 1}, "times": 4}},
            ["01-31 10:00", "02-28 09:00", "03-28 09:00", "04-28 09:00"],
        ),
        (
            "2026-12-10 10:00",
            {"delay": {"days": 1}, "repeat": {"every": {"half_months": 1}, "times": 4, "from": "first"}},
            ["12-11 09:00", "12-26 09:00", "01-11 09:00", "01-26 09:00"],
        ),
        (
            "2026-03-02 10:00",
            {"delay": {"days": 1}, "repeat": {"every": {"weeks": 1}, "for": {"days": 28}, "from": "first"}},
            ["03-03 09:00", "03-10 09:00", "03-17 09:00", "03-24 09:00"],
        ),
    ],
)
def test_rounds_may_count_from_the_first_date(anchor: str, step: dict[str, Any], due: list[str]) -> None:
    assert rounds(anchor=anchor, **step) == due


OFFICE = {"days": "working", "frames": ["09:00-12:00", "14:00-18:00"]}


def test_a_round_that_a_holiday_moved_moves_no_other() -> None:
    """Every 15 days from 2 February: the 17th lies in the Spring Festival, 4 and 19 March stay where they were."""
    fortnight = {"every": {"days": 15}, "times": 4}
    from_first = {"delay": {"days": 1}, "repeat": {**fortnight, "from": "first"}, "window": OFFICE}
    assert rounds(anchor="2026-02-01 10:00", **from_first) == [
        "02-02 09:00",
        "02-24 09:00",
        "03-04 09:00",
        "03-19 09:00",
    ]
    from_last = {"delay": {"days": 1}, "repeat": fortnight, "window": OFFICE}
    assert rounds(anchor="2026-02-01 10:00", **from_last) == [
        "02-02 09:00",
        "02-24 09:00",
        "03-11 09:00",
        "03-26 09:00",
    ]


def test_the_deadline_of_a_round_lies_as_far_behind_it_as_that_of_the_first() -> None:
    repeat = {"every": {"months": 1}, "times": 3, "from": "first"}
    play = Play({"id": "call", "delay": {"days": 1}, "target": {"days": 2}, "deadline": {"days": 3}, "repeat": repeat})
    play.fact(when="2026-01-30 10:00")
    assert [(f"{one.due_at:%m-%d}", f"{one.deadline_at:%m-%d}") for one in play.tasks.values()] == [
        ("01-31", "02-02"),  # due at local midnight, 16:00 UTC of the day before
        ("02-28", "03-03"),  # of the deadline 30 January and a month is 28 February, of the target 1 February 1 March
        ("03-31", "04-02"),
    ]


def test_rounds_from_the_first_date_after_a_contact_count_from_when_it_took_place() -> None:
    repeat = {"every": {"days": 15}, "times": 3, "from": "first"}
    play = Play({"id": "first"}, {"id": "later", "from": "took_place", "delay": {"days": 15}, "repeat": repeat})
    play.fact()
    play.call("first", "completed", "2026-03-04 11:00")
    assert play.plan() == {
        "first": "03-02 10:00",
        "later": "03-19 00:00",
        "later.2": "04-03 00:00",
        "later.3": "04-18 00:00",
    }


SERVICED = {
    "events": ["inspection.done"],
    "condition": {"field": "km", "op": "ge", "value": 5000},
    "within": {"months": 3},
}


def test_a_contact_may_come_with_the_event_or_when_the_time_is_over_whichever_is_first_and_each_time() -> None:
    """A dealer's 3 months or 5,000 km: of three services one comes with the kilometres, two with the months."""
    step = {"id": "service", "wait": {**SERVICED, "anyway": True}, "repeat": {"times": 3}, "deadline": {"days": 7}}
    play = Play(step)
    play.fact(when="2026-01-10 10:00")
    play.fact("inspection.done", "2026-02-20 10:00", data={"km": 3000})
    play.fact("inspection.done", "2026-03-05 10:00", data={"km": 5200})
    play.advance(at("2026-10-01 00:00"))
    assert play.plan() == {"service": "03-05 10:00", "service.2": "06-05 10:00", "service.3": "09-05 10:00"}


def test_without_anyway_what_is_not_awaited_leads_to_no_contact() -> None:
    play = Play({"id": "service", "wait": SERVICED})
    play.fact(when="2026-01-10 10:00")
    play.advance(at("2026-10-01 00:00"))
    assert play.plan() == {}


PAID = {"events": ["order.completed"], "same": "order_no", "within": {"days": 3}}


def test_a_contact_may_be_made_unless_something_happens() -> None:
    play = Play({"id": "remind", "unless": PAID, "deadline": {"days": 1}})
    play.fact(data={"order_no": "D1"})
    play.advance(at("2026-03-05 10:00"))
    assert play.plan() == {"remind": "03-05 10:00"}
    assert play.results() == [("remind", "waiting"), ("remind", "wait_expired"), ("remind", "planned")]


@pytest.mark.parametrize(("order", "plan"), [("D1", {}), ("D2", {"remind": "03-05 10:00"})])
def test_what_happened_makes_it_needless_where_it_is_about_the_same(order: str, plan: dict[str, str]) -> None:
    play = Play({"id": "remind", "unless": PAID})
    play.fact(data={"order_no": "D1"})
    play.fact("order.completed", "2026-03-04 10:00", data={"order_no": order})
    play.advance(at("2026-03-09 10:00"))
    assert play.plan() == plan
    assert play.going is bool(plan)


def test_the_steps_behind_see_that_it_happened() -> None:
    thanks = {"id": "thanks", "if": {"field": "reason", "op": "eq", "value": "happened"}}
    play = Play({"id": "remind", "unless": PAID}, thanks)
    play.fact(data={"order_no": "D1"})
    play.fact("order.completed", "2026-03-04 10:00", data={"order_no": "D1"})
    assert play.plan() == {"thanks": "03-04 10:00"}
    (last,) = [one for one in play.decisions.values() if one.outcome == "planned"]
    told = explain(last.outcome, last.details, {})
    assert told[1].endswith("的步骤 remind：等到了事件 order.completed（2026-03-04 10:00 (周三)），不再联系。")


def test_what_happened_before_the_fact_does_not_count() -> None:
    play = Play({"id": "remind", "unless": PAID})
    play.fact("order.completed", "2026-03-01 10:00", data={"order_no": "D1"})
    play.fact(data={"order_no": "D1"})
    play.advance(at("2026-03-05 10:00"))
    assert play.plan() == {"remind": "03-05 10:00"}
