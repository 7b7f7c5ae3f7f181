"""Exact draws as time passes: facts enter populations, periods close, winners are planned, reserves stand in."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.decide import Decision
from services.scheduler.domain.explain.decision import explain
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.task import Task
from services.scheduler.domain.whom.draw import Share, everybody, nobody, shares
from tests.scheduler.builders import at, fact, policies

TWENTY = {"rate": {"exact": 20, "of": "day"}, "delay": {"days": 1}, "deadline": {"working_days": 3}}
ONE_OF_ALL = {"rate": {"number": 1, "of": "day", "reserve": 5}, "delay": {"days": 1}}
NIGHT = "2026-03-03 00:10"


def simulated(*given: dict[str, Any], share: Share = shares, **head: Any) -> Simulation:
    return Simulation(PolicyBook(policies(*given, **head), share=share))


def crowd(simulation: Simulation, amount: int, day: str = "2026-03-02", **more: Any) -> list[Decision | None]:
    """Facts of as many customers, a minute apart."""
    start = at(f"{day} 10:00")
    return [
        simulation.happen(
            fact(id=f"{day}-{number}", customer=f"C{number}", time=start + timedelta(minutes=number), **more)
        )
        for number in range(amount)
    ]


def planned(simulation: Simulation) -> list[Task]:
    return sorted(simulation.tasks.values(), key=lambda task: task.id)


def visit(simulation: Simulation, task: Task, moment: datetime, reason: str = "unreachable", attempts: int = 2) -> None:
    data = {"task_id": str(task.id), "reason": reason, "customer": {"id": task.customer_id}, "attempts": attempts}
    simulation.happen(simulated_fact(f"v-{task.id}", "/visits", "visit.failed", moment, data))


def test_a_fact_enters_the_population_of_its_day_and_nothing_is_planned_yet() -> None:
    simulation = simulated({**TWENTY, "rate": {"exact": 20, "of": "day", "by": ["branch", "kind"]}})
    decision = simulation.happen(fact())
    assert decision is not None
    assert decision.outcome == "enrolled"
    (detail,) = decision.details
    assert (str(detail["from"]), str(detail["to"])) == ("2026-03-02", "2026-03-02")
    assert detail["stratum"] == '["CD","repair.closed"]'
    assert explain(decision.outcome, decision.details, {"p1": "维修"}) == [
        "已列入总量，期间结束后抽取。",
        "策略「维修」（p1 第 1 版）命中，列入 2026-03-02 的总量，分层 CD · repair.closed，期间结束后抽取。",
    ]
    simulation.advance(at("2026-03-03 00:09"))
    assert not simulation.tasks


def test_exactly_twenty_percent_of_the_closed_day_are_planned() -> None:
    simulation = simulated(TWENTY)
    crowd(simulation, 34)
    simulation.advance(at(NIGHT))
    tasks = planned(simulation)
    assert len(tasks) == 7
    assert {task.due_at for task in tasks} == {at("2026-03-03 09:00")}
    assert {task.deadline_at for task in tasks} == {at("2026-03-05 18:00")}
    drawn = [one for one in simulation.decisions.values() if one.occasion]
    assert {(one.outcome, one.name, one.at) for one in drawn} == {
        ("planned", "occasion.arrived", at("2026-03-03 00:00"))
    }
    assert "在总量中抽中，计划任务" in explain(drawn[0].outcome, drawn[0].details, {})[1]


def _number(task: Task) -> int:
    return int(task.event_id.rpartition("-")[2])


def test_nobody_without_a_customer_is_counted() -> None:
    simulation = simulated(TWENTY)
    nobody_there = simulation.happen(fact(customer=""))
    assert nobody_there is not None
    assert nobody_there.outcome == "no_customer"


def test_every_day_is_drawn_on_its_own() -> None:
    simulation = simulated(TWENTY)
    crowd(simulation, 10, "2026-03-02")
    crowd(simulation, 20, "2026-03-03")
    simulation.advance(at("2026-03-04 00:10"))
    assert (
        sorted(task.due_at for task in planned(simulation))
        == [at("2026-03-03 09:00")] * 2 + [at("2026-03-04 09:00")] * 4
    )


def test_a_week_closes_on_the_weekday_it_is_told_and_counts_from_its_last_day() -> None:
    rate = {"number": 3, "of": "week", "closes": "tue"}
    simulation = simulated({"rate": rate, "delay": {"days": 1}, "deadline": {"days": 3}})
    crowd(simulation, 5, "2026-03-02")  # Monday, the last day of its week
    crowd(simulation, 5, "2026-03-04")
    simulation.advance(at("2026-03-10 00:09"))
    assert [task.due_at for task in planned(simulation)] == [at("2026-03-03 09:00")] * 3
    simulation.advance(at("2026-03-10 00:10"))
    later = planned(simulation)[3:]
    assert [(task.due_at, task.deadline_at) for task in later] == [(at("2026-03-10 09:00"), at("2026-03-12 00:00"))] * 3


def test_a_month_is_drawn_when_the_next_begins() -> None:
    simulation = simulated({"rate": {"exact": 50, "of": "month"}, "delay": {"days": 1}})
    crowd(simulation, 4, "2026-02-05")
    simulation.advance(at("2026-03-01 00:10"))
    assert [task.due_at for task in planned(simulation)] == [at("2026-03-02 09:00")] * 2


def test_a_quarter_and_a_year_are_drawn_when_the_next_begins() -> None:
    simulation = simulated(
        {
            "id": "quarter",
            "rate": {"each": 30, "of": "quarter"} | {"by": ["branch"]},
            "delay": {"days": 1},
            "merge": False,
        },
        {"id": "year", "rate": {"number": 3, "of": "year"}, "deadline": {"working_days": 3}, "merge": False},
    )
    crowd(simulation, 4, "2026-02-05")
    crowd(simulation, 1, "2026-12-31")
    simulation.advance(at("2027-01-01 00:09"))
    # 30 % of four are two; from the last day of March on, a Tuesday
    assert [(task.policy_id, task.due_at) for task in planned(simulation)] == [
        ("quarter", at("2026-04-01 09:00")),
        ("quarter", at("2026-04-01 09:00")),
    ]
    simulation.advance(at("2027-01-01 00:10"))
    # three of the year's five; a fact of an earlier day counts as of Thursday, 31 December; holidays of 2027 are not known
    years = [task for task in planned(simulation) if task.policy_id == "year"]
    assert [task.due_at for task in years] == [at("2027-01-01 09:00")] * 3
    assert {task.deadline_at for task in years} == {at("2027-01-05 18:00")}
    assert [task.due_at for task in planned(simulation) if task.policy_id == "quarter"][2:] == [at("2027-01-01 09:00")]


def test_what_is_heard_of_when_its_quarter_is_closed_joins_the_next() -> None:
    simulation = simulated({"rate": {"exact": 50, "of": "quarter"}, "delay": {"days": 1}})
    simulation.advance(at("2026-04-01 00:11"))
    decision = simulation.happen(fact(id="late", time=at("2026-03-31 23:00")))
    assert decision is not None
    (detail,) = decision.details
    assert (str(detail["from"]), str(detail["to"]), detail["late"]) == ("2026-04-01", "2026-06-30", True)


def test_tests_may_draw_everybody_or_nobody() -> None:
    for share, amount in ((everybody, 5), (nobody, 0)):
        simulation = simulated(TWENTY, share=share)
        crowd(simulation, 5)
        simulation.advance(at(NIGHT))
        assert len(simulation.tasks) == amount


def test_a_winner_joins_what_is_already_planned_for_the_customer() -> None:
    everyone = {"id": "all", "events": ["order.completed"], "priority": 2, "delay": {"days": 1}}
    simulation = simulated(TWENTY, everyone, share=everybody)
    simulation.happen(fact(id="e1"))
    simulation.happen(fact("order.completed", id="e2", time=at("2026-03-02 11:00")))
    simulation.advance(at(NIGHT))
    (task,) = planned(simulation)
    assert (task.policy_id, task.combined) == ("all", ("p1",))
    assert [matter["event_id"] for matter in task.matters] == ["e2", "e1"]


def test_the_stronger_policys_winners_are_planned_first() -> None:
    weak = {**TWENTY, "id": "a-weak", "priority": 7}
    strong = {**TWENTY, "id": "b-strong", "priority": 3}
    simulation = simulated(weak, strong, share=everybody)
    crowd(simulation, 1)
    simulation.advance(at(NIGHT))
    (task,) = planned(simulation)
    assert (task.policy_id, task.combined) == ("b-strong", ("a-weak",))


def test_who_comes_late_joins_the_open_period() -> None:
    simulation = simulated(TWENTY)
    crowd(simulation, 1)
    simulation.advance(at(NIGHT))
    late = simulation.happen(fact(id="late", customer="C9", time=at("2026-03-02 23:59")))
    assert late is not None
    (detail,) = late.details
    assert (str(detail["from"]), detail["late"]) == ("2026-03-03", True)
    assert "其所属期间已经抽取" in explain(late.outcome, late.details, {})[1]


@pytest.mark.parametrize("reason", ["unreachable", "invalid_number", "expired"])
def test_who_cannot_be_reached_is_replaced_by_the_next_in_reserve(reason: str) -> None:
    simulation = simulated(ONE_OF_ALL)
    crowd(simulation, 3)
    for day, amount in ((3, 1), (4, 2), (5, 3), (6, 3)):
        simulation.advance(at(f"2026-03-0{day} 09:00"))
        assert len(simulation.tasks) == amount
        for task in planned(simulation):
            if task.state == "released":
                visit(simulation, task, at(f"2026-03-0{day} 10:00"), reason)
    assert len({task.customer_id for task in planned(simulation)}) == 3
    drawn = [one.occasion.reason for one in simulation.decisions.values() if one.occasion]
    assert drawn == ["drawn", "reserve", "reserve"]


@pytest.mark.parametrize(
    ("given", "due", "deadline"),
    [
        ({"delay": {"days": 1}, "deadline": {"days": 1}}, "2026-03-04 09:00", "2026-03-04 23:59"),
        ({"delay": {"days": 1}, "deadline": {"working_days": 3}}, "2026-03-04 09:00", "2026-03-06 18:00"),
        ({"delay": {"days": 1}, "deadline": {"hours": 24}}, "2026-03-04 09:00", "2026-03-04 15:00"),
        ({"delay": {"hours": 1}, "deadline": {"days": 1}}, "2026-03-03 16:00", "2026-03-04 15:00"),
        ({"delay": {"days": 0}, "deadline": {"days": 1}}, "2026-03-03 15:00", "2026-03-04 15:00"),
    ],
)
def test_a_reserve_counts_from_the_moment_it_is_called_and_in_days_from_its_day(
    given: dict[str, Any], due: str, deadline: str
) -> None:
    simulation = simulated({**ONE_OF_ALL, **given})
    crowd(simulation, 2)
    simulation.advance(at("2026-03-03 09:00"))
    (first,) = planned(simulation)
    visit(simulation, first, at("2026-03-03 15:00"))
    (second,) = [task for task in planned(simulation) if task.id != first.id]
    assert (second.due_at, second.deadline_at) == (at(due), at(deadline))


@pytest.mark.parametrize(("channel", "contacts"), [("phone", 2), ("on_site", 3)])
def test_a_reserve_that_another_contact_has_asked_is_not_asked_again_that_way(channel: str, contacts: int) -> None:
    daily = {"id": "all", "events": ["repair.closed"], "priority": 1, "delay": {"days": 1}}
    simulation = simulated({**ONE_OF_ALL, "channel": channel}, daily)
    crowd(simulation, 2)
    simulation.advance(at("2026-03-03 09:00"))
    drawn = next(task for task in planned(simulation) if "p1" in (task.policy_id, *task.combined))
    visit(simulation, drawn, at("2026-03-03 10:00"))
    assert len([task for task in planned(simulation) if task.customer_id != drawn.customer_id]) == contacts - 1
    (called,) = [one for one in simulation.decisions.values() if one.occasion and one.occasion.reason == "reserve"]
    if channel == "phone":
        assert called.outcome == "merged"
        assert "已就此事联系，不再另行联系" in explain(called.outcome, called.details, {})[1]


def test_who_was_reached_and_refused_is_not_replaced() -> None:
    simulation = simulated(ONE_OF_ALL)
    crowd(simulation, 3)
    simulation.advance(at("2026-03-03 09:00"))
    visit(simulation, planned(simulation)[0], at("2026-03-03 10:00"), "refused")
    assert len(simulation.tasks) == 1


def test_whom_nobody_got_round_to_calling_is_not_replaced() -> None:
    simulation = simulated(ONE_OF_ALL)
    crowd(simulation, 3)
    simulation.advance(at("2026-03-03 09:00"))
    visit(simulation, planned(simulation)[0], at("2026-03-04 10:00"), "expired", attempts=0)
    assert len(simulation.tasks) == 1


def test_who_may_not_be_contacted_any_more_is_replaced() -> None:
    simulation = simulated(ONE_OF_ALL)
    crowd(simulation, 3)
    simulation.advance(at(NIGHT))
    (winner,) = planned(simulation)
    simulation.happen(
        fact("customer.updated", id="u", customer=winner.customer_id, time=at("2026-03-03 08:00"), do_not_contact=True)
    )
    simulation.advance(at("2026-03-03 09:00"))
    assert [(task.state, task.reason) for task in planned(simulation) if task.id == winner.id] == [
        ("cancelled", "do_not_contact")
    ]
    assert [task.due_at for task in planned(simulation) if task.id != winner.id] == [at("2026-03-04 09:00")]


def test_who_cannot_be_planned_is_replaced_at_once() -> None:
    simulation = simulated(ONE_OF_ALL, caps=[{"limit": 1, "per": "year"}])
    crowd(simulation, 2)
    simulation.advance(at("2026-03-03 12:00"))
    (first,) = planned(simulation)
    crowd(simulation, 2, "2026-03-04")
    simulation.advance(at("2026-03-05 00:10"))
    crowd(simulation, 2, "2026-03-05")
    simulation.advance(at("2026-03-06 00:10"))
    outcomes = [one.outcome for one in simulation.decisions.values() if one.occasion]
    assert outcomes.count("planned") == 2  # both customers once, then the reserve is at its end too
    assert {task.due_at for task in planned(simulation)} == {first.due_at, at("2026-03-05 09:00")}


def test_a_new_version_draws_its_own_facts() -> None:
    simulation = simulated(TWENTY)
    crowd(simulation, 5)
    (second,) = policies({**TWENTY, "rate": {"number": 2, "of": "day"}})
    simulation.book = PolicyBook([replace(second, version=2)])
    for number in range(5):
        simulation.happen(fact(id=f"new-{number}", customer=f"N{number}", time=at("2026-03-02 20:00")))
    simulation.advance(at(NIGHT))
    assert sorted(task.policy_version for task in planned(simulation)) == [1, 2, 2]
