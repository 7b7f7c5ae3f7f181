"""A withdrawn fact in a simulation: as on the platform, in whatever order they are heard."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.later.withdrawal import FACT_WITHDRAWN
from services.scheduler.domain.simulation.plan import Simulation
from tests.scheduler.builders import MONDAY, at, book, fact

LATER = {"delay": {"days": 1}, "deadline": {"working_days": 5}}
HALF = {"rate": {"exact": 50, "of": "day", "reserve": 1}, **LATER}


def taken_back(of: Fact, after: timedelta = timedelta(minutes=5)) -> Fact:
    data = {"event_id": of.id, "event_source": of.source, "event_type": of.name, "customer_id": of.customer_id,
            "reason": "cancelled", "withdrawn_at": of.at + after}  # fmt: skip
    return fact("fact.withdrawn", data, id=f"{of.id}/withdrawn", customer="", time=of.at + after, source=of.source)


def ends(simulation: Simulation) -> list[tuple[str, str]]:
    return sorted((task.state, task.reason) for task in simulation.tasks.values())


def test_what_it_planned_is_called_off() -> None:
    simulation = Simulation(book(LATER))
    one = fact(id="e1")
    simulation.happen(one)
    decision = simulation.happen(taken_back(one))
    assert decision is not None
    assert decision.outcome == "withdrawn"
    simulation.finish()
    assert ends(simulation) == [("cancelled", FACT_WITHDRAWN)]


def test_a_released_task_is_called_off_too() -> None:
    simulation = Simulation(book(LATER))
    one = fact(id="e1")
    simulation.happen(one)
    simulation.advance(MONDAY + timedelta(days=2))
    assert ends(simulation) == [("released", "")]
    simulation.happen(taken_back(one, timedelta(days=2, hours=1)))
    assert ends(simulation) == [("cancelled", FACT_WITHDRAWN)]


def test_heard_before_its_fact_it_lets_nothing_be_planned() -> None:
    simulation = Simulation(book(LATER))
    one = fact(id="e1")
    simulation.happen(taken_back(one))
    decision = simulation.happen(one)
    assert decision is not None
    assert (decision.outcome, simulation.tasks) == ("withdrawn", {})


def test_the_same_id_of_another_source_stands() -> None:
    simulation = Simulation(book({**LATER, "merge": False}))
    one, two = fact(id="e1"), fact(id="e1", source="/crm")
    simulation.happen(one)
    simulation.happen(two)
    simulation.happen(taken_back(one))
    assert ends(simulation) == [("cancelled", FACT_WITHDRAWN), ("planned", "")]


def test_who_leaves_an_open_population_is_not_drawn() -> None:
    simulation = Simulation(book({**LATER, "rate": {"exact": 100, "of": "day"}}))
    one, two = fact(id="e1"), fact(id="e2", customer="C2")
    simulation.happen(one)
    simulation.happen(two)
    simulation.happen(taken_back(one))
    simulation.advance(at("2026-03-03 01:00"))
    assert [task.customer_id for task in simulation.tasks.values()] == ["C2"]


def test_a_withdrawn_winner_is_replaced_by_the_next_in_reserve() -> None:
    simulation = Simulation(book(HALF))
    facts = {f"C{number}": fact(id=f"e{number}", customer=f"C{number}") for number in range(2)}
    for one in facts.values():
        simulation.happen(one)
    simulation.advance(at("2026-03-03 01:00"))
    (drawn,) = simulation.tasks.values()
    simulation.happen(taken_back(facts[drawn.customer_id], timedelta(days=1)))
    assert ends(simulation) == [("cancelled", FACT_WITHDRAWN), ("planned", "")]
    assert {task.customer_id for task in simulation.tasks.values()} == set(facts)


def told(name: str, simulation: Simulation, **data: Any) -> Fact:
    """An event about the only task, two days later."""
    (task_id,) = simulation.tasks
    full = {"customer": {"id": "C1"}, "customer_id": "C1", "task_id": str(task_id), "cause_id": str(task_id), **data}
    return fact(name, full, id="told", time=MONDAY + timedelta(days=2))


def test_a_message_that_was_delivered_is_not_undone() -> None:
    simulation = Simulation(book({**LATER, "channel": "sms", "purpose": "notice"}))
    one = fact(id="e1")
    simulation.happen(one)
    simulation.advance(MONDAY + timedelta(days=2))
    simulation.happen(told("notification.delivered", simulation, channel="sms"))
    simulation.happen(taken_back(one, timedelta(days=3)))
    assert ends(simulation) == [("done", "")]


def test_an_agreed_callback_stays() -> None:
    simulation = Simulation(book(LATER))
    one = fact(id="e1")
    simulation.happen(one)
    simulation.advance(MONDAY + timedelta(days=2))
    simulation.happen(told("visit.callback_agreed", simulation))
    simulation.happen(taken_back(one, timedelta(days=3)))
    assert ends(simulation) == [("released", "")]


def test_a_notice_that_tells_of_a_call_is_not_the_call() -> None:
    simulation = Simulation(book(LATER))
    one = fact(id="e1")
    simulation.happen(one)
    simulation.advance(MONDAY + timedelta(days=2))
    simulation.happen(told("notification.delivered", simulation, channel="sms"))
    simulation.happen(taken_back(one, timedelta(days=3)))
    assert ends(simulation) == [("cancelled", FACT_WITHDRAWN)]


def test_a_withdrawn_event_stops_no_run() -> None:
    simulation = Simulation(book({"steps": [{"id": "first", **LATER}], "stop": {"events": ["alarm.handled"]}}))
    simulation.happen(fact(id="e1"))
    stopping = fact("alarm.handled", id="a1", time=MONDAY + timedelta(hours=1))
    simulation.happen(taken_back(stopping, timedelta(0)))
    simulation.happen(stopping)
    assert ends(simulation) == [("planned", "")]


def test_a_drawn_matter_that_leaves_a_merged_contact_is_replaced() -> None:
    simulation = Simulation(book(HALF, {"id": "p2", "events": ["inspection.done"], "priority": 1, **LATER}))
    facts = {f"C{number}": fact(id=f"e{number}", customer=f"C{number}") for number in range(2)}
    for name, one in facts.items():
        simulation.happen(one)
        simulation.happen(fact("inspection.done", id=f"i{name}", customer=name))
    simulation.advance(at("2026-03-03 01:00"))
    merged = [task for task in simulation.tasks.values() if len(task.matters) == 2]
    (drawn,) = {task.customer_id for task in merged}
    simulation.happen(taken_back(facts[drawn], timedelta(days=1)))
    called = {one.occasion.reason: one.fact.customer_id for one in simulation.decisions.values() if one.occasion}
    assert called["drawn"] == drawn
    assert {called["drawn"], called["reserve"]} == {"C0", "C1"}


def test_who_was_not_dissatisfied_is_not_drawn_of_those_who_were() -> None:
    sorry = {"id": "sorry", "events": ["visit.dissatisfied"], "rate": {"number": 2, "of": "day", "reserve": 2}, **LATER}
    simulation = Simulation(book({**sorry, "merge": False}))
    for number in range(4):
        told = {"task_id": str(UUID(int=number)), "case_id": None}
        simulation.happen(fact("visit.dissatisfied", told, id=f"u{number}", customer=f"C{number}"))
    correct(simulation, 0, MONDAY + timedelta(hours=1))
    simulation.advance(MONDAY + timedelta(days=1))
    drawn = {task.customer_id for task in simulation.tasks.values()}
    assert len(drawn) == 2
    assert drawn <= {"C1", "C2", "C3"}
    (reserve,) = {"C1", "C2", "C3"} - drawn
    correct(simulation, int(reserve[1]), MONDAY + timedelta(days=1, hours=1))  # before anybody is lost
    lost = min(drawn)
    out = {"customer_id": lost, "channel": "phone", "purpose": "all"}
    simulation.happen(fact("notification.opted_out", out, customer="", time=MONDAY + timedelta(days=1, hours=2)))
    simulation.finish()
    planned = {task.customer_id: task.state for task in simulation.tasks.values()}
    assert planned == {lost: "cancelled", (drawn - {lost}).pop(): "released"}


def correct(simulation: Simulation, number: int, when: datetime) -> None:
    says = {"task_id": str(UUID(int=number)), "dissatisfied": False, "problems": [], "rating": 5}
    simulation.happen(fact("visit.corrected", says, id=f"right{number}", customer=f"C{number}", time=when))
