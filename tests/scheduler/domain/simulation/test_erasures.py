"""A customer of a simulation is erased: nobody contacts them from then on, whatever is told of them later."""

from datetime import timedelta

from services.scheduler.domain.facts import Fact
from services.scheduler.domain.simulation.plan import Simulation
from tests.scheduler.builders import MONDAY, book, fact

LATER = {"delay": {"days": 1}, "deadline": {"working_days": 5}, "merge": False}
DAY = timedelta(days=1)


def erasure(after: timedelta, customer: str = "C1") -> Fact:
    at = MONDAY + after
    data = {"customer_id": customer, "asked_at": at.isoformat(), "asked_by": "zhao.min"}
    return fact("customer.erased", data, id=f"{customer}/erased", customer="", time=at)


def ends(simulation: Simulation) -> list[tuple[str, str, str]]:
    return sorted((task.customer_id, task.state, task.reason) for task in simulation.tasks.values())


def test_what_is_planned_is_not_released_and_what_is_out_is_taken_back() -> None:
    simulation = Simulation(book(LATER))
    for number, customer in enumerate(("C1", "C2")):
        simulation.happen(fact(id=f"e{number}", customer=customer))
    simulation.advance(MONDAY + 2 * DAY)
    simulation.happen(fact(id="e3", time=MONDAY + 2 * DAY))
    simulation.happen(erasure(2 * DAY + timedelta(hours=1)))
    assert ("C1", "cancelled", "do_not_contact") in ends(simulation), "at once"
    simulation.finish()
    gone = ("C1", "cancelled", "do_not_contact")
    assert ends(simulation) == [gone, gone, ("C2", "released", "")]


def test_what_a_sender_tells_later_plans_no_contact() -> None:
    simulation = Simulation(book(LATER))
    simulation.happen(erasure(DAY))
    simulation.happen(fact(id="e1", time=MONDAY + 3 * DAY, do_not_contact=False))
    simulation.happen(fact(id="e2", customer="C2", time=MONDAY + 3 * DAY))
    simulation.finish()
    assert [one for one in ends(simulation) if one[1] == "released"] == [("C2", "released", "")]
