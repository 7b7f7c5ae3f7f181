"""A withdrawn fact in a simulation: as on the platform, in whatever order they are heard."""

from datetime import timedelta

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.withdrawal import FACT_WITHDRAWN
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
