from services.scheduler.domain.book import PolicyBook
from services.scheduler.domain.simulation.facts import simulated_fact
from services.scheduler.domain.simulation.plan import Simulation
from services.scheduler.domain.task import Task
from tests.scheduler.builders import at, book, fact


def simulated(rules: PolicyBook | None = None) -> Simulation:
    return Simulation(rules or book({"delay": {"days": 1}, "deadline": {"working_days": 3}}))


def only(simulation: Simulation) -> Task:
    (task,) = simulation.tasks.values()
    return task


def test_a_task_is_released_when_time_has_passed_to_its_due_moment() -> None:
    simulation = simulated()
    simulation.happen(fact(time=at("2026-03-02 10:00")))
    simulation.advance(at("2026-03-03 08:59"))
    assert only(simulation).state == "planned"
    simulation.advance(at("2026-03-03 09:00"))
    assert only(simulation).state == "released"


def test_the_same_fact_again_changes_nothing() -> None:
    simulation = simulated()
    assert simulation.happen(fact()) is not None
    assert simulation.happen(fact()) is None
    assert len(simulation.tasks) == 1


def test_finishing_leaves_nothing_planned() -> None:
    simulation = simulated()
    simulation.happen(fact(customer="C1", id="e1"))
    simulation.happen(fact(customer="C2", id="e2", time=at("2026-12-31 10:00")))
    simulation.finish()
    assert {task.state for task in simulation.tasks.values()} == {"released"}


def test_a_merged_task_that_moved_is_released_at_its_new_moment_only() -> None:
    late = {"id": "late", "events": ["order.completed"], "delay": {"days": 2}, "priority": 1}
    simulation = simulated(book({"delay": {"days": 1}}, late))
    simulation.happen(fact(id="e1", time=at("2026-03-02 10:00")))
    simulation.happen(fact("order.completed", id="e2", time=at("2026-03-02 11:00")))
    simulation.advance(at("2026-03-03 12:00"))
    assert {(task.policy_id, task.state) for task in simulation.tasks.values()} == {
        ("p1", "cancelled"),
        ("late", "planned"),
    }
    simulation.advance(at("2026-03-04 09:00"))
    assert ("late", "released") in {(task.policy_id, task.state) for task in simulation.tasks.values()}


def test_events_of_the_platform_are_decided_on_only_where_a_policy_names_them() -> None:
    simulation = simulated(book({"events": ["complaint.closed"]}))
    data = {"case_id": "K1", "customer": {"id": "C1"}}
    opened = simulated_fact("a", "/c", "complaint.opened", at("2026-03-02 10:00"), data)
    assert simulation.happen(opened) is None
    closed = simulated_fact("b", "/c", "complaint.closed", at("2026-03-02 11:00"), data)
    assert simulation.happen(closed) is not None


def test_a_visit_of_a_task_planned_elsewhere_is_left_alone() -> None:
    simulation = simulated()
    data = {"task_id": "019cb2ba-9be0-8af8-ac84-99e0eb603435"}
    simulation.happen(simulated_fact("a", "/v", "visit.completed", at("2026-03-02 10:00"), data))
    assert simulation.tasks == {}


def test_a_run_that_just_ends_leaves_no_record() -> None:
    simulation = simulated(book({"steps": [{"id": "first"}, {"id": "again", "from": "took_place"}]}))
    simulation.happen(fact())
    for number, step in enumerate(("first", "again")):
        (task,) = (one for one in simulation.tasks.values() if one.step == step)
        simulation.advance(task.due_at)
        visit = {"task_id": str(task.id), "customer": {"id": "C1"}}
        simulation.happen(simulated_fact(f"v{number}", "/visits", "visit.completed", task.due_at, visit))
    assert [decision.outcome for decision in simulation.decisions.values()] == ["planned", "planned"]
